/* <dhcp/dhcpctl.h>: The same by another name. */
#ifndef DHCPCTL_DHCP_DHCPCTL_H
#define DHCPCTL_DHCP_DHCPCTL_H
#include "../dhcpctl.h"
#endif
