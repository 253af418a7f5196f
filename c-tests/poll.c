/* servers: testd dhcpd kea */
/* A connection driven by the program's own event loop: descriptors, reader and
 * writer of the connection object, with poll(2) in between. */

#include "peer.h"

#include <poll.h>

/* One round; what poll found. */
static int turn(omapi_object_t *c, int milliseconds)
{
    struct pollfd fds[2];
    int ready;

    fds[0].fd = omapi_connection_readfd(c);
    fds[0].events = POLLIN;
    fds[1].fd = omapi_connection_writefd(c);
    fds[1].events = POLLOUT;
    ready = poll(fds, 2, milliseconds);
    if (ready > 0 && fds[1].fd >= 0 && (fds[1].revents & POLLOUT))
        omapi_connection_writer(c);
    if (ready > 0 && fds[0].fd >= 0 && fds[0].revents)
        omapi_connection_reader(c);
    return ready;
}

static int called;
static dhcpctl_status called_with;

static void callback(dhcpctl_handle h, dhcpctl_status status, void *data)
{
    (void) h;
    (void) data;
    called++;
    called_with = status;
}

static void lookups(dhcpctl_handle connection)
{
    static const char *const addresses[] = {"10.0.0.10", "10.0.0.11", "192.0.2.1"};
    omapi_object_t *c = connection->outer->outer;
    dhcpctl_handle leases[3];
    int i;
    int rounds = 0;

    ok(omapi_connection_readfd(c) >= 0, "a descriptor to read from");
    is(omapi_connection_reaper(c), 0, "the connection lives");
    for (i = 0; i < 3; i++) {
        leases[i] = new_lease(connection, addresses[i]);
        is(dhcpctl_set_callback(leases[i], NULL, callback), 0, "callback");
        is(dhcpctl_open_object(leases[i], connection, 0), 0, "open");
    }
    while (called < 3 && rounds++ < 1000)
        turn(c, 100);
    is(called, 3, "three answers, no wait");
    ok(number_is(leases[0], "state", 2) && number_is(leases[1], "state", 2), "two leases");
    is(((dhcpctl_remote_object_t *) leases[2])->waitstatus, ISC_R_NOTFOUND, "and none");
    ok(omapi_connection_writefd(c) < 0, "nothing left to write");

    /* A wait afterwards gives what was received. */
    is(finish(leases[0]), 0, "wait for one");
    is(finish(leases[2]), ISC_R_NOTFOUND, "and for another");
    for (i = 0; i < 3; i++)
        drop(&leases[i]);
}

/* Connecting in the same way. */
static void from_the_start(void)
{
    omapi_object_t *handle = NULL;
    dhcpctl_handle authenticator = server_authenticator();
    dhcpctl_handle lease = new_lease(NULL, "10.0.0.10");
    struct timeval now;
    omapi_object_t *c;
    int rounds = 0;

    omapi_generic_new(&handle, MDL);
    if (!handle)
        tap_bail("no handle");
    is(omapi_protocol_connect(handle, server_host(), (unsigned) server_port(), authenticator),
       DHCP_R_INCOMPLETE, "connect without waiting");
    c = handle->outer->outer;
    for (;;) {
        now = in_seconds(0);
        if (omapi_wait_for_completion(handle, &now) == 0 || rounds++ > 500)
            break;
        turn(c, 10);
    }
    ok(rounds < 500, "it is connected");
    called = 0;
    dhcpctl_set_callback(lease, NULL, callback);
    is(dhcpctl_open_object(lease, handle, 0), 0, "open");
    for (rounds = 0; !called && rounds < 1000; rounds++)
        turn(c, 10);
    is(called, 1, "answered");
    is(called_with, 0, "with success");
    is(dhcpctl_disconnect(&handle, 1), 0, "disconnect");
    drop(&lease);
    if (authenticator)
        drop(&authenticator);
}

static void hang_up(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    peer_read(fd, &request);
    close(fd);
}

static void lost(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease = new_lease(NULL, "10.0.0.10");
    omapi_object_t *c = NULL;
    int rounds;

    peer_start(&peer, hang_up);
    connection = peer_connect(&peer);
    omapi_object_reference(&c, connection->outer->outer, MDL);
    called = 0;
    dhcpctl_set_callback(lease, NULL, callback);
    is(dhcpctl_open_object(lease, connection, 0), 0, "a request that will be lost");
    for (rounds = 0; !called && rounds < 200; rounds++)
        turn(c, 10);
    is(called, 1, "its callback is told");
    is(called_with, DHCP_R_CONNRESET, "that the connection is lost");
    is(omapi_connection_readfd(c), (unsigned long) -1, "no descriptor to read from");
    is(omapi_connection_writefd(c), (unsigned long) -1, "none to write to");
    ok(omapi_connection_reader(c) != 0, "reading is an error");
    ok(omapi_connection_writer(c) != 0, "writing is an error");
    ok(omapi_connection_reaper(c) != 0, "the connection is to be reaped");
    drop(&c);
    drop(&lease);
    drop(&connection);
    peer_stop(&peer);
}

static void addresses(void)
{
    omapi_addr_list_t *list = NULL;
    omapi_object_t *generic = NULL;

    omapi_generic_new(&generic, MDL);
    omapi_addr_list_new(&list, 1, MDL);
    if (!generic || !list)
        tap_bail("no objects");
    list->addresses[0].addrtype = AF_INET;
    list->addresses[0].addrlen = 4;
    memcpy(list->addresses[0].address, "\177\0\0\1", 4);
    list->addresses[0].port = (unsigned) server_port();
    is(omapi_connect_list(generic, list, NULL), ISC_R_NOTIMPLEMENTED,
       "bytes for an object that is no protocol");
    is(omapi_connect(generic, "127.0.0.1", (unsigned) server_port()), ISC_R_NOTIMPLEMENTED,
       "in the same way by name");
    omapi_addr_list_dereference(&list, MDL);
    drop(&generic);
}

int main(void)
{
    dhcpctl_handle connection;

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    lookups(connection);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    from_the_start();
    lost();
    addresses();
    return tap_end();
}
