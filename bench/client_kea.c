/*
 * Our side of the measurements with Kea; OMAPI_HOST is the server's name.
 *
 *   client_kea window COUNT WIDTH   leases looked up, WIDTH outstanding; prints
 *                                   the seconds
 *   client_kea hosts                does what its input says, a line for each,
 *                                   and prints the seconds:
 *       find NAME            a host
 *       create NUMBER        the host bench-NUMBER
 *       remove NUMBER
 *       queue FIRST COUNT    creates so many before the first wait
 *       memory               prints the most memory in use so far, in KB
 */
#include "common.h"

#include <string.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "client_kea: %s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

static dhcpctl_handle object(dhcpctl_handle c, const char *type)
{
    dhcpctl_handle o = NULL;

    check(dhcpctl_new_object(&o, c, type), "new object");
    return o;
}

static void finish(dhcpctl_handle o, const char *what)
{
    isc_result_t result;

    check(dhcpctl_wait_for_completion(o, &result), "wait");
    check(result, what);
}

static void drop(dhcpctl_handle *o)
{
    check(omapi_object_dereference(o, MDL), "dereference");
}

static long started, done, all;

static void next(dhcpctl_handle c);

/* The next starts as soon as one is done, whichever that is. */
static void answered(dhcpctl_handle lease, dhcpctl_status status, void *connection)
{
    check(status, "lookup");
    drop(&lease);
    done++;
    next(connection);
}

static void next(dhcpctl_handle c)
{
    unsigned char address[4];
    dhcpctl_handle lease;

    if (started == all)
        return;
    lease = object(c, "lease");
    address_of(started++, address);
    check(dhcpctl_set_data_value(lease, (char *) address, sizeof address, "ip-address"), "set");
    check(dhcpctl_set_callback(lease, c, answered), "callback");
    check(dhcpctl_open_object(lease, c, 0), "open");
}

static void window(dhcpctl_handle c, long count, long width)
{
    all = count;
    while (started < width)
        next(c);
    while (done < count)
        check(omapi_one_dispatch(NULL, NULL), "dispatch");
}

static dhcpctl_handle named_host(dhcpctl_handle c, const char *name, int flags)
{
    dhcpctl_handle host = object(c, "host");

    check(dhcpctl_set_string_value(host, name, "name"), "set");
    if (!flags)
        check(dhcpctl_open_object(host, c, 0), "open");
    return host;
}

static dhcpctl_handle created(dhcpctl_handle c, long number)
{
    unsigned char hardware[6] = {2, 1};
    unsigned char address[4];
    char name[32];
    dhcpctl_handle host;

    snprintf(name, sizeof name, "bench-%ld", number);
    host = named_host(c, name, DHCPCTL_CREATE);
    put32(hardware + 2, (uint32_t) number);
    put32(address, 0x0a010000u + (uint32_t) number);
    check(dhcpctl_set_data_value(host, (char *) hardware, 6, "hardware-address"), "set");
    check(dhcpctl_set_int_value(host, 1, "hardware-type"), "set");
    check(dhcpctl_set_data_value(host, (char *) address, 4, "ip-address"), "set");
    check(dhcpctl_open_object(host, c, DHCPCTL_CREATE | DHCPCTL_EXCL), "open");
    return host;
}

static void queue(dhcpctl_handle c, long first, long count)
{
    dhcpctl_handle *hosts = calloc((size_t) count, sizeof *hosts);
    long i;

    if (!hosts)
        die("calloc");
    for (i = 0; i < count; i++)
        hosts[i] = created(c, first + i);
    for (i = 0; i < count; i++) {
        finish(hosts[i], "create");
        drop(&hosts[i]);
    }
    free(hosts);
}

static void removed(dhcpctl_handle c, long number)
{
    char name[32];
    dhcpctl_handle host;

    snprintf(name, sizeof name, "bench-%ld", number);
    host = named_host(c, name, 0);
    finish(host, "find");
    check(dhcpctl_object_remove(c, host), "remove");
    finish(host, "remove");
    drop(&host);
}

/* Not from getrusage: that counts what the parent had at the fork. */
static long peak(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[128];
    long kilobytes = -1;

    while (f && kilobytes < 0 && fgets(line, sizeof line, f))
        sscanf(line, "VmHWM: %ld", &kilobytes);
    if (kilobytes < 0)
        die("/proc/self/status");
    fclose(f);
    return kilobytes;
}

static void hosts(dhcpctl_handle c)
{
    char line[128], name[64];
    long number, count;

    while (fgets(line, sizeof line, stdin)) {
        double start = now();

        if (sscanf(line, "find %63s", name) == 1) {
            dhcpctl_handle host = named_host(c, name, 0);

            finish(host, "find");
            drop(&host);
        } else if (sscanf(line, "create %ld", &number) == 1) {
            dhcpctl_handle host = created(c, number);

            finish(host, "create");
            drop(&host);
        } else if (sscanf(line, "remove %ld", &number) == 1) {
            removed(c, number);
        } else if (sscanf(line, "queue %ld %ld", &number, &count) == 2) {
            queue(c, number, count);
        } else if (!strncmp(line, "memory", 6)) {
            printf("%ld\n", peak());
            fflush(stdout);
            continue;
        } else {
            fprintf(stderr, "client_kea: %s", line);
            exit(2);
        }
        printf("%.9f\n", now() - start);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    dhcpctl_handle c = NULL;

    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&c, server_host(), server_port(), NULL), "connect");
    if (argc == 4 && !strcmp(argv[1], "window") && atol(argv[3]) > 0) {
        double start = now();

        window(c, atol(argv[2]), atol(argv[3]));
        printf("%.9f\n", now() - start);
    } else if (argc == 2 && !strcmp(argv[1], "hosts")) {
        hosts(c);
    } else {
        fprintf(stderr, "usage: client_kea MODE ...; see the source\n");
        return 2;
    }
    return 0;
}
