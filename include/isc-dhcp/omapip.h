/* <isc-dhcp/omapip.h>: The same by another name. */
#ifndef DHCPCTL_ISC_DHCP_OMAPIP_H
#define DHCPCTL_ISC_DHCP_OMAPIP_H
#include "../dhcpctl.h"
#endif
