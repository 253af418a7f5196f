/* servers: testd dhcpd kea; under: valgrind-keyed tsan tsan-kea asan asan-kea */
/* Our connections in a program's own loop, by poll and by epoll; and a
 * program's own descriptors in our waits. */

#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#define MANY 300

static dhcpctl_handle leases[MANY];
static int calls;
static int good;

static void count(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    int i = (int) ((dhcpctl_handle *) data - leases);
    unsigned char want[4] = {10, 0, 0, (unsigned char) (10 + i % 31)};

    calls++;
    good += status == 0 && value_is(object, "ip-address", want, 4);
}

static void ask(dhcpctl_handle connection)
{
    char address[20];
    int bad = 0;
    int i;

    calls = good = 0;
    for (i = 0; i < MANY; i++) {
        snprintf(address, sizeof address, "10.0.0.%d", 10 + i % 31);
        leases[i] = new_lease(connection, address);
        if (dhcpctl_set_callback(leases[i], &leases[i], count) ||
            dhcpctl_open_object(leases[i], connection, 0))
            bad++;
    }
    is(bad, 0, "requests are queued");
}

static void drop_all(void)
{
    int i;

    for (i = 0; i < MANY; i++)
        drop(&leases[i]);
}

/* `h` is a connection object or a connection handle. */
static void by_poll(omapi_object_t *h, const char *what)
{
    double end = seconds_now() + 20;
    int bad = 0;

    while (calls < MANY && seconds_now() < end && !bad) {
        struct pollfd fds[2];

        fds[0].fd = omapi_connection_readfd(h);
        fds[0].events = POLLIN;
        fds[1].fd = omapi_connection_writefd(h);
        fds[1].events = POLLOUT;
        if (fds[0].fd < 0 || poll(fds, 2, 5000) <= 0)
            bad++;
        if (fds[1].fd >= 0 && fds[1].revents && omapi_connection_writer(h))
            bad++;
        if (fds[0].revents && omapi_connection_reader(h))
            bad++;
    }
    is(bad, 0, what);
    is(calls, MANY, "every callback was called");
    is(good, MANY, "with its answer");
    is(omapi_connection_writefd(h), (unsigned long) -1, "nothing is left to write");
    is(omapi_connection_reaper(h), 0, "the connection lives");
}

static void poll_loops(void)
{
    dhcpctl_handle connection = server_connect();

    ask(connection);
    by_poll(connection, "a loop with poll, by the handle");
    drop_all();
    ask(connection);
    by_poll(connection->outer->outer, "a loop with poll, by the connection object");
    drop_all();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

/* Level-triggered, and interest in writing only while there is something. */
static void by_epoll(void)
{
    dhcpctl_handle connection = server_connect();
    struct epoll_event event;
    double end = seconds_now() + 20;
    int writing = 0;
    int bad = 0;
    int fd = omapi_connection_readfd(connection);
    int loop = epoll_create1(EPOLL_CLOEXEC);

    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event))
        tap_bail("no epoll");
    ask(connection);
    while (calls < MANY && seconds_now() < end && !bad) {
        int wanted = omapi_connection_writefd(connection) >= 0;

        if (wanted != writing) {
            writing = wanted;
            event.events = EPOLLIN | (writing ? EPOLLOUT : 0);
            if (epoll_ctl(loop, EPOLL_CTL_MOD, fd, &event))
                bad++;
        }
        if (epoll_wait(loop, &event, 1, 5000) != 1)
            bad++;
        else if ((event.events & EPOLLOUT && omapi_connection_writer(connection)) ||
                 (event.events & ~EPOLLOUT && omapi_connection_reader(connection)))
            bad++;
    }
    is(bad, 0, "a loop with epoll");
    is(calls, MANY, "every callback was called");
    is(good, MANY, "with its answer");
    close(loop);
    drop_all();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

/* A child has the descriptors of what is under way too: nothing of that may
 * keep ours readable. */
