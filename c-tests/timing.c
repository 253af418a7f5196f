/* servers: none */
/* Time limits, against a peer that is silent or late. Clocks are not tested
 * to the millisecond: a limit must hold off long enough and must end. */

#include "peer.h"

static void silent(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request))
        ;
    pause();
}

/* Takes the connection and says nothing at all. */
static void mute(int listener)
{
    while (accept(listener, NULL, NULL) >= 0)
        ;
}

/* Answers everything, but only after a while. */
static void late(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request)) {
        usleep(600000);
        peer_answer(fd, &request);
    }
}

/* One wait that has to end by its limit, not earlier than `least`. */
static void runs_out(dhcpctl_handle object, long seconds, long micros, double least,
                     const char *what)
{
    struct timeval limit;
    dhcpctl_status answer = 0;
    double before = seconds_now();
    double took;

    limit.tv_sec = seconds;
    limit.tv_usec = micros;
    is(dhcpctl_timed_wait_for_completion(object, &answer, &limit), ISC_R_TIMEDOUT, what);
    took = seconds_now() - before;
    ok(answer != 0, "%s: the status does not say success", what);
    ok(took >= least && took < 20, "%s: took %.2f s", what, took);
    ok(limit.tv_sec == seconds && limit.tv_usec == micros, "%s: the limit is not changed", what);
}

static void silent_server(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    peer_start(&peer, silent);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a request to a silent server");
    runs_out(lease, 0, 0, 0, "no time at all");
    runs_out(lease, -1, 0, 0, "negative seconds");
    runs_out(lease, 0, -1000, 0, "negative microseconds");
    runs_out(lease, 0, 300000, 0.25, "0.3 s");
    runs_out(lease, 0, 900000, 0.85, "0.9 s");
    runs_out(lease, 0, 1500000, 1.4, "1500000 microseconds");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

static void late_server(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    dhcpctl_status answer = 99;

    peer_start(&peer, late);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a request to a late server");
    runs_out(lease, 0, 100000, 0.05, "0.1 s");
    runs_out(lease, 0, 100000, 0.05, "0.1 s again");
    is(dhcpctl_wait_for_completion(lease, &answer), 0, "patience is rewarded");
    is(answer, 0, "with success");
    ok(number_is(lease, "state", 2), "and the values");

    /* The answer comes while nobody waits. */
    is(dhcpctl_object_refresh(connection, lease), 0, "another request");
    runs_out(lease, 0, 1000, 0, "a glance");
    usleep(900000);
    is(finish(lease), 0, "the answer was kept");
    ok(finish(lease) != 0, "once");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

static void connecting_to(struct peer *peer, long seconds, long micros, dhcpctl_handle key,
                          const char *what)
{
    struct timeval limit;
    dhcpctl_handle connection = NULL;
    double before = seconds_now();

    limit.tv_sec = seconds;
    limit.tv_usec = micros;
    is(dhcpctl_timed_connect(&connection, "127.0.0.1", peer->port, key, &limit), ISC_R_TIMEDOUT,
       what);
    ok(!connection, "%s: no connection", what);
    ok(seconds_now() - before < 20, "%s: in time", what);
    ok(limit.tv_sec == seconds && limit.tv_usec == micros, "%s: the limit is not changed", what);
}

static void mute_server(void)
{
    struct peer peer;
    struct peer other;
    dhcpctl_handle key = NULL;
    dhcpctl_handle connection;
    int before;
    int i;

    peer_start(&peer, mute);
    before = open_descriptors();
    connecting_to(&peer, 0, 200000, NULL, "connect, 0.2 s");
    connecting_to(&peer, 0, 1100000, NULL, "connect, 1100000 microseconds");
    connecting_to(&peer, 0, 0, NULL, "connect, no time at all");
    connecting_to(&peer, -1, 0, NULL, "connect, negative time");
    for (i = 0; i < 5; i++)
        connecting_to(&peer, 0, 10000, NULL, "connect, 0.01 s");
    is(open_descriptors(), before, "a connect that ran out leaves no descriptor behind");

    /* The same while another connection is open. */
    peer_start(&other, late);
    connection = peer_connect(&other);
    connecting_to(&peer, 0, 200000, NULL, "connect beside a live connection");
    peer_stop(&peer);

    /* Silent only when asked for the authenticator. */
    peer_start(&peer, silent);
    dhcpctl_new_authenticator(&key, "k", "hmac-md5", (const unsigned char *) "secret", 6);
    connecting_to(&peer, 0, 300000, key, "connect with a key");
    drop(&key);
    peer_stop(&peer);

    is(dhcpctl_disconnect(&connection, 1), 0, "the live connection is still one");
    peer_stop(&other);
}

static void absolute_times(void)
{
    struct peer peer;
    struct timeval past = in_seconds(-5);
    struct timeval soon = in_seconds(1);
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    peer_start(&peer, silent);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a request");
    is(omapi_dispatch(&past), ISC_R_TIMEDOUT, "dispatch until a time that is over");
    is(omapi_one_dispatch(NULL, &past), ISC_R_TIMEDOUT, "once, too");
    is(omapi_wait_for_completion(lease, &past), ISC_R_TIMEDOUT, "wait, too");
    is(omapi_dispatch(&soon), ISC_R_TIMEDOUT, "dispatch for a second");
    soon = in_seconds(1);
    is(omapi_wait_for_completion(lease, &soon), ISC_R_TIMEDOUT, "wait for a second");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

int main(void)
{
    tap_begin(100);
    is(dhcpctl_initialize(), 0, "initialize");
    silent_server();
    late_server();
    mute_server();
    absolute_times();
    return tap_end();
}
