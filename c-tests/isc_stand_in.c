/* test: tests/install/names.rs */
/* Stands for BIND's libisc.a, which Debian does not package: the functions that
 * we have too, in one object with one that we have not. */

#include <stdio.h>

typedef unsigned isc_result_t;

unsigned isc_stand_in_version(void);
const char *isc_result_totext(isc_result_t result);
const char *isc_result_toid(isc_result_t result);
isc_result_t isc_result_register(unsigned base, unsigned count, const char **text, void *msgcat,
                                 int set);

unsigned isc_stand_in_version(void)
{
    return 911;
}

const char *isc_result_totext(isc_result_t result)
{
    static char text[40];

    snprintf(text, sizeof text, "BIND's text %u", result);
    return text;
}

const char *isc_result_toid(isc_result_t result)
{
    static char name[40];

    snprintf(name, sizeof name, "BIND's name %u", result);
    return name;
}

isc_result_t isc_result_register(unsigned base, unsigned count, const char **text, void *msgcat,
                                 int set)
{
    (void) base;
    (void) count;
    (void) text;
    (void) msgcat;
    (void) set;
    return 4711;
}
