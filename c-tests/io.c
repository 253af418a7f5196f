/* servers: testd dhcpd kea */
/* A program's own descriptors in the library's waits. */

#include "peer.h"
#include "widget.h"

#include <fcntl.h>

/* What stands behind each object: two ends of a pipe, and what happened. */
struct stream {
    int in;
    int out;
    int writing;  /* whether it has something to write */
    int reads;
    int writes;
    int reaps;
    char last;
    isc_result_t reader_says;
    isc_result_t reaper_says;
};

static struct stream streams[3];

static struct stream *stream_of(omapi_object_t *h)
{
    return &streams[((widget_t *) h)->size];
}

static int read_from(omapi_object_t *h)
{
    return stream_of(h)->in;
}

static int write_to(omapi_object_t *h)
{
    struct stream *s = stream_of(h);

    return s->writing ? s->out : -1;
}

static isc_result_t reader(omapi_object_t *h)
{
    struct stream *s = stream_of(h);

    if (read(s->in, &s->last, 1) == 1)
        s->reads++;
    return s->reader_says;
}

static isc_result_t writer(omapi_object_t *h)
{
    struct stream *s = stream_of(h);

    if (write(s->out, "w", 1) == 1)
        s->writes++;
    s->writing = 0;
    return ISC_R_SUCCESS;
}

static isc_result_t reaper(omapi_object_t *h)
{
    struct stream *s = stream_of(h);

    s->reaps++;
    return s->reaper_says;
}

static omapi_object_t *new_stream(int number)
{
    widget_t *widget = new_widget();
    int ends[2];

    memset(&streams[number], 0, sizeof streams[number]);
    if (pipe(ends))
        tap_bail("no pipe");
    streams[number].in = ends[0];
    streams[number].out = ends[1];
    widget->size = number;
    return (omapi_object_t *) widget;
}

static void feed(int number, char c)
{
    if (write(streams[number].out, &c, 1) != 1)
        tap_bail("cannot write into a pipe");
}

/* Until the time is over; the last result. */
static isc_result_t dispatch_for(int microseconds)
{
    struct timeval until = in_seconds(0);

    until.tv_usec += microseconds;
    if (until.tv_usec >= 1000000) {
        until.tv_usec -= 1000000;
        until.tv_sec++;
    }
    return omapi_dispatch(&until);
}

static void registering(omapi_object_t *h)
{
    omapi_io_object_t *io;
    omapi_object_t *inner = NULL;

    is(omapi_register_io_object(h, read_from, write_to, reader, writer, reaper), 0, "register");
    io = (omapi_io_object_t *) h->outer;
    ok(io && io->type == omapi_type_io_object, "an io object is around it");
    if (!io)
        tap_bail("no io object");
    ok(io->inner == h, "that points back");
    ok(io->readfd == read_from && io->writefd == write_to && io->reader == reader &&
           io->writer == writer && io->reaper == reaper,
       "and has the functions");
    is(h->refcnt, 2, "the caller's reference and the link's");
    is(omapi_register_io_object(h, read_from, NULL, reader, NULL, NULL), DHCP_R_INVALIDARG,
       "register again");

    omapi_generic_new(&inner, MDL);
    link_objects(h, inner);
    is(omapi_unregister_io_object(inner), DHCP_R_INVALIDARG, "unregister what is inside of it");
    is(omapi_register_io_object(inner, read_from, NULL, reader, NULL, NULL), DHCP_R_INVALIDARG,
       "register what has an outer object");
    drop(&inner);
}

static void serving(void)
{
    omapi_object_t *h = new_stream(0);
    struct timeval until = in_seconds(5);
    struct stream *s = &streams[0];

    registering(h);
    feed(0, 'a');
    is(omapi_one_dispatch(NULL, &until), 0, "one dispatch with something to read");
    ok(s->reads == 1 && s->last == 'a', "reads it");
    ok(s->reaps >= 1, "and asks the reaper");
    is(s->writes, 0, "it has nothing to write");
    is(dispatch_for(100000), ISC_R_TIMEDOUT, "a dispatch with nothing to read");
    is(s->reads, 1, "does not read");
    feed(0, 'b');
    feed(0, 'c');
    is(dispatch_for(100000), ISC_R_TIMEDOUT, "a dispatch");
    ok(s->reads == 3 && s->last == 'c', "reads all that comes");

    s->writing = 1;
    is(dispatch_for(100000), ISC_R_TIMEDOUT, "with something to write");
    is(s->writes, 1, "it is written");
    ok(s->reads == 4 && s->last == 'w', "and comes back through the pipe");

    /* An error of the reader does not end it: its reaper decides. */
    s->reader_says = ISC_R_UNEXPECTED;
    feed(0, 'd');
    dispatch_for(100000);
    is(s->reads, 5, "a reader that fails");
    feed(0, 'e');
    dispatch_for(100000);
    is(s->reads, 6, "is called again");
    ok(h->outer != NULL, "it is still registered");
    s->reader_says = ISC_R_SUCCESS;

    is(omapi_unregister_io_object(h), 0, "unregister");
    ok(!h->outer, "nothing is around it any more");
    is(h->refcnt, 2, "the caller's reference and the one of its inside");
    feed(0, 'f');
    dispatch_for(100000);
    is(s->reads, 6, "and nobody reads");
    is(omapi_unregister_io_object(h), DHCP_R_INVALIDARG, "unregister again");

    /* Other functions for the same object. */
    is(omapi_reregister_io_object(h, read_from, NULL, NULL, NULL, NULL), 0,
       "reregister what is not registered: register");
    ok(h->outer && ((omapi_io_object_t *) h->outer)->reader == NULL, "with these functions");
    is(omapi_reregister_io_object(h, read_from, NULL, reader, NULL, NULL), 0, "reregister");
    dispatch_for(100000);
    is(s->reads, 7, "the new reader reads");
    is(omapi_unregister_io_object(h), 0, "unregister");
    drop(&h);
    is(widgets_destroyed, 1, "the object is destroyed");
    widgets_destroyed = 0;
}

