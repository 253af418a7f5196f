/*
 * What both sides of the benchmarks share: where the server is, which leases
 * are looked up, and the clock.
 *
 *   OMAPI_HOST  dotted address, 127.0.0.1 by default
 *   OMAPI_PORT  7911 by default
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The leases are 10.0.1.0 and what follows; the servers know that many. */
#define FIRST_LEASE 0x0a000100u
#define LEASES 10000

static inline const char *server_host(void)
{
    const char *host = getenv("OMAPI_HOST");

    return host && *host ? host : "127.0.0.1";
}

static inline int server_port(void)
{
    const char *port = getenv("OMAPI_PORT");

    return port && *port ? atoi(port) : 7911;
}

static inline void put32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char) (v >> 24);
    p[1] = (unsigned char) (v >> 16);
    p[2] = (unsigned char) (v >> 8);
    p[3] = (unsigned char) v;
}

/* The address of the i-th lookup, in network byte order. */
static inline void address_of(long i, unsigned char out[4])
{
    put32(out, FIRST_LEASE + (uint32_t) (i % LEASES));
}

static inline double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

#endif
