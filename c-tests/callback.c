/* servers: testd dhcpd kea; under: tsan tsan-kea asan asan-kea */
/* dhcpctl_set_callback(): called once for each completion, whatever its
 * outcome, and free to do anything. In the original it never worked; what is
 * expected here is what dhcpctl(3) describes. */

#include "peer.h"

static dhcpctl_handle connection;

struct box {
    int calls;
    dhcpctl_handle object;
    dhcpctl_status status;
    int values_there;
    int left;            /* requests still to make */
    dhcpctl_handle also; /* another object to use */
};

static void note(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    struct box *box = (struct box *) data;

    box->calls++;
    box->object = object;
    box->status = status;
    box->values_there = status == 0 && value_length(object, "state") == 4;
}

/* Serves the connections until so many calls were made, five seconds at most;
 * and then a little longer, to see a call too many. */
static void serve(const struct box *box, int calls)
{
    double end = seconds_now() + 5;
    struct timeval soon;

    while (box->calls < calls && seconds_now() < end) {
        soon = in_seconds(1);
        omapi_one_dispatch(NULL, &soon);
    }
    gettimeofday(&soon, NULL);
    soon.tv_usec += 50000;
    omapi_dispatch(&soon);
}

static void every_outcome(void)
{
    struct box box;
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_handle missing = new_lease(connection, "192.0.2.1");

    memset(&box, 0, sizeof box);
    is(dhcpctl_set_callback(lease, &box, note), 0, "set a callback");
    is(dhcpctl_set_int_value(lease, 1, "hardware-type"), 0, "a new name behind it");
    drop(&lease);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_set_callback(lease, &box, note), 0, "set a callback");
    ok(has_no(lease, "state"), "an unknown name behind it");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    is(box.calls, 0, "opening alone calls nobody");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    ok(box.object == lease, "with the object");
    is(box.status, 0, "with success");
    ok(box.values_there, "when the values are there");

    memset(&box, 0, sizeof box);
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
    serve(&box, 1);
    is(box.calls, 1, "called once more");
    is(box.status, 0, "with success");

    memset(&box, 0, sizeof box);
    is(dhcpctl_object_remove(connection, lease), 0, "remove, which leases refuse");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    is(box.status, ISC_R_NOTIMPLEMENTED, "with the server's code");

    memset(&box, 0, sizeof box);
    is(dhcpctl_set_callback(missing, &box, note), 0, "a callback on another object");
    is(dhcpctl_open_object(missing, connection, 0), 0, "that does not exist");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    is(box.status, ISC_R_NOTFOUND, "with the server's code");
    ok(box.object == missing, "and its object");
    drop(&lease);
    drop(&missing);
}

static void replaced(void)
{
    struct box first;
    struct box second;
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    is(dhcpctl_set_callback(lease, &first, note), 0, "a first callback");
    is(dhcpctl_set_callback(lease, &second, note), 0, "a second callback on the same object");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    serve(&second, 1);
    is(second.calls, 1, "the second is called");
    is(first.calls, 0, "the first no more");

    /* The open has succeeded, and nobody has waited for it. */
    is(dhcpctl_object_remove(connection, lease), 0, "remove, which leases refuse");
    is(finish(lease), ISC_R_NOTIMPLEMENTED, "a new request forgets the older result");
    is(finish(lease), ISC_R_NOMORE, "which does not come later either");
    drop(&lease);
}

static void inside_a_wait(void)
{
    struct box box;
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_handle other = new_lease(connection, "10.0.0.11");

    memset(&box, 0, sizeof box);
    is(dhcpctl_set_callback(lease, &box, note), 0, "a callback");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    is(open_now(other, connection, 0), 0, "wait for another object");
    serve(&box, 1);
    is(box.calls, 1, "called once");

    memset(&box, 0, sizeof box);
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
    is(finish(lease), 0, "wait for the object itself");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    is(box.status, 0, "with success");
    drop(&lease);
    drop(&other);
}

static void frees_itself(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    struct box *box = (struct box *) data;

    note(object, status, data);
    drop(&box->also);
}

static void asks_again(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    struct box *box = (struct box *) data;

    note(object, status, data);
    if (box->left-- > 0 && dhcpctl_object_refresh(connection, object))
        box->status = 4242;
}

static void waits_inside(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    struct box *box = (struct box *) data;

    note(object, status, data);
    if (open_now(box->also, connection, 0))
        box->status = 4242;
}

