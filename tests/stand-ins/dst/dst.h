/* BIND's key for signatures, of which the genuine headers have pointers. */
#ifndef STAND_IN_DST_DST_H
#define STAND_IN_DST_DST_H

typedef struct dst_key dst_key_t;

#endif