static void the_reaper(void)
{
    omapi_object_t *h = new_stream(0);
    omapi_object_t *other = new_stream(1);

    is(omapi_register_io_object(h, read_from, NULL, reader, NULL, reaper), 0, "register one");
    is(omapi_register_io_object(other, read_from, NULL, reader, NULL, reaper), 0, "and another");
    streams[0].reaper_says = ISC_R_NOTCONNECTED;
    feed(0, 'a');
    feed(1, 'a');
    dispatch_for(100000);
    is(streams[0].reads, 1, "both are read");
    is(streams[1].reads, 1, "both");
    ok(!h->outer, "a reaper that fails ends the registration");
    ok(other->outer != NULL, "of its object alone");
    feed(0, 'b');
    feed(1, 'b');
    dispatch_for(100000);
    is(streams[0].reads, 1, "the reaped one is not read");
    is(streams[1].reads, 2, "the other is");
    drop(&h);

    /* Given up without unregistering: it stays, as its io object does. */
    drop(&other);
    is(widgets_destroyed, 1, "only the reaped one can be destroyed");
    feed(1, 'c');
    dispatch_for(100000);
    is(streams[1].reads, 3, "the other is still served");
    streams[1].reaper_says = ISC_R_NOTCONNECTED;
    dispatch_for(100000);
    feed(1, 'd');
    dispatch_for(100000);
    is(widgets_destroyed, 2, "until it is reaped");
    widgets_destroyed = 0;
}

struct seen {
    int widgets;
    int connections;
    int others;
    int stop_at;
};

static isc_result_t look(omapi_object_t *h, void *data)
{
    struct seen *seen = (struct seen *) data;

    if (h->type == widget_type)
        seen->widgets++;
    else if (h->type == omapi_type_connection)
        seen->connections++;
    else
        seen->others++;
    return seen->widgets == seen->stop_at ? ISC_R_EXISTS : ISC_R_SUCCESS;
}

static void each(dhcpctl_handle connection)
{
    omapi_object_t *a = new_stream(0);
    omapi_object_t *b = new_stream(1);
    struct seen seen = {0, 0, 0, 5};

    is(omapi_io_state_foreach(look, &seen), 0, "look at all io objects");
    ok(seen.widgets == 0 && seen.others == 0, "none is the program's");
    is(seen.connections, connection ? 1 : 0, "a connection is one of them");
    omapi_register_io_object(a, read_from, NULL, reader, NULL, NULL);
    omapi_register_io_object(b, read_from, NULL, reader, NULL, NULL);
    memset(&seen, 0, sizeof seen);
    seen.stop_at = 5;
    is(omapi_io_state_foreach(look, &seen), 0, "again with two of the program's");
    is(seen.widgets, 2, "both are seen");
    memset(&seen, 0, sizeof seen);
    seen.stop_at = 1;
    is(omapi_io_state_foreach(look, &seen), ISC_R_EXISTS, "what the function returns");
    is(seen.widgets, 1, "ends it");
    is(omapi_unregister_io_object(a), 0, "unregister one");
    is(omapi_unregister_io_object(b), 0, "and the other");
    drop(&a);
    drop(&b);
    widgets_destroyed = 0;
}

/* Answers after a while, so that a wait has time for others. */
static void slow(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request)) {
        usleep(800000);
        peer_answer(fd, &request);
    }
}

static void during_a_wait(void)
{
    struct peer peer;
    omapi_object_t *h = new_stream(0);
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    pid_t feeder;
    int i;

    peer_start(&peer, slow);
    connection = peer_connect(&peer);
    each(connection);
    is(omapi_register_io_object(new_stream(2), read_from, NULL, reader, NULL, NULL), 0,
       "a second one, that stays silent");
    is(omapi_register_io_object(h, read_from, NULL, reader, NULL, NULL), 0, "register");
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    feeder = fork();
    if (feeder == 0) {
        for (i = 0; i < 5; i++) {
            usleep(5000);
            feed(0, 'x');
        }
        _exit(0);
    }
    is(finish(lease), 0, "the wait ends with the answer");
    is(streams[0].reads, 5, "and the program's pipe was read meanwhile");
    if (feeder > 0)
        waitpid(feeder, NULL, 0);
    is(omapi_unregister_io_object(h), 0, "unregister");
    drop(&h);
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

int main(void)
{
    dhcpctl_handle connection;

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    is(widget_register(), 0, "a type for the streams");
    if (tap_original) {
        /* The original cannot dispatch before it was ever connected. */
        connection = server_connect();
        serving();
        dhcpctl_disconnect(&connection, 1);
    } else {
        serving();
    }
    the_reaper();
    each(NULL);
    during_a_wait();
    return tap_end();
}
