/* BIND 9.11 and later have C's own truth values under their old names. */
#ifndef STAND_IN_ISC_BOOLEAN_H
#define STAND_IN_ISC_BOOLEAN_H

#include <stdbool.h>

#define isc_boolean_t bool
#define isc_boolean_true true
#define isc_boolean_false false
#define ISC_TRUE isc_boolean_true
#define ISC_FALSE isc_boolean_false

#endif
