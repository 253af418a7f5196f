/* <isc/boolean.h>: isc_boolean_t, of BIND. */
#ifndef DHCPCTL_ISC_BOOLEAN_H
#define DHCPCTL_ISC_BOOLEAN_H
#include "../dhcpctl.h"
#endif
