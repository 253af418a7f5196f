/* BIND's marks around declarations with C linkage. */
#ifndef STAND_IN_ISC_LANG_H
#define STAND_IN_ISC_LANG_H

#ifdef __cplusplus
#define ISC_LANG_BEGINDECLS extern "C" {
#define ISC_LANG_ENDDECLS }
#else
#define ISC_LANG_BEGINDECLS
#define ISC_LANG_ENDDECLS
#endif

#endif
