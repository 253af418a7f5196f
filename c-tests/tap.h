/*
 * A test helper as small as it can be: every check prints one TAP line.
 *
 * Everything is in this header, so that a test program is one file and one
 * compiler call. Valid C11 and C++17.
 */
#ifndef TAP_H
#define TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr() */
#endif

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

#ifndef MDL
#define MDL __FILE__, __LINE__
#endif

#ifdef __cplusplus
#define TAP_C extern "C"
#else
#define TAP_C extern
#endif

/* An entry point that the original has and this library leaves out. The
 * original's start-up code refers to it, so where it is linked it is there.
 * (Under another name, as a header may declare it.) */
TAP_C const char tap_original[] __asm__("omapi_listener_destroy") __attribute__((weak));

static int tap_count;
static int tap_failed;

/* One check. The line is written at once: a crash loses nothing. */
static inline int tap_ok(int passed, const char *file, int line, const char *format, ...)
{
    va_list args;

    tap_count++;
    if (!passed)
        tap_failed++;
    printf("%sok %d - ", passed ? "" : "not ", tap_count);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (!passed)
        printf("#   at %s:%d\n", file, line);
    fflush(stdout);
    return passed;
}

static inline int tap_is(unsigned long got, unsigned long want, const char *file, int line,
                         const char *what)
{
    int passed = tap_ok(got == want, file, line, "%s", what);

    if (!passed) {
        printf("#   got %lu (%s), expected %lu (%s)\n", got,
               isc_result_totext((isc_result_t) got), want,
               isc_result_totext((isc_result_t) want));
        fflush(stdout);
    }
    return passed;
}

/* ok(condition, "name with %d", ...); is(got, wanted, "name") for numbers. */
#define ok(condition, ...) tap_ok(!!(condition), __FILE__, __LINE__, __VA_ARGS__)
#define is(got, want, what) \
    tap_is((unsigned long) (got), (unsigned long) (want), __FILE__, __LINE__, what)

/* A check that cannot be made here; the reason is for the reader. */
static inline void skip(const char *what, const char *reason)
{
    tap_count++;
    printf("ok %d - %s # SKIP %s\n", tap_count, what, reason);
    fflush(stdout);
}

static inline void tap_bail(const char *why)
{
    printf("Bail out! %s\n", why);
    fflush(stdout);
    exit(99);
}

static void tap_hung(int signal_number)
{
    static const char text[] = "Bail out! hung: the alarm went off\n";

    (void) signal_number;
    if (write(1, text, sizeof text - 1) < 0)
        _exit(97);
    _exit(98);
}

/* Which library is this? A test that runs on the original by mistake (it may
 * lie in /usr/lib under the same name) proves nothing. DHCPCTL_LIBRARY is the
 * shared library the runner made, or unset when linked statically. */
static inline void tap_identity(void)
{
    const char *wanted = getenv("DHCPCTL_LIBRARY");
    Dl_info info;
    char *a;
    char *b;

    ok(tap_original == NULL, "this is not the original library");
    if (!wanted || !*wanted)
        return;
    memset(&info, 0, sizeof info);
    if (!dladdr((void *) dhcpctl_initialize, &info) || !info.dli_fname)
        info.dli_fname = "?";
    a = realpath(info.dli_fname, NULL);
    b = realpath(wanted, NULL);
    ok(a && b && strcmp(a, b) == 0, "library is %s", info.dli_fname);
    free(a);
    free(b);
}

/* Seconds bound the whole program; they only have to tell a hang from work.
 * TAP_SLOW is set where something watches every instruction. */
static inline void tap_begin(unsigned seconds)
{
    signal(SIGALRM, tap_hung);
    alarm(getenv("TAP_SLOW") ? 4 * seconds : seconds);
    tap_identity();
}

/* The plan, and the exit status of the program. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
    fflush(stdout);
    return tap_failed != 0;
}

#endif