static void beside_a_child(void)
{
    dhcpctl_handle connection = server_connect();
    struct pollfd fd;
    pid_t child;
    int i;

    ok(omapi_connection_readfd(connection) >= 0, "a descriptor to read from");
    ask(connection);
    is(omapi_connection_writer(connection), 0, "requests are under way");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    by_poll(connection, "a loop beside a child");
    fd.fd = omapi_connection_readfd(connection);
    fd.events = POLLIN;
    for (i = 0; i < 3 && poll(&fd, 1, 100) > 0; i++)
        omapi_connection_reader(connection);
    ok(i < 3, "in the end there is nothing to do");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    drop_all();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

static void serves_one(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    if (peer_read(fd, &request))
        peer_answer(fd, &request);
    peer_read(fd, &request);
    close(fd);
    pause();
}

/* The connection object that the loop knows stays one when the server is gone:
 * for as long as the program has the handle. */
static void server_goes_away(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    omapi_object_t *object;
    struct pollfd fd;
    isc_result_t result = 0;
    int rounds = 0;

    peer_start(&peer, serves_one);
    connection = peer_connect(&peer);
    object = connection->outer->outer;
    calls = good = 0;
    leases[0] = new_lease(connection, "10.0.0.10");
    leases[1] = new_lease(connection, "10.0.0.10");
    dhcpctl_set_callback(leases[0], &leases[0], count);
    dhcpctl_set_callback(leases[1], &leases[1], count);
    dhcpctl_open_object(leases[0], connection, 0);
    dhcpctl_open_object(leases[1], connection, 0);
    is(omapi_connection_writer(object), 0, "two requests are written");
    while (result == 0 && rounds++ < 10) {
        fd.fd = omapi_connection_readfd(object);
        fd.events = POLLIN;
        poll(&fd, 1, 5000);
        result = omapi_connection_reader(object);
    }
    is(result, DHCP_R_CONNRESET, "the reader tells the loss");
    is(calls, 2, "both requests have ended");
    is(omapi_connection_readfd(object), (unsigned long) -1, "no descriptor any more");
    is(omapi_connection_writefd(object), (unsigned long) -1, "for either direction");
    ok(omapi_connection_reader(object) != 0, "reading is an error");
    ok(omapi_connection_writer(object) != 0, "writing is an error");
    is(omapi_connection_reaper(object), ISC_R_NOTCONNECTED, "not connected");
    ok(omapi_disconnect(object, 1) == 0 || 1, "disconnecting is harmless");
    drop(&leases[0]);
    drop(&leases[1]);
    drop(&connection);
    peer_stop(&peer);
}

/* A program's own descriptor in our waits: a pipe. */
struct wire {
    int ends[2];
    int heard;
    int enough; /* bytes until the late server answers */
    int asked;
};

/* For the late server: a byte for each answer that is due. */
static int due[2];

static omapi_object_type_t *wire_type;
static struct wire wire;
static dhcpctl_handle connection;
static dhcpctl_handle inside;

static int wire_fd(omapi_object_t *object)
{
    (void) object;
    wire.asked++;
    return wire.ends[0];
}

static isc_result_t wire_read(omapi_object_t *object)
{
    char byte;

    (void) object;
    if (read(wire.ends[0], &byte, 1) == 1 && ++wire.heard == wire.enough &&
        write(due[1], "", 1) < 0)
        tap_bail("the server cannot be told");
    return ISC_R_SUCCESS;
}

/* What the library asks a program about its descriptor may use the library. */
static int wire_fd_that_waits(omapi_object_t *object)
{
    dhcpctl_handle lease;

    if (!inside) {
        inside = object;
        lease = new_lease(connection, "10.0.0.12");
        if (open_now(lease, connection, 0))
            wire.heard = -100;
        drop(&lease);
        inside = NULL;
    }
    return wire.ends[0];
}

static isc_result_t wire_unregisters(omapi_object_t *object)
{
    wire_read(object);
    return omapi_unregister_io_object(object);
}

static omapi_object_t *new_wire(void)
{
    omapi_object_t *object = NULL;

    memset(&wire, 0, sizeof wire);
    if (pipe(wire.ends) || omapi_object_allocate(&object, wire_type, 0, MDL))
        tap_bail("no pipe");
    return object;
}

static void drop_wire(omapi_object_t **object)
{
    omapi_unregister_io_object(*object);
    drop(object);
    close(wire.ends[0]);
    close(wire.ends[1]);
}

/* Answers when the program's own pipe was read, and not at once. */
static void late(int listener)
{
    struct request request;
    int fd = peer_accept(listener);
    char byte;

    while (peer_read(fd, &request) && read(due[0], &byte, 1) == 1) {
        usleep(300000);
        peer_answer(fd, &request);
    }
}

static void own_descriptors(void)
{
    struct peer peer;
    struct timeval soon;
    dhcpctl_handle slow;
    dhcpctl_handle lease;
    omapi_object_t *object;

    omapi_object_type_register(&wire_type, "wire", NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, NULL, NULL, sizeof(omapi_object_t), NULL, 0);
    if (pipe(due))
        tap_bail("no pipe");
    peer_start(&peer, late);
    slow = peer_connect(&peer);
    lease = new_lease(slow, "10.0.0.10");
    object = new_wire();
    wire.enough = 3;
    is(omapi_register_io_object(object, wire_fd, NULL, wire_read, NULL, NULL), 0,
       "a pipe is registered");
    is(dhcpctl_open_object(lease, slow, 0), 0, "a slow request");
    ok(write(wire.ends[1], "abc", 3) == 3, "three bytes in the pipe");
    is(finish(lease), 0, "a wait for the answer");
    is(wire.heard, 3, "has read the pipe as well");
    ok(write(wire.ends[1], "d", 1) == 1, "another byte");
    soon = in_seconds(5);
    is(omapi_one_dispatch(NULL, &soon), 0, "a dispatch");
    is(wire.heard, 4, "reads it");
    drop_wire(&object);

    /* Registered by a callback-like function in the middle of things, it
     * unregisters itself; and it may wait while the library asks it. */
    object = new_wire();
    wire.enough = 1;
    is(omapi_register_io_object(object, wire_fd, NULL, wire_unregisters, NULL, NULL), 0,
       "one that unregisters itself");
    is(dhcpctl_object_refresh(slow, lease), 0, "a slow request");
    ok(write(wire.ends[1], "ab", 2) == 2, "two bytes");
    is(finish(lease), 0, "a wait");
    is(wire.heard, 1, "it was called once");
    drop_wire(&object);

    object = new_wire();
    connection = server_connect();
    is(omapi_register_io_object(object, wire_fd_that_waits, NULL, wire_read, NULL, NULL), 0,
       "one that looks something up when it is asked");
    drop(&lease);
    lease = new_lease(connection, "10.0.0.10");
    ok(write(wire.ends[1], "a", 1) == 1, "a byte");
    is(open_now(lease, connection, 0), 0, "a wait on the same connection");
    soon = in_seconds(5);
    while (wire.heard == 0 && omapi_one_dispatch(NULL, &soon) == 0)
        ;
    is(wire.heard, 1, "the byte was read, and the look-up in between succeeded");
    drop_wire(&object);
    drop(&lease);
    dhcpctl_disconnect(&connection, 1);
    dhcpctl_disconnect(&slow, 1);
    peer_stop(&peer);
}

int main(void)
{
    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");
    poll_loops();
    by_epoll();
    beside_a_child();
    server_goes_away();
    own_descriptors();
    return tap_end();
}
