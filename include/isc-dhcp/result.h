/* <isc-dhcp/result.h>: The same by another name. */
#ifndef DHCPCTL_ISC_DHCP_RESULT_H
#define DHCPCTL_ISC_DHCP_RESULT_H
#include "../dhcpctl.h"
#endif
