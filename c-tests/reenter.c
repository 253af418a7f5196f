/* servers: testd dhcpd kea; under: valgrind tsan tsan-kea asan asan-kea */
/* Callbacks that change everything under the library's feet: they free what is
 * waited for, free everything, ask for more, wait, disconnect. And objects and
 * connections that go while requests are on their way. */

#include "peer.h"

#define MANY 10000

static dhcpctl_handle connection;
static dhcpctl_handle objects[MANY];
static int calls[MANY];
static dhcpctl_status results[MANY];

static int number_of(const void *data)
{
    return (int) ((const int *) data - calls);
}

static void note(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    (void) object;
    ++*(int *) data;
    results[number_of(data)] = status;
}

static void prepare(dhcpctl_handle on, int count,
                    void (*callback)(dhcpctl_handle, dhcpctl_status, void *))
{
    int bad = 0;
    int i;

    memset(calls, 0, sizeof calls);
    memset(results, 0xff, sizeof results);
    for (i = 0; i < count; i++) {
        objects[i] = new_lease(on, "10.0.0.10");
        if (callback && dhcpctl_set_callback(objects[i], &calls[i], callback))
            bad++;
        if (dhcpctl_open_object(objects[i], on, 0))
            bad++;
    }
    is(bad, 0, "requests are queued");
}

static void drop_all(int count)
{
    int i;

    for (i = 0; i < count; i++)
        drop(&objects[i]);
}

static int called_once(int count, dhcpctl_status status)
{
    int i;

    for (i = 0; i < count; i++)
        if (calls[i] != 1 || results[i] != status) {
            printf("#   object %d: %d calls, %s\n", i, calls[i], isc_result_totext(results[i]));
            return 0;
        }
    return 1;
}

/* The object goes while a wait for it is under way. */
static void frees_its_own(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    note(object, status, data);
    drop(&objects[number_of(data)]);
}

static void waited_for_and_freed(void)
{
    prepare(connection, 1, frees_its_own);
    is(finish(objects[0]), 0, "a wait for an object that its callback frees");
    ok(called_once(1, 0) && !objects[0], "the callback ran once");
}

static void frees_everything(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    note(object, status, data);
    drop_all(100);
}

static void all_freed(void)
{
    struct timeval soon;
    dhcpctl_status status;
    int total = 0;
    int i;

    prepare(connection, 100, frees_everything);
    status = finish(objects[60]);
    ok(status == 0, "a wait for one of those that the first callback frees: %s",
       isc_result_totext(status));
    soon = in_seconds(1);
    omapi_dispatch(&soon);
    for (i = 0; i < 100; i++)
        total += calls[i];
    is(total, 100, "each request still has its callback, once");
}

/* A callback that waits runs other callbacks inside: the stack must last. */
static void waits(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    dhcpctl_handle other = new_lease(connection, "10.0.0.11");
    dhcpctl_status answer = 4242;

    note(object, status, data);
    if (dhcpctl_open_object(other, connection, 0) ||
        dhcpctl_wait_for_completion(other, &answer) || answer)
        results[number_of(data)] = 4242;
    drop(&other);
}

static void nested(void)
{
    double end = seconds_now() + 60;
    struct timeval soon;

    prepare(connection, MANY, waits);
    is(finish(objects[MANY - 1]), 0, "ten thousand callbacks that wait");
    while (!called_once(MANY, 0) && seconds_now() < end) {
        soon = in_seconds(1);
        omapi_one_dispatch(NULL, &soon);
    }
    ok(called_once(MANY, 0), "each ran once, and its own wait succeeded");
    drop_all(MANY);
}

static void silent(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request))
        ;
    pause();
}

/* A disconnect returns when the callbacks have run: what they use may be freed
 * then. */
static void disconnect_with_many(int force, int sent)
{
    struct peer peer;
    dhcpctl_handle mine;
    struct timeval soon = {0, 1000};
    dhcpctl_status answer;

    peer_start(&peer, silent);
    mine = peer_connect(&peer);
    prepare(mine, MANY, note);
    if (sent)
        is(dhcpctl_timed_wait_for_completion(objects[0], &answer, &soon), ISC_R_TIMEDOUT,
           "no answer");
    is(dhcpctl_disconnect(&mine, force), 0, "disconnect with ten thousand outstanding");
    ok(!mine, "clears the handle");
    if (!force) { /* what did not fit into the socket keeps it open for now */
        soon = in_seconds(10);
        omapi_wait_for_completion(objects[MANY - 1], &soon);
    }
    ok(called_once(MANY, DHCP_R_CONNRESET), "each callback was called once, with the loss");
    soon = in_seconds(0);
    omapi_dispatch(&soon);
    ok(called_once(MANY, DHCP_R_CONNRESET), "and not again");
    is(finish(objects[7]), DHCP_R_CONNRESET, "a wait is told so too");
    is(finish(objects[7]), ISC_R_NOMORE, "once");
    drop_all(MANY);
    peer_stop(&peer);
}

