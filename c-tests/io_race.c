/* servers: testd; under: tsan asan */
/* Threads that use an object while others register its descriptor: what is
 * around the object comes and goes, and is freed, during their calls. */

#include "widget.h"

#include <pthread.h>

#define USERS 3

/* Registrations. Sanitizers see a race without bad luck, but are slow. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ROUNDS 20000
#endif
#endif
#ifndef ROUNDS
#define ROUNDS 200000
#endif

static omapi_object_t *object;
static int ends[2];
static int over;
static long used;
static pthread_barrier_t start;

static int read_from(omapi_object_t *h)
{
    (void) h;
    return ends[0];
}

static isc_result_t reader(omapi_object_t *h)
{
    (void) h;
    return ISC_R_SUCCESS;
}

static isc_result_t reaper(omapi_object_t *h)
{
    (void) h;
    return ISC_R_SHUTTINGDOWN;
}

static omapi_object_t *reference(void)
{
    omapi_object_t *h = NULL;

    omapi_object_reference(&h, object, MDL);
    return h;
}

/* Everything that begins at the outermost object. Returns how often it went
 * wrong. */
static void *use(void *argument)
{
    omapi_object_t *h = reference();
    long kind = *(long *) argument;
    long wrong = 0;
    long i;

    pthread_barrier_wait(&start);
    for (i = 0; !__atomic_load_n(&over, __ATOMIC_RELAXED); i++) {
        omapi_value_t *value = NULL;

        if (kind != 1 && omapi_set_int_value(h, NULL, "size", (int) i))
            wrong++;
        if (omapi_get_value_str(h, NULL, "size", &value) || !value)
            wrong++;
        else
            omapi_value_dereference(&value, MDL);
        /* Nobody has a use for it. */
        if (kind != 0 && omapi_signal(h, "measured", (int) i) != ISC_R_NOTFOUND)
            wrong++;
        /* Outside of a message, there is nowhere to write to. */
        if (kind == 2 && omapi_stuff_values(NULL, NULL, h) != DHCP_R_INVALIDARG)
            wrong++;
    }
    drop(&h);
    __atomic_add_fetch(&used, i, __ATOMIC_RELAXED);
    *(long *) argument = wrong;
    return NULL;
}

/* The program ends the registration itself, ... */
static void *unregister(void *argument)
{
    omapi_object_t *h = reference();
    long wrong = 0;
    int i;

    pthread_barrier_wait(&start);
    for (i = 0; i < ROUNDS; i++)
        if (omapi_register_io_object(h, read_from, NULL, reader, NULL, NULL) ||
            omapi_unregister_io_object(h))
            wrong++;
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    drop(&h);
    *(long *) argument = wrong;
    return NULL;
}

/* ... or the library does, in a dispatch, because its reaper says so. */
static void *reap(void *argument)
{
    omapi_object_t *h = reference();
    long wrong = 0;
    int i;

    pthread_barrier_wait(&start);
    for (i = 0; i < ROUNDS / 4; i++) {
        struct timeval now = in_seconds(0);

        if (omapi_register_io_object(h, read_from, NULL, reader, NULL, reaper) ||
            omapi_dispatch(&now) != ISC_R_TIMEDOUT)
            wrong++;
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    drop(&h);
    *(long *) argument = wrong;
    return NULL;
}

static void race(void *(*registrar)(void *), const char *what)
{
    pthread_t threads[USERS + 1];
    long results[USERS + 1];
    long sum = 0;
    int i;

    object = NULL;
    if (omapi_generic_new(&object, MDL) || !object)
        tap_bail("no object");
    omapi_set_int_value(object, NULL, "size", 0);
    over = 0;
    used = 0;
    pthread_barrier_init(&start, NULL, USERS + 1);
    for (i = 0; i <= USERS; i++) {
        results[i] = i;
        if (pthread_create(&threads[i], NULL, i < USERS ? use : registrar, &results[i]))
            tap_bail("cannot start a thread");
    }
    for (i = 0; i <= USERS; i++) {
        pthread_join(threads[i], NULL);
        sum += results[i];
    }
    is(sum, 0, what);
    pthread_barrier_destroy(&start);
    ok(used > 0, "the object was used meanwhile");
    ok(!object->outer, "nothing is around the object");
    is(object->refcnt, 1, "and nobody else holds it");
    drop(&object);
}

int main(void)
{
    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");
    if (pipe(ends))
        tap_bail("no pipe");
    race(unregister, "calls while the program registers and unregisters");
    race(reap, "calls while the library unregisters what is reaped");
    return tap_end();
}
