/* <isc/result.h>: Result codes and their texts, of BIND. */
#ifndef DHCPCTL_ISC_RESULT_H
#define DHCPCTL_ISC_RESULT_H
#include "../dhcpctl.h"
#endif
