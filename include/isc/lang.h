/* <isc/lang.h>: ISC_LANG_BEGINDECLS and ISC_LANG_ENDDECLS, of BIND. */
#ifndef DHCPCTL_ISC_LANG_H
#define DHCPCTL_ISC_LANG_H
#include "../dhcpctl.h"
#endif
