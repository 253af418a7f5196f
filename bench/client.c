/*
 * Our side: the same lookups through the library.
 *
 *   client lookup COUNT             one after the other
 *   client many COUNT WIDTH         WIDTH opened, then waited for; COUNT in all
 *   client own COUNT THREADS        one after the other in each thread, COUNT
 *                                   in all, each thread with a connection
 *   client shared COUNT THREADS     the same, all on one connection
 *   client connect COUNT            connect, one lookup, disconnect
 *   client first                    exit as soon as one lookup is done
 *   client memory COUNT             bytes per object with 10 attributes
 *
 *   OMAPI_KEY  name:algorithm:secret (the secret as it is, without NUL);
 *              unset means no authentication
 *
 * Prints the seconds that it took; `memory`: bytes of ours, bytes of the same
 * structs from malloc.
 */
#include "common.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static dhcpctl_handle authenticator;

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "client: %s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

static void make_authenticator(void)
{
    char name[64], algorithm[64], secret[128];
    const char *key = getenv("OMAPI_KEY");

    if (!key || sscanf(key, "%63[^:]:%63[^:]:%127s", name, algorithm, secret) != 3)
        return;
    check(dhcpctl_new_authenticator(&authenticator, name, algorithm, (unsigned char *) secret,
                                    (unsigned) strlen(secret)),
          "authenticator");
}

static dhcpctl_handle connected(void)
{
    dhcpctl_handle c = NULL;

    check(dhcpctl_connect(&c, server_host(), server_port(), authenticator), "connect");
    return c;
}

static dhcpctl_handle opened(dhcpctl_handle c, long i)
{
    dhcpctl_handle lease = NULL;
    unsigned char address[4];

    address_of(i, address);
    check(dhcpctl_new_object(&lease, c, "lease"), "new object");
    check(dhcpctl_set_data_value(lease, (char *) address, sizeof address, "ip-address"), "set");
    check(dhcpctl_open_object(lease, c, 0), "open");
    return lease;
}

static void finish(dhcpctl_handle lease)
{
    isc_result_t result;

    check(dhcpctl_wait_for_completion(lease, &result), "wait");
    check(result, "lookup");
}

static void drop(dhcpctl_handle *lease)
{
    check(omapi_object_dereference(lease, MDL), "dereference");
}

static void lookup(dhcpctl_handle c, long i)
{
    dhcpctl_handle lease = opened(c, i);

    finish(lease);
    drop(&lease);
}

static void one_by_one(dhcpctl_handle c, long count)
{
    long i;

    for (i = 0; i < count; i++)
        lookup(c, i);
}

static void many(dhcpctl_handle c, long count, long width)
{
    dhcpctl_handle *leases = malloc((size_t) width * sizeof *leases);
    long done, i;

    if (!leases)
        die("malloc");
    for (done = 0; done < count; done += width) {
        for (i = 0; i < width; i++)
            leases[i] = opened(c, done + i);
        for (i = 0; i < width; i++) {
            finish(leases[i]);
            drop(&leases[i]);
        }
    }
    free(leases);
}

struct job {
    dhcpctl_handle connection;
    long count;
    pthread_t thread;
};

static void *worker(void *arg)
{
    struct job *job = arg;

    one_by_one(job->connection, job->count);
    return NULL;
}

static double threads(long count, long n, int shared)
{
    struct job *jobs = calloc((size_t) n, sizeof *jobs);
    double start;
    long i;

    if (!jobs)
        die("calloc");
    for (i = 0; i < n; i++) {
        jobs[i].connection = shared && i ? jobs[0].connection : connected();
        jobs[i].count = count / n;
    }
    start = now();
    for (i = 0; i < n; i++)
        if (pthread_create(&jobs[i].thread, NULL, worker, &jobs[i]))
            die("pthread_create");
    for (i = 0; i < n; i++)
        pthread_join(jobs[i].thread, NULL);
    return now() - start;
}

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static size_t c_blocks;

