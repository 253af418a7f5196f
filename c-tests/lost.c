/* servers: testd dhcpd kea; under: tsan asan asan-kea */
/* The server goes away: every wait reports it, for every kind of request. */

#include "peer.h"

/* What the peer does with the first request behind those it answers. */
static int answers;
static int with_reset;
static int part_of_an_answer;

static void goes_away(int listener)
{
    struct request request;
    int fd = peer_accept(listener);
    int i;

    for (i = 0; i < answers; i++)
        if (peer_read(fd, &request))
            peer_answer(fd, &request);
    if (!peer_read(fd, &request))
        _exit(0);
    if (part_of_an_answer)
        peer_put(fd, "\0\0\0\0\0\0\0\0\0\0", 10);
    if (with_reset)
        peer_reset(fd);
    else
        close(fd);
    pause();
}

/* Hangs up when nobody asked for anything. */
static void goes_away_idle(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    if (peer_read(fd, &request))
        peer_answer(fd, &request);
    close(fd);
    pause();
}

static void serves(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request))
        peer_answer(fd, &request);
}

static dhcpctl_status ask(int op, dhcpctl_handle connection, dhcpctl_handle object)
{
    switch (op) {
    case OP_OPEN:
        return dhcpctl_open_object(object, connection, 0);
    case OP_REFRESH:
        return dhcpctl_object_refresh(connection, object);
    case OP_UPDATE:
        return dhcpctl_object_update(connection, object);
    default:
        return dhcpctl_object_remove(connection, object);
    }
}

/* On a dead connection: an error code from the call, or from the wait. */
static void is_dead(dhcpctl_handle connection, dhcpctl_handle object, const char *what)
{
    static const int all[] = {OP_OPEN, OP_REFRESH, OP_UPDATE, OP_DELETE};
    unsigned i;

    for (i = 0; i < 4; i++) {
        dhcpctl_status status = ask(all[i], connection, object);

        if (status == 0)
            status = finish(object);
        ok(status != 0 && status != ISC_R_TIMEDOUT, "%s: later request %d: %s", what, all[i],
           isc_result_totext(status));
    }
}

/* It may be refused (the original does), but must not hang or crash. */
static void give_up(dhcpctl_handle *connection)
{
    dhcpctl_disconnect(connection, 1);
    drop(connection);
}

static void during(int op, const char *what)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle object;
    dhcpctl_status answer = 0;
    dhcpctl_status status;
    struct timeval limit = {10, 0};

    answers = op == OP_OPEN ? 0 : 1;
    peer_start(&peer, goes_away);
    connection = peer_connect(&peer);
    object = new_lease(connection, "10.0.0.10");
    if (op != OP_OPEN)
        is(open_now(object, connection, 0), 0, "open");
    if (op == OP_UPDATE)
        dhcpctl_set_int_value(object, 1, "state");
    is(ask(op, connection, object), 0, what);
    status = dhcpctl_timed_wait_for_completion(object, &answer, &limit);
    is(status ? status : answer, DHCP_R_CONNRESET, what);
    ok(answer != 0, "%s: the status does not say success", what);
    ok(finish(object) != 0, "%s: waiting again", what);
    if (op != OP_OPEN && op != OP_UPDATE)
        ok(number_is(object, "state", 2), "%s: old values can be read", what);
    is_dead(connection, object, what);
    give_up(&connection);
    drop(&object);
    peer_stop(&peer);
}

/* Everything that is outstanding ends, whoever is waited for. */
static void several(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle objects[5];
    int i;

    answers = 0;
    peer_start(&peer, goes_away);
    connection = peer_connect(&peer);
    for (i = 0; i < 5; i++) {
        objects[i] = new_lease(connection, "10.0.0.10");
        is(dhcpctl_open_object(objects[i], connection, 0), 0, "one of five");
    }
    for (i = 4; i >= 0; i--)
        is(finish(objects[i]), DHCP_R_CONNRESET, "is told");
    for (i = 0; i < 5; i++)
        drop(&objects[i]);
    give_up(&connection);
    peer_stop(&peer);
}

static void beside_a_live_connection(void)
{
    struct peer peer;
    struct peer other;
    dhcpctl_handle dying;
    dhcpctl_handle living;
    dhcpctl_handle first;
    dhcpctl_handle second;

    answers = 0;
    peer_start(&peer, goes_away);
    peer_start(&other, serves);
    dying = peer_connect(&peer);
    living = peer_connect(&other);
    first = new_lease(dying, "10.0.0.10");
    second = new_lease(living, "10.0.0.11");
    is(dhcpctl_open_object(first, dying, 0), 0, "to the server that dies");
    is(dhcpctl_open_object(second, living, 0), 0, "to the one that lives");
    is(finish(second), 0, "which answers");
    is(finish(first), DHCP_R_CONNRESET, "the other does not");

    /* The same object, opened again where there is somebody. */
    is(open_now(first, living, 0), 0, "the same object on the live connection");
    ok(number_is(first, "state", 2), "has its values");
    give_up(&dying);
    is(open_now(second, living, 0), 0, "which goes on working");
    is(dhcpctl_disconnect(&living, 1), 0, "until it is closed");
    drop(&first);
    drop(&second);
    peer_stop(&peer);
    peer_stop(&other);
}

static void while_idle(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle object;

    peer_start(&peer, goes_away_idle);
    connection = peer_connect(&peer);
    object = new_lease(connection, "10.0.0.10");
    is(open_now(object, connection, 0), 0, "the only answer");
    usleep(100000);
    is_dead(connection, object, "gone while idle");
    give_up(&connection);
    drop(&object);
    peer_stop(&peer);
}

/* Dropping the handles first, with a request on its way. */
static void dropped_with_a_request(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle object;
    struct timeval soon;

    answers = 0;
    peer_start(&peer, goes_away);
    connection = peer_connect(&peer);
    object = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(object, connection, 0), 0, "a request");
    drop(&object);
    soon = in_seconds(1);
    omapi_dispatch(&soon);
    ok(1, "an answer for nobody, which does not come either");
    give_up(&connection);
    peer_stop(&peer);
}

static void all_requests(void)
{
    during(OP_OPEN, "lost during open");
    during(OP_REFRESH, "lost during refresh");
    during(OP_UPDATE, "lost during update");
    during(OP_DELETE, "lost during remove");
}

int main(void)
{
    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");
    printf("# orderly end\n");
    all_requests();
    with_reset = 1;
    printf("# reset\n");
    all_requests();
    with_reset = 0;
    part_of_an_answer = 1;
    printf("# in the middle of an answer\n");
    all_requests();
    part_of_an_answer = 0;
    several();
    beside_a_live_connection();
    while_idle();
    dropped_with_a_request();
    return tap_end();
}
