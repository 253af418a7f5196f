/* servers: testd dhcpd kea; under: valgrind tsan tsan-kea asan asan-kea */
/* Threads that share more than a server: one object, one callback, connections
 * that others close, references, handles. */

#include "peer.h"

#include <pthread.h>

#define THREADS 4

static dhcpctl_handle connection;
static dhcpctl_handle shared;
static int wrong[THREADS];

static void run(void *(*work)(void *), const char *what)
{
    pthread_t threads[THREADS];
    int sum = 0;
    int i;

    memset(wrong, 0, sizeof wrong);
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, &wrong[i]))
            tap_bail("cannot start a thread");
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += wrong[i];
    }
    is(sum, 0, what);
}

/* Everything that can be done to one object, at the same time. */
static void *everything(void *argument)
{
    int *bad = (int *) argument;
    unsigned char address[4] = {10, 0, 0, 10};
    dhcpctl_data_string value;
    dhcpctl_status status;
    int i;

    for (i = 0; i < 300; i++) {
        value = NULL;
        if (dhcpctl_set_data_value(shared, (const char *) address, 4, "ip-address"))
            ++*bad;
        if (dhcpctl_get_value(&value, shared, "ip-address") || value->len != 4 ||
            memcmp(value->value, address, 4) != 0)
            ++*bad;
        if (value)
            dhcpctl_data_string_dereference(&value, MDL);
        if (i % 3 == 0) {
            if (dhcpctl_set_int_value(shared, i, "number") ||
                dhcpctl_set_null_value(shared, "number"))
                ++*bad;
            continue; /* what is sent must be a lease's */
        }
        if (dhcpctl_object_refresh(connection, shared))
            ++*bad;
        /* Another thread's wait may have had the answer. */
        status = finish(shared);
        if (status != 0 && status != ISC_R_NOMORE)
            ++*bad;
    }
    return NULL;
}

static void one_object(void)
{
    dhcpctl_status status;
    int i = 0;

    shared = new_lease(connection, "10.0.0.10");
    is(open_now(shared, connection, 0), 0, "open");
    run(everything, "one object, four threads");
    while ((status = finish(shared)) == 0 && i++ < 10000)
        ;
    is(status, ISC_R_NOMORE, "in the end nothing is outstanding");
    is(dhcpctl_object_refresh(connection, shared), 0, "refresh");
    is(finish(shared), 0, "it is as good as before");
    ok(number_is(shared, "state", 2), "with its values");
    drop(&shared);
}

/* As many waits as requests: none gets lost between the threads. */
static void *one_each(void *argument)
{
    int i;

    for (i = 0; i < 200; i++)
        if (finish(shared) != 0)
            ++*(int *) argument;
    return NULL;
}

static void waits_are_shared_out(void)
{
    int bad = 0;
    int i;

    shared = new_lease(connection, "10.0.0.10");
    is(open_now(shared, connection, 0), 0, "open");
    for (i = 0; i < THREADS * 200; i++)
        bad += dhcpctl_object_refresh(connection, shared) != 0;
    is(bad, 0, "eight hundred requests on one object");
    run(one_each, "and two hundred waits in each of four threads");
    is(finish(shared), ISC_R_NOMORE, "and not one more");
    drop(&shared);
}

/* Callbacks are set and run by all. */
static int calls;

static void count(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    (void) object;
    if (status == 0)
        __atomic_add_fetch((int *) data, 1, __ATOMIC_RELAXED);
}

static void *with_callbacks(void *argument)
{
    int *bad = (int *) argument;
    dhcpctl_handle lease;
    int i;

    for (i = 0; i < 300; i++) {
        if (dhcpctl_set_callback(shared, &calls, count))
            ++*bad;
        lease = new_lease(connection, "10.0.0.11");
        if (dhcpctl_set_callback(lease, &calls, count) || open_now(lease, connection, 0))
            ++*bad;
        drop(&lease);
    }
    return NULL;
}

static void callbacks(void)
{
    struct timeval soon;
    int i;

    shared = new_lease(connection, "10.0.0.10");
    run(with_callbacks, "callbacks in four threads");
    for (i = 0; i < 50 && __atomic_load_n(&calls, __ATOMIC_RELAXED) < THREADS * 300; i++) {
        soon = in_seconds(0);
        omapi_one_dispatch(NULL, &soon);
        usleep(10000);
    }
    is(calls, THREADS * 300, "each was called once");
    is(open_now(shared, connection, 0), 0, "the object that four threads gave one");
    is(calls, THREADS * 300 + 1, "has one");
    drop(&shared);
}

