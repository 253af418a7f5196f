/* BIND's TSIG key, of which the genuine headers have pointers. */
#ifndef STAND_IN_DNS_TSEC_H
#define STAND_IN_DNS_TSEC_H

typedef struct dns_tsec dns_tsec_t;

#endif
