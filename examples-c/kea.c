/* All leases of a Kea server, or any command.
 *
 *   kea SOCKET                          a table of the leases
 *   kea SOCKET COMMAND [ARGUMENTS]      the answer in JSON
 *
 *   kea /run/kea/kea4-ctrl-socket leases-reclaim '{"remove": true}'
 *
 * Neither exists in OMAPI: these calls are additions of this library. */

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

/* An attribute as text; "-" when the lease has none. */
static void column(dhcpctl_handle lease, const char *name, int as_text)
{
    dhcpctl_data_string value = NULL;
    unsigned i;

    if (dhcpctl_get_value(&value, lease, name) != ISC_R_SUCCESS || value->len == 0) {
        printf("%-18s", "-");
        return;
    }
    if (as_text)
        printf("%-18.*s", (int) value->len, (const char *) value->value);
    else
        for (i = 0; i < value->len; i++)
            printf("%02x%s", value->value[i], i + 1 < value->len ? ":" : " ");
    dhcpctl_data_string_dereference(&value, MDL);
}

static void table(dhcpctl_handle connection)
{
    dhcpctl_handle lease = NULL;
    dhcpctl_data_string address = NULL;
    dhcpctl_status status;
    int state;

    check(dhcpctl_new_object(&lease, connection, "lease"), "new object");
    for (;;) {
        check(dhcpctl_next_object(connection, lease), "next");
        check(dhcpctl_wait_for_completion(lease, &status), "wait");
        if (status == ISC_R_NOMORE)
            break;
        check(status, "next lease");
        check(dhcpctl_get_value(&address, lease, "ip-address"), "address");
        printf("%-16s", inet_ntoa(*(struct in_addr *) address->value));
        dhcpctl_data_string_dereference(&address, MDL);
        check(dhcpctl_get_boolean(&state, lease, "state"), "state");
        printf("%-3d", state);
        column(lease, "hardware-address", 0);
        column(lease, "client-hostname", 1);
        printf("\n");
    }
    omapi_object_dereference(&lease, MDL);
}

int main(int argc, char **argv)
{
    dhcpctl_handle connection = NULL;
    dhcpctl_data_string reply = NULL;
    dhcpctl_status status;

    if (argc < 2) {
        fprintf(stderr, "usage: kea SOCKET [COMMAND [ARGUMENTS]]\n");
        return 2;
    }
    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&connection, argv[1], 0, NULL), "connect");
    if (argc == 2) {
        table(connection);
        return 0;
    }
    status = dhcpctl_kea_command(connection, argv[2], argc > 3 ? argv[3] : NULL, &reply);
    if (reply) {
        printf("%.*s\n", (int) reply->len, (const char *) reply->value);
        dhcpctl_data_string_dereference(&reply, MDL);
    }
    check(status, argv[2]);
    return 0;
}
