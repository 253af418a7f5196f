/* servers: testd dhcpd kea; keys: each; under: valgrind tsan tsan-kea asan asan-kea */
/* Waiting on a real server: any order, any number, once each. */

#include "client.h"

#define MANY 1000

static dhcpctl_handle connection;

/* Every code a failing wait gives is an error, and it is stored as well: a
 * program that looks at the status alone must not read success. */
static void fails_at_once(dhcpctl_handle handle, const char *what)
{
    dhcpctl_status answer = 0;
    dhcpctl_status status;
    struct timeval limit = {20, 0};
    double before = seconds_now();

    status = dhcpctl_wait_for_completion(handle, &answer);
    ok(status != 0, "%s: an error (%s)", what, isc_result_totext(status));
    ok(answer != 0, "%s: which is stored too", what);
    answer = 0;
    status = dhcpctl_timed_wait_for_completion(handle, &answer, &limit);
    ok(status != 0, "%s, timed: an error", what);
    ok(answer != 0, "%s, timed: which is stored too", what);
    ok(seconds_now() - before < 10, "%s: at once", what);
}

static void nothing_pending(void)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_handle authenticator = NULL;
    dhcpctl_status answer = 99;

    fails_at_once(lease, "no request made");
    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    is(dhcpctl_wait_for_completion(lease, &answer), 0, "wait");
    is(answer, 0, "the server found it");
    fails_at_once(lease, "waited twice");
    ok(number_is(lease, "state", 2), "the object keeps its values");
    drop(&lease);

    fails_at_once(connection, "a connection");
    dhcpctl_new_authenticator(&authenticator, "k", "hmac-md5", (const unsigned char *) "s", 1);
    fails_at_once(authenticator, "an authenticator");
    drop(&authenticator);
}

static void reverse_order(void)
{
    dhcpctl_handle first = new_lease(connection, "10.0.0.10");
    dhcpctl_handle second = new_lease(connection, "10.0.0.11");
    dhcpctl_handle missing = new_lease(connection, "192.0.2.1");

    is(dhcpctl_open_object(first, connection, 0), 0, "open one");
    is(dhcpctl_open_object(missing, connection, 0), 0, "open one that does not exist");
    is(dhcpctl_open_object(second, connection, 0), 0, "open another");
    is(finish(second), 0, "the last one first");
    ok(text_is(second, "client-hostname", "h11"), "its own answer");
    is(finish(first), 0, "then the first");
    ok(text_is(first, "client-hostname", "h10"), "its own answer");
    is(finish(missing), ISC_R_NOTFOUND, "then the missing one");
    drop(&first);
    drop(&second);
    drop(&missing);
}

static void two_connections(void)
{
    dhcpctl_handle other = server_connect();
    dhcpctl_handle first = new_lease(connection, "10.0.0.10");
    dhcpctl_handle second = new_lease(other, "10.0.0.12");

    is(dhcpctl_open_object(first, connection, 0), 0, "open on one connection");
    is(dhcpctl_open_object(second, other, 0), 0, "and on another");
    is(finish(second), 0, "wait for the second");
    is(finish(first), 0, "then for the first");
    ok(text_is(first, "client-hostname", "h10"), "each has");
    ok(text_is(second, "client-hostname", "h12"), "its own answer");
    drop(&first);
    drop(&second);
    dhcpctl_disconnect(&other, 1);
}

static void same_object_twice(void)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    is(open_now(lease, connection, 0), 0, "open");
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh again");
    is(finish(lease), 0, "a wait for each");
    is(finish(lease), 0, "of the two");
    ok(finish(lease) != 0, "and none is left");
    drop(&lease);
}

/* A thousand requests are far more than the server answers in one piece. */
static void many(const char *how, int from, int step)
{
    static dhcpctl_handle leases[MANY];
    char address[20];
    int i;
    int at;
    int bad = 0;
    int known;
    dhcpctl_status status;

    for (i = 0; i < MANY; i++) {
        snprintf(address, sizeof address, "10.0.0.%d", 10 + i % 50);
        leases[i] = new_lease(connection, address);
        if (dhcpctl_open_object(leases[i], connection, 0))
            bad++;
    }
    is(bad, 0, "a thousand requests");
    for (i = 0, at = from; i < MANY; i++, at = (at + step) % MANY) {
        known = at % 50 <= 30;
        status = finish(leases[at]);
        if (status != (known ? ISC_R_SUCCESS : ISC_R_NOTFOUND)) {
            if (!bad)
                printf("# request %d: %s\n", at, isc_result_totext(status));
            bad++;
        } else if (known) {
            unsigned char want[4] = {10, 0, 0, (unsigned char) (10 + at % 50)};

            if (!value_is(leases[at], "ip-address", want, 4))
                bad++;
        }
    }
    ok(bad == 0, "answered, each to its object, %s", how);
    for (i = 0; i < MANY; i++)
        drop(&leases[i]);
}

static void timed(void)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_status answer = 99;
    struct timeval limit = {3, 1500000};

    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    is(dhcpctl_timed_wait_for_completion(lease, &answer, NULL), 0, "no limit");
    is(answer, 0, "found");
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
    answer = 99;
    is(dhcpctl_timed_wait_for_completion(lease, &answer, &limit), 0, "1.5 million microseconds");
    is(answer, 0, "refreshed");
    ok(limit.tv_sec == 3 && limit.tv_usec == 1500000, "the limit is not changed");
    drop(&lease);
}

/* An object may go before its answer has come. */
static void dropped_early(void)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_handle other = new_lease(connection, "10.0.0.11");

    is(dhcpctl_open_object(lease, connection, 0), 0, "open");
    drop(&lease);
    is(open_now(other, connection, 0), 0, "another one is answered");
    drop(&other);
}

int main(void)
{
    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    nothing_pending();
    reverse_order();
    two_connections();
    same_object_twice();
    many("in order", 0, 1);
    many("last first", MANY - 1, MANY - 1);
    many("all over the place", 123, 387);
    timed();
    dropped_early();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
