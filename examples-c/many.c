/* Many lookups in flight: a whole range of leases, one line each.
 *
 *   many FIRST-ADDRESS COUNT    server on 127.0.0.1, port 7911 or $OMAPI_PORT
 *
 * All requests are queued before the first wait, so that the server is never
 * idle between a question and the next. Answers can be collected in any
 * order. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

static const char *state_of(dhcpctl_handle lease)
{
    static const char *const names[] = {"?",        "free",      "active", "expired",
                                        "released", "abandoned", "reset",  "backup"};
    int state = 0;

    /* Any four-byte number can be read this way. */
    if (dhcpctl_get_boolean(&state, lease, "state") || state < 0 || state > 7)
        state = 0;
    return names[state];
}

int main(int argc, char **argv)
{
    const char *port = getenv("OMAPI_PORT");
    dhcpctl_handle connection = NULL;
    dhcpctl_handle *leases;
    struct in_addr first;
    int count = argc > 2 ? atoi(argv[2]) : 0;
    int i;

    if (argc < 3 || count < 1 || inet_pton(AF_INET, argv[1], &first) != 1) {
        fprintf(stderr, "usage: many FIRST-ADDRESS COUNT\n");
        return 2;
    }
    leases = (dhcpctl_handle *) calloc((size_t) count, sizeof *leases);
    if (!leases)
        return 1;
    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&connection, "127.0.0.1", port ? atoi(port) : 7911, NULL), "connect");

    for (i = 0; i < count; i++) {
        struct in_addr address;

        address.s_addr = htonl(ntohl(first.s_addr) + (uint32_t) i);
        check(dhcpctl_new_object(&leases[i], connection, "lease"), "new object");
        check(dhcpctl_set_data_value(leases[i], (const char *) &address, 4, "ip-address"), "set");
        check(dhcpctl_open_object(leases[i], connection, 0), "open");
    }
    for (i = 0; i < count; i++) {
        struct in_addr address;
        char text[INET_ADDRSTRLEN];
        isc_result_t result;

        address.s_addr = htonl(ntohl(first.s_addr) + (uint32_t) i);
        check(dhcpctl_wait_for_completion(leases[i], &result), "wait");
        printf("%s %s\n", inet_ntop(AF_INET, &address, text, sizeof text),
               result == ISC_R_SUCCESS ? state_of(leases[i]) : isc_result_totext(result));
        omapi_object_dereference(&leases[i], MDL);
    }
    free(leases);
    dhcpctl_disconnect(&connection, 1);
    return 0;
}
