/* servers: testd dhcpd kea; under: valgrind tsan asan */
/* Threads that are cancelled while they wait, that look things up while they
 * end, and that end with everything left as it is. */

#include "peer.h"

#include <errno.h>
#include <pthread.h>

static dhcpctl_handle connection;

static void late(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request)) {
        usleep(400000);
        peer_answer(fd, &request);
    }
}

struct waiter {
    dhcpctl_handle connection;
    dhcpctl_handle object;
    volatile dhcpctl_status status;
    volatile int returned;
};

static void *waits(void *argument)
{
    struct waiter *w = (struct waiter *) argument;

    if (dhcpctl_open_object(w->object, w->connection, 0))
        return NULL;
    w->status = finish(w->object);
    w->returned = 1;
    pthread_testcancel();
    w->returned = 2;
    return NULL;
}

/* A deferred cancellation (every thread's, unless it asks for another) takes
 * effect after the call: what the wait was for is not lost. */
static void cancelled_while_waiting(void)
{
    struct peer peer;
    struct waiter w;
    pthread_t thread;
    void *result = NULL;

    memset(&w, 0, sizeof w);
    w.status = 99;
    peer_start(&peer, late);
    w.connection = peer_connect(&peer);
    w.object = new_lease(w.connection, "10.0.0.10");
    if (pthread_create(&thread, NULL, waits, &w))
        tap_bail("cannot start a thread");
    usleep(100000);
    is(pthread_cancel(thread), 0, "a thread is cancelled while it waits");
    is(pthread_join(thread, &result), 0, "joined");
    ok(result == PTHREAD_CANCELED, "it was cancelled");
    is(w.returned, 1, "behind the wait");
    is(w.status, 0, "which had its answer");
    is(dhcpctl_object_refresh(w.connection, w.object), 0, "others go on");
    is(finish(w.object), 0, "with the same connection");
    drop(&w.object);
    is(dhcpctl_disconnect(&w.connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

/* Looking up a name, and callbacks, have cancellation points inside. */
static void writes_something(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    (void) object;
    (void) status;
    usleep(1000);
    pthread_testcancel();
    ++*(int *) data;
}

static volatile int steps;
static int calls;

static void *already_cancelled(void *argument)
{
    dhcpctl_handle mine = NULL;
    dhcpctl_handle lease;

    (void) argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_cancel(pthread_self());
    lease = new_lease(connection, "10.0.0.10");
    dhcpctl_set_callback(lease, &calls, writes_something);
    dhcpctl_open_object(lease, connection, 0);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);

    if (dhcpctl_connect(&mine, "localhost", server_port(), NULL) == 0)
        steps |= 1;
    if (finish(lease) == 0)
        steps |= 2;
    if (!mine || dhcpctl_disconnect(&mine, 1) == 0)
        steps |= 4;
    drop(&lease);
    steps |= 8;
    pthread_testcancel();
    steps |= 16;
    return NULL;
}

static void cancelled_before(int keyed)
{
    pthread_t thread;
    void *result = NULL;

    if (pthread_create(&thread, NULL, already_cancelled, NULL) || pthread_join(thread, &result))
        tap_bail("cannot run a thread");
    ok(result == PTHREAD_CANCELED, "a cancelled thread ends");
    is(steps | (keyed ? 1 : 0), 15, "but not inside the library, nor in a callback that it runs");
    is(calls, 1, "which ran to its end");
}

/* A program's last words in a thread may be a look-up. */
static pthread_key_t key;
static dhcpctl_status last_words = 99;

static void at_thread_end(void *value)
{
    dhcpctl_handle lease = new_lease((dhcpctl_handle) value, "10.0.0.12");

    last_words = open_now(lease, (dhcpctl_handle) value, 0);
    if (last_words == 0 && !text_is(lease, "client-hostname", "h12"))
        last_words = 98;
    drop(&lease);
}

static void *ends(void *argument)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    pthread_setspecific(key, argument);
    open_now(lease, connection, 0);
    drop(&lease);
    return NULL;
}

static void a_look_up_at_the_end(void)
{
    dhcpctl_handle other = server_connect();
    pthread_t thread;

    pthread_key_create(&key, at_thread_end);
    if (pthread_create(&thread, NULL, ends, other) || pthread_join(thread, NULL))
        tap_bail("cannot run a thread");
    is(last_words, 0, "a look-up in a destructor of thread-specific data");
    is(dhcpctl_disconnect(&other, 1), 0, "disconnect");
}

/* A thread that leaves a connection and a request behind. */
static dhcpctl_handle left_connection;
static dhcpctl_handle left_lease;

static void *leaves(void *argument)
{
    (void) argument;
    left_connection = server_connect();
    left_lease = new_lease(left_connection, "10.0.0.10");
    dhcpctl_open_object(left_lease, left_connection, 0);
    return NULL;
}

static void left_behind(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, leaves, NULL) || pthread_join(thread, NULL))
        tap_bail("cannot run a thread");
    is(finish(left_lease), 0, "what a thread left behind can be waited for");
    drop(&left_lease);
    is(dhcpctl_disconnect(&left_connection, 1), 0, "and closed");
}

int main(void)
{
    struct key server;

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    cancelled_while_waiting();
    cancelled_before(server_key(&server));
    a_look_up_at_the_end();
    left_behind();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
