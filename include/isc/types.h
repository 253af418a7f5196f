/* <isc/types.h>: isc_result_t and isc_boolean_t, of BIND. */
#ifndef DHCPCTL_ISC_TYPES_H
#define DHCPCTL_ISC_TYPES_H
#include "../dhcpctl.h"
#endif
