/* <omapip/omapip.h>: Objects, values and waiting. */
#ifndef DHCPCTL_OMAPIP_OMAPIP_H
#define DHCPCTL_OMAPIP_OMAPIP_H
#include "../dhcpctl.h"
#endif