static dhcpctl_handle victim;

static void disconnects(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    note(object, status, data);
    if (victim)
        dhcpctl_disconnect(&victim, 1);
}

/* The first answer ends the connection for the rest. */
static void disconnect_inside(void)
{
    int i;
    int lost = 0;

    victim = server_connect();
    prepare(victim, 1000, disconnects);
    i = (int) finish(objects[999]);
    ok(i == 0 || i == DHCP_R_CONNRESET, "a callback that disconnects: the wait ends");
    for (i = 0; i < 1000; i++) {
        if (calls[i] != 1)
            break;
        lost += results[i] == DHCP_R_CONNRESET;
    }
    is(i, 1000, "every callback ran once");
    ok(lost > 0, "most with the loss (%d of 1000)", lost);
    ok(!victim, "the handle is gone");
    drop_all(1000);
}

/* A callback about one connection closes another, with callbacks of its own. */
static void closes_another(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    note(object, status, data);
    if (victim)
        dhcpctl_disconnect(&victim, 1);
}

static void disconnect_another(void)
{
    struct peer peer;
    int mine = 0;
    dhcpctl_handle lease;

    peer_start(&peer, silent);
    victim = peer_connect(&peer);
    prepare(victim, 100, note);
    lease = new_lease(connection, "10.0.0.10");
    dhcpctl_set_callback(lease, &calls[200], closes_another);
    is(open_now(lease, connection, 0), 0, "a callback that closes another connection");
    mine = calls[200];
    is(mine, 1, "ran once");
    ok(called_once(100, DHCP_R_CONNRESET), "and so did all of the other connection");
    drop_all(100);
    drop(&lease);
    peer_stop(&peer);
}

/* The answers come when nobody has the objects any more. */
static void freed_before_the_answer(void)
{
    dhcpctl_handle last;

    prepare(connection, 500, NULL);
    drop_all(500);
    last = new_lease(connection, "10.0.0.12");
    is(open_now(last, connection, 0), 0, "answers for objects that are gone");
    drop(&last);
    prepare(connection, 500, note);
    drop_all(500);
    last = new_lease(connection, "10.0.0.12");
    is(open_now(last, connection, 0), 0, "and with callbacks");
    ok(called_once(500, 0), "which are called all the same");
    drop(&last);
}

/* One object, requests on two connections: each ends, wherever it is. */
static void on_two_connections(void)
{
    dhcpctl_handle other = server_connect();
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    is(dhcpctl_open_object(lease, connection, 0), 0, "open here");
    is(dhcpctl_open_object(lease, other, 0), 0, "and there");
    is(finish(lease), 0, "one answer");
    is(finish(lease), 0, "the other");
    is(finish(lease), ISC_R_NOMORE, "no third");
    drop(&lease);
    is(dhcpctl_disconnect(&other, 1), 0, "disconnect");
}

/* A callback uses a connection that was not part of the wait before. */
static dhcpctl_handle second_connection;

static void asks_elsewhere(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    note(object, status, data);
    if (*(int *) data == 1 && dhcpctl_open_object(objects[1], second_connection, 0))
        results[number_of(data)] = 4242;
}

static void answers_when_told(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    /* The first at once, the second late: the wait for it goes on meanwhile. */
    if (peer_read(fd, &request))
        peer_answer(fd, &request);
    if (peer_read(fd, &request)) {
        usleep(500000);
        peer_answer(fd, &request);
    }
    pause();
}

static void another_connection_during_a_wait(void)
{
    struct peer peer;
    dhcpctl_handle slow;
    dhcpctl_handle late;

    memset(calls, 0, sizeof calls);
    peer_start(&peer, answers_when_told);
    second_connection = server_connect();
    slow = peer_connect(&peer);
    objects[0] = new_lease(slow, "10.0.0.10");
    objects[1] = new_lease(second_connection, "10.0.0.11");
    late = new_lease(slow, "10.0.0.12");
    dhcpctl_set_callback(objects[0], &calls[0], asks_elsewhere);
    dhcpctl_set_callback(objects[1], &calls[1], note);
    is(dhcpctl_open_object(objects[0], slow, 0), 0, "a first request");
    is(dhcpctl_open_object(late, slow, 0), 0, "and a slow one");
    is(finish(late), 0, "which is waited for");
    is(calls[0], 1, "the first one's callback used another connection");
    is(calls[1], 1, "whose answer came during the same wait");
    drop(&objects[0]);
    drop(&objects[1]);
    drop(&late);
    dhcpctl_disconnect(&slow, 1);
    dhcpctl_disconnect(&second_connection, 1);
    peer_stop(&peer);
}

int main(void)
{
    tap_begin(150);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    waited_for_and_freed();
    all_freed();
    nested();
    disconnect_with_many(1, 0);
    disconnect_with_many(1, 1);
    disconnect_with_many(0, 0);
    disconnect_inside();
    disconnect_another();
    freed_before_the_answer();
    on_two_connections();
    another_connection_during_a_wait();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
