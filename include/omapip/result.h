/* <omapip/result.h>: Result codes. */
#ifndef DHCPCTL_OMAPIP_RESULT_H
#define DHCPCTL_OMAPIP_RESULT_H
#include "../dhcpctl.h"
#endif
