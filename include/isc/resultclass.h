/* <isc/resultclass.h>: Result classes, of BIND. */
#ifndef DHCPCTL_ISC_RESULTCLASS_H
#define DHCPCTL_ISC_RESULTCLASS_H
#include "../dhcpctl.h"
#endif
