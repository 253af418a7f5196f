/* <omapip/alloc.h>: dmalloc and dfree. There is no memory debugging. */
#ifndef DHCPCTL_OMAPIP_ALLOC_H
#define DHCPCTL_OMAPIP_ALLOC_H
#include "../dhcpctl.h"
#endif
