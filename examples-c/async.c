/* Callbacks: ask for several leases, do something else, be told.
 *
 *   async ADDRESS...            server on 127.0.0.1, port 7911 or $OMAPI_PORT
 *
 * Nobody waits for a particular object. The program serves the library's
 * sockets now and then with omapi_one_dispatch(), and each callback runs once
 * for each answer, or once with an error if there will be none. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static int unanswered;

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

/* `data` is what was given to dhcpctl_set_callback(): here the address. */
static void answered(dhcpctl_handle lease, dhcpctl_status status, void *data)
{
    dhcpctl_data_string name = NULL;

    unanswered--;
    if (status != ISC_R_SUCCESS) {
        printf("%s: %s\n", (const char *) data, isc_result_totext(status));
    } else if (dhcpctl_get_value(&name, lease, "client-hostname") == ISC_R_SUCCESS) {
        printf("%s: %.*s\n", (const char *) data, (int) name->len, (const char *) name->value);
        dhcpctl_data_string_dereference(&name, MDL);
    } else {
        printf("%s: no name\n", (const char *) data);
    }
    omapi_object_dereference(&lease, MDL); /* the callback may end its object */
}

int main(int argc, char **argv)
{
    const char *port = getenv("OMAPI_PORT");
    dhcpctl_handle connection = NULL;
    struct timeval until;
    int i;

    if (argc < 2) {
        fprintf(stderr, "usage: async ADDRESS...\n");
        return 2;
    }
    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&connection, "127.0.0.1", port ? atoi(port) : 7911, NULL), "connect");

    for (i = 1; i < argc; i++) {
        dhcpctl_handle lease = NULL;
        struct in_addr address;

        if (inet_pton(AF_INET, argv[i], &address) != 1) {
            fprintf(stderr, "%s is not an IPv4 address\n", argv[i]);
            continue;
        }
        check(dhcpctl_new_object(&lease, connection, "lease"), "new object");
        check(dhcpctl_set_data_value(lease, (const char *) &address, 4, "ip-address"), "set");
        check(dhcpctl_set_callback(lease, argv[i], answered), "set callback");
        check(dhcpctl_open_object(lease, connection, 0), "open");
        unanswered++;
    }

    /* The program's own loop. The time is a moment, not a span. */
    while (unanswered > 0) {
        isc_result_t result;

        gettimeofday(&until, NULL);
        until.tv_sec += 1;
        result = omapi_one_dispatch(NULL, &until);
        if (result == ISC_R_TIMEDOUT)
            printf("still %d to come\n", unanswered);
        else
            check(result, "dispatch");
    }
    dhcpctl_disconnect(&connection, 1);
    return 0;
}
