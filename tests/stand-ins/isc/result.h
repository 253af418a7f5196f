/* BIND's result codes, as far as the genuine headers need them. */
#ifndef STAND_IN_ISC_RESULT_H
#define STAND_IN_ISC_RESULT_H

#include <isc/lang.h>
#include <isc/types.h>

#define ISC_R_SUCCESS 0
#define ISC_R_NOMEMORY 1
#define ISC_R_TIMEDOUT 2
#define ISC_R_NOTHREADS 3
#define ISC_R_ADDRNOTAVAIL 4
#define ISC_R_ADDRINUSE 5
#define ISC_R_NOPERM 6
#define ISC_R_NOCONN 7
#define ISC_R_NETUNREACH 8
#define ISC_R_HOSTUNREACH 9
#define ISC_R_NETDOWN 10
#define ISC_R_HOSTDOWN 11
#define ISC_R_CONNREFUSED 12
#define ISC_R_NORESOURCES 13
#define ISC_R_EOF 14
#define ISC_R_BOUND 15
#define ISC_R_RELOAD 16
#define ISC_R_SUSPEND 16
#define ISC_R_LOCKBUSY 17
#define ISC_R_EXISTS 18
#define ISC_R_NOSPACE 19
#define ISC_R_CANCELED 20
#define ISC_R_NOTBOUND 21
#define ISC_R_SHUTTINGDOWN 22
#define ISC_R_NOTFOUND 23
#define ISC_R_UNEXPECTEDEND 24
#define ISC_R_FAILURE 25
#define ISC_R_IOERROR 26
#define ISC_R_NOTIMPLEMENTED 27
#define ISC_R_UNBALANCED 28
#define ISC_R_NOMORE 29
#define ISC_R_INVALIDFILE 30
#define ISC_R_BADBASE64 31
#define ISC_R_UNEXPECTEDTOKEN 32
#define ISC_R_QUOTA 33
#define ISC_R_UNEXPECTED 34
#define ISC_R_ALREADYRUNNING 35
#define ISC_R_IGNORE 36
#define ISC_R_MASKNONCONTIG 37
#define ISC_R_FILENOTFOUND 38
#define ISC_R_FILEEXISTS 39
#define ISC_R_NOTCONNECTED 40
#define ISC_R_RANGE 41
#define ISC_R_NOENTROPY 42
#define ISC_R_MULTICAST 43
#define ISC_R_NOTFILE 44
#define ISC_R_NOTDIRECTORY 45
#define ISC_R_QUEUEFULL 46
#define ISC_R_FAMILYMISMATCH 47
#define ISC_R_FAMILYNOSUPPORT 48
#define ISC_R_BADHEX 49
#define ISC_R_TOOMANYOPENFILES 50
#define ISC_R_NOTBLOCKING 51
#define ISC_R_UNBALANCEDQUOTES 52
#define ISC_R_INPROGRESS 53
#define ISC_R_CONNECTIONRESET 54
#define ISC_R_SOFTQUOTA 55
#define ISC_R_BADNUMBER 56
#define ISC_R_DISABLED 57
#define ISC_R_MAXSIZE 58
#define ISC_R_BADADDRESSFORM 59
#define ISC_R_BADBASE32 60
#define ISC_R_UNSET 61
#define ISC_R_MULTIPLE 62
#define ISC_R_WOULDBLOCK 63
#define ISC_R_COMPLETE 64
#define ISC_R_CRYPTOFAILURE 65
#define ISC_R_DISCQUOTA 66
#define ISC_R_DISCFULL 67
#define ISC_R_DEFAULT 68
#define ISC_R_IPV4PREFIX 69
#define ISC_R_NRESULTS 70

ISC_LANG_BEGINDECLS

const char *isc_result_totext(isc_result_t);
const char *isc_result_toid(isc_result_t);
isc_result_t isc_result_register(unsigned int, unsigned int, const char **, isc_msgcat_t *, int);

ISC_LANG_ENDDECLS

#endif