/* Connections come and go. */
static void *storm(void *argument)
{
    int *bad = (int *) argument;
    dhcpctl_handle mine;
    dhcpctl_handle lease;
    int i;

    for (i = 0; i < 150; i++) {
        mine = server_connect();
        lease = new_lease(mine, "10.0.0.10");
        if (i % 3 && open_now(lease, mine, 0))
            ++*bad;
        if (i % 3 == 2 && dhcpctl_object_refresh(mine, lease))
            ++*bad;
        if (dhcpctl_disconnect(&mine, i % 2))
            ++*bad;
        drop(&lease);
    }
    return NULL;
}

/* All use one connection, and one of them closes it: the others get errors. */
static dhcpctl_handle doomed;

static void *until_closed(void *argument)
{
    int *bad = (int *) argument;
    dhcpctl_handle mine = NULL;
    dhcpctl_handle lease = new_lease(doomed, "10.0.0.10");
    dhcpctl_status status;
    int i;

    omapi_object_reference(&mine, doomed, MDL);
    for (i = 0; i < 100000; i++) {
        if (argument == &wrong[0] && i == 40) {
            status = dhcpctl_disconnect(&mine, 1);
            if (status)
                ++*bad;
            break;
        }
        /* A connection object may be asked for things while it goes. */
        omapi_connection_readfd(mine);
        has_no(mine, "nothing");
        status = i ? dhcpctl_object_refresh(mine, lease) : dhcpctl_open_object(lease, mine, 0);
        if (status == 0)
            status = finish(lease);
        if (status) {
            if (status != DHCP_R_CONNRESET && status != DHCP_R_INVALIDARG)
                ++*bad;
            break;
        }
    }
    if (argument != &wrong[0]) {
        status = dhcpctl_disconnect(&mine, 1);
        if (status != DHCP_R_INVALIDARG && status != 0)
            ++*bad;
    }
    drop(&mine);
    drop(&lease);
    return NULL;
}

static void closed_by_one(void)
{
    int i;

    for (i = 0; i < 30; i++) {
        doomed = server_connect();
        run(until_closed, "a connection that one of four threads closes");
        drop(&doomed);
    }
}

/* Handles of objects: made, looked up, cleared. */
static void *handles(void *argument)
{
    int *bad = (int *) argument;
    omapi_handle_t handle;
    omapi_object_t *found;
    int i;

    for (i = 0; i < 2000; i++) {
        found = NULL;
        if (omapi_object_handle(&handle, shared) || handle == 0)
            ++*bad;
        if (omapi_handle_lookup(&found, handle) == 0 && found != shared)
            ++*bad;
        drop(&found);
    }
    return NULL;
}

static void one_handle(void)
{
    shared = new_object(NULL, "host");
    run(handles, "one object's handle from four threads");
    is(shared->refcnt, 3, "references: ours, its inner object's, the table's");
    drop(&shared);
}

/* One thread serves everything; the others only ask. */
static int stop;

static void *serves(void *argument)
{
    struct timeval soon;

    (void) argument;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        soon = in_seconds(1);
        omapi_one_dispatch(NULL, &soon);
    }
    return NULL;
}

static void *only_asks(void *argument)
{
    dhcpctl_handle leases[50];
    int before;
    int i;

    (void) argument;
    for (i = 0; i < 50; i++) {
        leases[i] = new_lease(connection, "10.0.0.10");
        dhcpctl_set_callback(leases[i], &calls, count);
        dhcpctl_open_object(leases[i], connection, 0);
    }
    for (before = 0; before < 500 && __atomic_load_n(&calls, __ATOMIC_RELAXED) < THREADS * 50;
         before++)
        usleep(10000);
    for (i = 0; i < 50; i++)
        drop(&leases[i]);
    return NULL;
}

static void one_serves(void)
{
    pthread_t server;

    calls = 0;
    if (pthread_create(&server, NULL, serves, NULL))
        tap_bail("cannot start a thread");
    usleep(50000);
    run(only_asks, "threads that only ask, and never wait");
    is(calls, THREADS * 50, "have their callbacks run by the one that dispatches");
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(server, NULL);
}

int main(void)
{
    tap_begin(150);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    one_object();
    waits_are_shared_out();
    callbacks();
    run(storm, "connections come and go in four threads");
    closed_by_one();
    one_handle();
    one_serves();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
