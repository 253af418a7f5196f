/* <dhcpctl/dhcpctl.h>: The client's functions. */
#ifndef DHCPCTL_DHCPCTL_DHCPCTL_H
#define DHCPCTL_DHCPCTL_DHCPCTL_H
#include "../dhcpctl.h"
#endif
