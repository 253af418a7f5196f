/* BIND's types in the declarations of the genuine headers. */
#ifndef STAND_IN_ISC_TYPES_H
#define STAND_IN_ISC_TYPES_H

#include <isc/boolean.h>

typedef unsigned int isc_result_t;
typedef unsigned int isc_resultclass_t;
typedef struct isc_msgcat isc_msgcat_t;
typedef struct isc_socket isc_socket_t;

#endif