static void block(size_t n)
{
    void **p = calloc(1, n);

    if (!p)
        die("calloc");
    /* Kept, and not seen as unused. */
    __asm__ volatile("" : : "r"(p) : "memory");
    c_blocks++;
}

/* A host, because a lease has more than ten attributes. */
static dhcpctl_handle opened_host(dhcpctl_handle c)
{
    dhcpctl_handle host = NULL;

    check(dhcpctl_new_object(&host, c, "host"), "new object");
    check(dhcpctl_set_string_value(host, "bench", "name"), "set");
    check(dhcpctl_open_object(host, c, 0), "open");
    return host;
}

/* The blocks that the genuine structs of such an object need. */
static void same_blocks(dhcpctl_handle h)
{
    dhcpctl_remote_object_t *r = (dhcpctl_remote_object_t *) h;
    omapi_generic_object_t *g = (omapi_generic_object_t *) h->inner;
    int i;

    block(sizeof *r);
    block(offsetof(omapi_typed_data_t, u.buffer.value) + r->rtype->u.buffer.len);
    block(sizeof *g);
    block((size_t) g->va_max * sizeof *g->values);
    block((size_t) g->va_max * sizeof *g->changed);
    for (i = 0; i < g->nvalues; i++) {
        omapi_value_t *v = g->values[i];

        block(sizeof *v);
        block(offsetof(omapi_data_string_t, value) + v->name->len);
        block(offsetof(omapi_typed_data_t, u.buffer.value) + v->value->u.buffer.len);
    }
}

static void memory(dhcpctl_handle c, long count)
{
    dhcpctl_handle *hosts = calloc((size_t) count, sizeof *hosts);
    size_t before, ours;
    long i;

    if (!hosts)
        die("calloc");
    many(c, count, count); /* buffers have their size then */
    before = in_use();
    for (i = 0; i < count; i++)
        hosts[i] = opened_host(c);
    for (i = 0; i < count; i++) {
        omapi_generic_object_t *g = (omapi_generic_object_t *) hosts[i]->inner;
        char name[32];

        finish(hosts[i]);
        while (g->nvalues < 10) {
            snprintf(name, sizeof name, "attribute-%d", g->nvalues);
            check(dhcpctl_set_int_value(hosts[i], 1, name), "set");
        }
        if (g->nvalues > 10) {
            fprintf(stderr, "client: the server sent %d attributes\n", g->nvalues);
            exit(1);
        }
    }
    ours = in_use() - before;
    before = in_use();
    for (i = 0; i < count; i++)
        same_blocks(hosts[i]);
    printf("%.1f %.1f\n", (double) ours / (double) count,
           (double) (in_use() - before) / (double) count);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    long count = argc > 2 ? atol(argv[2]) : 0;
    long width = argc > 3 ? atol(argv[3]) : 1;
    double start;

    check(dhcpctl_initialize(), "initialize");
    make_authenticator();
    if (!strcmp(mode, "first")) {
        lookup(connected(), 0);
        _exit(0);
    } else if (!strcmp(mode, "lookup")) {
        dhcpctl_handle c = connected();

        start = now();
        one_by_one(c, count);
        printf("%.9f\n", now() - start);
    } else if (!strcmp(mode, "many") && width > 0) {
        dhcpctl_handle c = connected();

        start = now();
        many(c, count, width);
        printf("%.9f\n", now() - start);
    } else if (!strcmp(mode, "connect")) {
        long i;

        start = now();
        for (i = 0; i < count; i++) {
            dhcpctl_handle c = connected();

            lookup(c, i);
            check(dhcpctl_disconnect(&c, 1), "disconnect");
        }
        printf("%.9f\n", now() - start);
    } else if (!strcmp(mode, "own") || !strcmp(mode, "shared")) {
        printf("%.9f\n", threads(count, width, mode[0] == 's'));
    } else if (!strcmp(mode, "memory")) {
        memory(connected(), count);
    } else {
        fprintf(stderr, "usage: client MODE COUNT [WIDTH]; see the source\n");
        return 2;
    }
    return 0;
}
