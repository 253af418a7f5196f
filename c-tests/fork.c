/* servers: testd dhcpd kea */
/* A fork in between: the parent goes on, the child gets errors for what was
 * the parent's, and can open connections of its own. */

#include "peer.h"

#include <pthread.h>

static dhcpctl_handle connection;
static dhcpctl_handle lease;
static int calls;

static void count(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    (void) object;
    (void) status;
    (void) data;
    calls++;
}

/* Bits of what went wrong in the child; 0 is good. */
static int in_child(int requested)
{
    struct timeval limit = {5, 0};
    struct timeval soon = in_seconds(1);
    dhcpctl_handle mine = NULL;
    dhcpctl_handle other = NULL;
    dhcpctl_status answer = 0;
    int wrong = 0;

    alarm(30);
    if (requested &&
        dhcpctl_timed_wait_for_completion(lease, &answer, &limit) != DHCP_R_CONNRESET)
        wrong |= 1;
    if (dhcpctl_object_refresh(connection, lease) != DHCP_R_CONNRESET)
        wrong |= 2;
    if (omapi_connection_readfd(connection) != -1 || omapi_connection_writefd(connection) != -1)
        wrong |= 4;
    if (omapi_connection_reader(connection) == 0)
        wrong |= 8;
    if (omapi_one_dispatch(NULL, &soon) != ISC_R_NOMORE)
        wrong |= 16;
    if (dhcpctl_disconnect(&connection, 1) || connection)
        wrong |= 32;
    drop(&lease);

    mine = server_connect();
    other = new_lease(mine, "10.0.0.12");
    if (open_now(other, mine, 0) || !text_is(other, "client-hostname", "h12"))
        wrong |= 64;
    drop(&other);
    if (dhcpctl_disconnect(&mine, 1))
        wrong |= 128;
    return wrong;
}

static int forked(int requested)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(in_child(requested));
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void one_thread(void)
{
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup before the fork");
    is(forked(0), 0, "the child cannot use the connection, but make another");
    is(dhcpctl_object_refresh(connection, lease), 0, "the parent can");
    is(finish(lease), 0, "go on");
    is(dhcpctl_object_refresh(connection, lease), 0, "and fork with a request queued");
    is(dhcpctl_set_callback(lease, &calls, count), 0, "and a callback");
    is(forked(1), 0, "the child's wait is an error");
    is(finish(lease), 0, "the parent's has its answer");
    is(calls, 1, "and its callback");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

static void late(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request)) {
        usleep(700000);
        peer_answer(fd, &request);
    }
}

static void *waits(void *argument)
{
    *(dhcpctl_status *) argument = finish(lease);
    return NULL;
}

/* Another thread of the parent is just reading the connection. */
static void while_a_thread_reads(void)
{
    struct peer peer;
    pthread_t thread;
    dhcpctl_status answer = 99;

    peer_start(&peer, late);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a slow request");
    if (pthread_create(&thread, NULL, waits, &answer))
        tap_bail("cannot start a thread");
    usleep(100000);
    is(forked(1), 0, "a fork while another thread waits for it");
    pthread_join(thread, NULL);
    is(answer, 0, "which gets its answer");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    one_thread();
    while_a_thread_reads();
    return tap_end();
}
