/* When does a lease end?
 *
 *   lease [ADDRESS [PORT]]      asks the server on 127.0.0.1
 *
 * The sample program of omapi(3), with the errors checked, and with the time
 * turned from the wire's byte order into the machine's. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    const char *address = argc > 1 ? argv[1] : "10.0.0.10";
    int port = argc > 2 ? atoi(argv[2]) : 7911;
    dhcpctl_handle connection = NULL;
    dhcpctl_handle lease = NULL;
    dhcpctl_data_string ipaddrstring = NULL;
    dhcpctl_data_string value = NULL;
    isc_result_t waitstatus;
    struct in_addr convaddr;
    uint32_t seconds;
    time_t thetime;

    if (inet_pton(AF_INET, address, &convaddr) != 1) {
        fprintf(stderr, "%s is not an IPv4 address\n", address);
        return 1;
    }

    /* Required first step. */
    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&connection, "127.0.0.1", port, NULL), "connect");

    /* A handle for the lease. So far it is only a local thing. */
    check(dhcpctl_new_object(&lease, connection, "lease"), "new object");

    /* Its address, which is all that the server needs to find it. */
    check(omapi_data_string_new(&ipaddrstring, 4, MDL), "new data string");
    memcpy(ipaddrstring->value, &convaddr, 4);
    check(dhcpctl_set_value(lease, ipaddrstring, "ip-address"), "set ip-address");
    dhcpctl_data_string_dereference(&ipaddrstring, MDL);

    /* The request is queued, then sent and answered during the wait. */
    check(dhcpctl_open_object(lease, connection, 0), "open");
    check(dhcpctl_wait_for_completion(lease, &waitstatus), "wait");
    check(waitstatus, address);

    /* Numbers come as the wire has them: four bytes, the highest first. */
    check(dhcpctl_get_value(&value, lease, "ends"), "get ends");
    if (value->len != sizeof seconds) {
        fprintf(stderr, "ends has %u bytes\n", value->len);
        return 1;
    }
    memcpy(&seconds, value->value, sizeof seconds);
    dhcpctl_data_string_dereference(&value, MDL);
    thetime = (time_t) ntohl(seconds);
    printf("ending time is %s", ctime(&thetime));

    omapi_object_dereference(&lease, MDL);
    dhcpctl_disconnect(&connection, 1);
    return 0;
}
