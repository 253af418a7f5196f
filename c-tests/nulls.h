/*
 * For the program that tests/c_driven/nulls.rs makes of the prototypes: a
 * valid value for each type of argument. Each is fresh, so that a call may
 * consume it; most are never freed, because each call has its own process.
 */
#ifndef NULLS_H
#define NULLS_H

#include "client.h"

#include <omapip/omapip_p.h>
#include <sys/wait.h>

static inline const char *text(void) { return "127.0.0.1"; }

static inline const char **texts(void)
{
    static const char *three[3] = {"a", "b", "c"};

    return three;
}

static inline void *zeroes(void) { return calloc(1, 512); }

/* A slot with something in it. */
static inline void *full(void *p)
{
    void **slot = (void **) zeroes();

    *slot = p;
    return slot;
}

static inline struct timeval *no_time(void) { return (struct timeval *) zeroes(); }

static inline omapi_object_t *object(void)
{
    omapi_object_t *o = NULL;

    dhcpctl_new_object(&o, NULL, "lease");
    dhcpctl_set_string_value(o, "v", "127.0.0.1");
    return o;
}

static inline omapi_generic_object_t *generic(void)
{
    omapi_object_t *o = NULL;

    omapi_generic_new(&o, MDL);
    return (omapi_generic_object_t *) o;
}

static inline omapi_message_object_t *message(void)
{
    omapi_object_t *o = NULL;

    omapi_message_new(&o, MDL);
    return (omapi_message_object_t *) o;
}

static inline omapi_auth_key_t *key(void)
{
    omapi_object_t *o = NULL;

    dhcpctl_new_authenticator(&o, "k", "hmac-md5", (const unsigned char *) "1234", 4);
    return (omapi_auth_key_t *) o;
}

static inline omapi_data_string_t *bytes(void)
{
    omapi_data_string_t *s = NULL;

    omapi_data_string_new(&s, 4, MDL);
    return s;
}

static inline omapi_typed_data_t *typed(void)
{
    omapi_typed_data_t *t = NULL;

    omapi_typed_data_new(MDL, &t, omapi_datatype_int, 1);
    return t;
}

static inline omapi_value_t *value(void)
{
    omapi_value_t *v = NULL;

    omapi_make_int_value(&v, bytes(), 1, MDL);
    return v;
}

static inline omapi_addr_list_t *addresses(void)
{
    omapi_addr_list_t *l = NULL;

    omapi_addr_list_new(&l, 1, MDL);
    return l;
}

static inline isc_result_t no_reference(char **to, char *from, const char *file, int line)
{
    (void) file;
    (void) line;
    *to = from;
    return ISC_R_SUCCESS;
}

static inline isc_result_t no_dereference(char **entry, const char *file, int line)
{
    (void) file;
    (void) line;
    *entry = NULL;
    return ISC_R_SUCCESS;
}

static inline omapi_array_t *array(void)
{
    omapi_array_t *a = NULL;

    omapi_array_allocate(&a, no_reference, no_dereference, MDL);
    omapi_array_extend(a, (char *) zeroes(), NULL, MDL);
    return a;
}

/* Handlers get their arguments as a va_list. */
static inline isc_result_t handle(isc_result_t (*f)(omapi_object_t *, const char *, va_list),
                           omapi_object_t *o, const char *name, ...)
{
    isc_result_t result;
    va_list ap;

    va_start(ap, name);
    result = f(o, name, ap);
    va_end(ap);
    return result;
}

static inline void try(void (*call)(void), const char *what)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child < 0)
        tap_bail("cannot fork");
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(10);
        call();
        _exit(0);
    }
    waitpid(child, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", what);
    if (WIFSIGNALED(status))
        printf("#   signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
}

#endif