static void doing_things(void)
{
    struct box box;
    dhcpctl_handle lease;

    memset(&box, 0, sizeof box);
    box.also = new_lease(connection, "10.0.0.10");
    is(dhcpctl_set_callback(box.also, &box, frees_itself), 0, "a callback that frees its object");
    is(dhcpctl_open_object(box.also, connection, 0), 0, "open");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    ok(!box.also, "and the object is gone");

    memset(&box, 0, sizeof box);
    box.left = 5;
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_set_callback(lease, &box, asks_again), 0, "a callback that asks again");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    serve(&box, 6);
    is(box.calls, 6, "once for the open, five times for what it asked");
    is(box.status, 0, "always with success");
    drop(&lease);

    memset(&box, 0, sizeof box);
    box.also = new_lease(connection, "10.0.0.11");
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_set_callback(lease, &box, waits_inside), 0, "a callback that waits for another");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    is(box.status, 0, "and its own request went well");
    ok(text_is(box.also, "client-hostname", "h11"), "with an answer");
    drop(&box.also);
    drop(&lease);
}

#define MANY 200

static void many(void)
{
    static struct box boxes[MANY];
    static dhcpctl_handle leases[MANY];
    int i;
    int bad = 0;

    for (i = 0; i < MANY; i++) {
        leases[i] = new_lease(connection, i % 2 ? "10.0.0.10" : "192.0.2.1");
        if (dhcpctl_set_callback(leases[i], &boxes[i], note) ||
            dhcpctl_open_object(leases[i], connection, 0))
            bad++;
    }
    is(bad, 0, "two hundred requests with callbacks");
    for (i = 0; i < MANY; i++)
        if (boxes[i].calls == 0)
            serve(&boxes[i], 1);
    for (i = 0; i < MANY; i++) {
        if (boxes[i].calls != 1 || boxes[i].object != leases[i] ||
            boxes[i].status != (i % 2 ? ISC_R_SUCCESS : ISC_R_NOTFOUND))
            bad++;
        drop(&leases[i]);
    }
    is(bad, 0, "each called once, with its own outcome");
}

static void on_a_connection(void)
{
    struct box box;
    dhcpctl_handle another = server_connect();
    dhcpctl_handle lease = new_lease(another, "10.0.0.10");

    memset(&box, 0, sizeof box);
    is(dhcpctl_set_callback(another, &box, note), 0, "a callback on a connection is accepted");
    is(open_now(lease, another, 0), 0, "which goes on working");
    drop(&lease);
    is(dhcpctl_disconnect(&another, 1), 0, "and can be closed");
}

/* A callback that a program keeps for longer than its object. */
static void out_of_its_chain(void)
{
    struct box box;
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    omapi_object_t *attributes = NULL;
    omapi_object_t *callback = NULL;

    memset(&box, 0, sizeof box);
    is(dhcpctl_set_callback(lease, &box, note), 0, "a callback");
    omapi_object_reference(&attributes, lease->inner, MDL);
    omapi_object_reference(&callback, attributes->inner, MDL);
    is(omapi_signal_in(callback, "ready"), 0, "it hears that something is ready");
    ok(box.calls == 1 && box.object == lease, "and calls its function");
    omapi_object_dereference(&attributes->inner, MDL);
    omapi_object_dereference(&callback->outer, MDL);
    drop(&attributes);
    drop(&lease);
    is(omapi_signal_in(callback, "ready"), 0, "again, when its object is gone");
    is(box.calls, 1, "there is nothing to call it with");
    drop(&callback);
}

static void hangs_up(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    peer_read(fd, &request);
    close(fd);
    pause();
}

static void connection_lost(void)
{
    struct peer peer;
    struct box box;
    dhcpctl_handle doomed;
    dhcpctl_handle lease;

    memset(&box, 0, sizeof box);
    peer_start(&peer, hangs_up);
    doomed = peer_connect(&peer);
    lease = new_lease(doomed, "10.0.0.10");
    is(dhcpctl_set_callback(lease, &box, note), 0, "a callback");
    is(dhcpctl_open_object(lease, doomed, 0), 0, "and a server that hangs up");
    serve(&box, 1);
    is(box.calls, 1, "called once");
    is(box.status, DHCP_R_CONNRESET, "with the loss");
    ok(box.object == lease, "of its object");
    dhcpctl_disconnect(&doomed, 1);
    drop(&doomed);
    drop(&lease);
    peer_stop(&peer);
}

int main(void)
{
    tap_begin(100);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    every_outcome();
    replaced();
    inside_a_wait();
    doing_things();
    many();
    on_a_connection();
    out_of_its_chain();
    connection_lost();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
