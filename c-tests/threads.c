/* servers: testd dhcpd kea; under: valgrind tsan tsan-kea asan asan-kea */
/* Threads: with a connection each, and all on one connection. */

#include "client.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  200

struct worker {
    pthread_t thread;
    dhcpctl_handle shared; /* NULL: make a connection of its own */
    int number;
    int wrong;
};

/* No tap functions in here: their counters are not for several threads. */
static void one_lookup(struct worker *worker, dhcpctl_handle connection, int round)
{
    unsigned char want[4] = {10, 0, 0, 10};
    int known = (round + worker->number) % 3 != 0;
    dhcpctl_handle lease = NULL;
    dhcpctl_data_string value = NULL;
    dhcpctl_status answer = 99;
    struct timeval limit = {20, 0};

    if (known)
        want[3] = (unsigned char) (10 + (round + worker->number) % 31);
    else
        want[0] = 192; /* in no range */
    if (dhcpctl_new_object(&lease, connection, "lease") ||
        dhcpctl_set_data_value(lease, (const char *) want, 4, "ip-address") ||
        dhcpctl_open_object(lease, connection, 0) ||
        dhcpctl_timed_wait_for_completion(lease, &answer, &limit) ||
        answer != (known ? ISC_R_SUCCESS : ISC_R_NOTFOUND)) {
        worker->wrong++;
    } else if (known) {
        if (dhcpctl_get_value(&value, lease, "ip-address") || value->len != 4 ||
            memcmp(value->value, want, 4) != 0)
            worker->wrong++;
    }
    if (value)
        dhcpctl_data_string_dereference(&value, MDL);
    drop(&lease);
}

static void *work(void *argument)
{
    struct worker *worker = (struct worker *) argument;
    dhcpctl_handle connection = worker->shared;
    int i;

    if (!connection)
        connection = server_connect();
    for (i = 0; i < ROUNDS; i++)
        one_lookup(worker, connection, i);
    if (!worker->shared && dhcpctl_disconnect(&connection, 1))
        worker->wrong++;
    return NULL;
}

static void all_at_once(dhcpctl_handle shared, const char *what)
{
    static struct worker workers[THREADS];
    int wrong = 0;
    int i;

    memset(workers, 0, sizeof workers);
    for (i = 0; i < THREADS; i++) {
        workers[i].shared = shared;
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            tap_bail("cannot start a thread");
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        wrong += workers[i].wrong;
    }
    is(wrong, 0, what);
}

/* Objects that no server sees, made and given back by all at once. */
static void *churn(void *argument)
{
    int *wrong = (int *) argument;
    dhcpctl_handle object;
    int i;

    for (i = 0; i < 2000; i++) {
        object = NULL;
        if (dhcpctl_new_object(&object, NULL, "host") ||
            dhcpctl_set_string_value(object, "x", "name") ||
            dhcpctl_set_int_value(object, i, "number"))
            ++*wrong;
        drop(&object);
    }
    return NULL;
}

static void objects(void)
{
    pthread_t threads[THREADS];
    int wrong[THREADS] = {0};
    int sum = 0;
    int i;

    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, churn, &wrong[i]))
            tap_bail("cannot start a thread");
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += wrong[i];
    }
    is(sum, 0, "objects of several threads");
}

/* References to one object, taken and given back by all at once. */
static dhcpctl_handle common;

static void *refer(void *argument)
{
    dhcpctl_handle mine;
    int i;

    (void) argument;
    for (i = 0; i < 20000; i++) {
        mine = NULL;
        omapi_object_reference(&mine, common, MDL);
        omapi_object_dereference(&mine, MDL);
    }
    return NULL;
}

static void references(void)
{
    pthread_t threads[THREADS];
    int before;
    int i;

    common = new_object(NULL, "lease");
    before = common->refcnt;
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, refer, NULL))
            tap_bail("cannot start a thread");
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    is(common->refcnt, before, "no reference is lost or won");
    drop(&common);
}

int main(void)
{
    dhcpctl_handle connection;

    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");
    objects();
    references();
    all_at_once(NULL, "a connection for each thread");
    connection = server_connect();
    all_at_once(connection, "one connection for all threads");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
