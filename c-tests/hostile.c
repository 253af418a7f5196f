/* test: tests/c_programs/hostile.rs */
/* One request to a hostile server (tests/c_programs/hostile.rs plays it).
 *
 *   hostile SCENARIO EXPECTED
 *
 * EXPECTED: no-connection   connecting fails, before the limit
 *           connect-limit   connecting ends by its limit
 *           error           the request fails, before the limit
 *           limit           the request ends by its limit
 *           success         all goes well
 *           second-fails    the first request succeeds, the next one fails
 *           some-error      connecting or the request fails, before the limit
 */

#include "client.h"

#include <sys/resource.h>

/* Far below the limit is "at once", also on a busy machine. */
#define LIMIT 5

static dhcpctl_status ask(dhcpctl_handle object, double *took)
{
    struct timeval limit = {LIMIT, 0};
    dhcpctl_status answer = 0;
    double before = seconds_now();
    dhcpctl_status status = dhcpctl_timed_wait_for_completion(object, &answer, &limit);

    *took = seconds_now() - before;
    ok(status == 0 || answer != 0, "a wait that fails does not leave success behind");
    return status ? status : answer;
}

int main(int argc, char **argv)
{
    const char *expected = argc > 2 ? argv[2] : "";
    int wants_second = strcmp(expected, "second-fails") == 0;
    int wants_limit = strcmp(expected, "limit") == 0;
    dhcpctl_handle connection = NULL;
    dhcpctl_handle authenticator;
    dhcpctl_handle lease = NULL;
    struct timeval limit = {LIMIT, 0};
    struct rusage usage;
    dhcpctl_status status;
    double before;
    double took;

    tap_begin(60);
    printf("# %s: %s\n", argc > 1 ? argv[1] : "?", expected);
    is(dhcpctl_initialize(), 0, "initialize");
    authenticator = server_authenticator();
    if (strcmp(expected, "connect-limit") == 0)
        limit.tv_sec = 1;
    before = seconds_now();
    status = dhcpctl_timed_connect(&connection, server_host(), server_port(), authenticator,
                                   &limit);
    took = seconds_now() - before;
    printf("# connect: %s, %.2f s\n", isc_result_totext(status), took);

    if (strcmp(expected, "connect-limit") == 0) {
        is(status, ISC_R_TIMEDOUT, "connecting runs into its limit");
        ok(!connection, "without a connection");
    } else if (strcmp(expected, "no-connection") == 0) {
        ok(status != 0 && status != ISC_R_TIMEDOUT, "connecting fails");
        ok(took < LIMIT, "at once");
        ok(!connection, "without a connection");
    } else if (strcmp(expected, "some-error") == 0 && status != 0) {
        ok(status != ISC_R_TIMEDOUT, "connecting fails");
        ok(!connection, "without a connection");
    } else if (is(status, 0, "connect")) {
        lease = new_lease(connection, "10.0.0.10");
        is(dhcpctl_open_object(lease, connection, 0), 0, "ask");
        status = ask(lease, &took);
        printf("# answer: %s, %.2f s\n", isc_result_totext(status), took);
        if (wants_second) {
            is(status, 0, "the first request succeeds");
            status = dhcpctl_object_refresh(connection, lease);
            if (status == 0)
                status = ask(lease, &took);
            printf("# second answer: %s, %.2f s\n", isc_result_totext(status), took);
        }
        if (strcmp(expected, "success") == 0) {
            is(status, 0, "success");
            ok(number_is(lease, "state", 2), "with the values");
        } else if (wants_limit) {
            is(status, ISC_R_TIMEDOUT, "the request runs into its limit");
        } else if (wants_second || strstr(expected, "error")) {
            ok(status != 0 && status != ISC_R_TIMEDOUT, "an error");
            ok(took < LIMIT, "at once");
            if (!wants_second)
                ok(has_no(lease, "state"), "and no values");
        } else {
            ok(0, "what to expect is one of the words above");
        }
        drop(&lease);
    }
    dhcpctl_disconnect(&connection, 1);
    drop(&connection);
    drop(&authenticator);

    /* A server must not decide how much memory its client takes. */
    getrusage(RUSAGE_SELF, &usage);
    ok(usage.ru_maxrss < 256 * 1024, "memory stays small (%ld KiB)", usage.ru_maxrss);
    return tap_end();
}
