/*
 * What most test programs do first: find the server, connect, look things up.
 *
 *   OMAPI_HOST  dotted address, 127.0.0.1 by default
 *   OMAPI_PORT  7911 by default
 *   OMAPI_KEY   name:algorithm:secret-in-hex; unset means no authentication
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "tap.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

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

/* The three parts of OMAPI_KEY. */
struct key {
    char name[256];
    char algorithm[64];
    unsigned char secret[512];
    unsigned length;
};

/* 0 when there is no key. */
static inline int server_key(struct key *key)
{
    const char *text = getenv("OMAPI_KEY");
    const char *hex;
    unsigned byte;

    memset(key, 0, sizeof *key);
    if (!text || !*text)
        return 0;
    if (sscanf(text, "%255[^:]:%63[^:]:", key->name, key->algorithm) != 2)
        tap_bail("OMAPI_KEY is not name:algorithm:hex");
    hex = strrchr(text, ':') + 1;
    while (isxdigit((unsigned char) hex[0]) && isxdigit((unsigned char) hex[1])) {
        if (key->length == sizeof key->secret || sscanf(hex, "%2x", &byte) != 1)
            tap_bail("OMAPI_KEY: bad secret");
        key->secret[key->length++] = (unsigned char) byte;
        hex += 2;
    }
    return 1;
}

/* The authenticator for the server, NULL when it wants none. */
static inline dhcpctl_handle server_authenticator(void)
{
    struct key key;
    dhcpctl_handle authenticator = NULL;

    if (!server_key(&key))
        return NULL;
    if (dhcpctl_new_authenticator(&authenticator, key.name, key.algorithm, key.secret, key.length))
        tap_bail("dhcpctl_new_authenticator failed");
    return authenticator;
}

/* A connection, or the end: nothing in a test makes sense without one. */
static inline dhcpctl_handle server_connect(void)
{
    dhcpctl_handle connection = NULL;
    dhcpctl_handle authenticator = server_authenticator();
    dhcpctl_status status =
        dhcpctl_connect(&connection, server_host(), server_port(), authenticator);

    if (status) {
        printf("# %s port %d: %s\n", server_host(), server_port(), isc_result_totext(status));
        tap_bail("cannot connect to the server");
    }
    if (authenticator)
        omapi_object_dereference(&authenticator, MDL);
    return connection;
}

static inline dhcpctl_handle new_object(dhcpctl_handle connection, const char *type)
{
    dhcpctl_handle object = NULL;

    if (dhcpctl_new_object(&object, connection, type) || !object)
        tap_bail("dhcpctl_new_object failed");
    return object;
}

static inline void drop(dhcpctl_handle *object)
{
    if (*object)
        omapi_object_dereference(object, MDL);
}

/* Waits, and gives the one code that says how the request ended: the wait's
 * own when it failed, else the server's. Five seconds are for ever. */
static inline dhcpctl_status finish(dhcpctl_handle object)
{
    struct timeval limit = {5, 0};
    dhcpctl_status answer = 12345;
    dhcpctl_status status = dhcpctl_timed_wait_for_completion(object, &answer, &limit);

    return status ? status : answer;
}

/* Open and wait. */
static inline dhcpctl_status open_now(dhcpctl_handle object, dhcpctl_handle connection, int flags)
{
    dhcpctl_status status = dhcpctl_open_object(object, connection, flags);

    return status ? status : finish(object);
}

static inline dhcpctl_status set_address(dhcpctl_handle object, const char *dotted)
{
    struct in_addr address;

    if (inet_pton(AF_INET, dotted, &address) != 1)
        tap_bail("bad address in a test");
    return dhcpctl_set_data_value(object, (const char *) &address, 4, "ip-address");
}

/* A lease that has only its key set. */
static inline dhcpctl_handle new_lease(dhcpctl_handle connection, const char *dotted)
{
    dhcpctl_handle lease = new_object(connection, "lease");

    if (set_address(lease, dotted))
        tap_bail("cannot set ip-address");
    return lease;
}

/* Whether the attribute is there with exactly these bytes. */
static inline int value_is(dhcpctl_handle object, const char *name, const void *bytes,
                           unsigned length)
{
    dhcpctl_data_string value = NULL;
    dhcpctl_status status = dhcpctl_get_value(&value, object, name);
    unsigned i;
    int same;

    if (status || !value) {
        printf("#   %s: %s\n", name, isc_result_totext(status));
        return 0;
    }
    same = value->len == length && memcmp(value->value, bytes, length) == 0;
    if (!same) {
        printf("#   %s is", name);
        for (i = 0; i < value->len && i < 40; i++)
            printf(" %02x", value->value[i]);
        printf(" (%u bytes)\n", value->len);
    }
    dhcpctl_data_string_dereference(&value, MDL);
    return same;
}

static inline int text_is(dhcpctl_handle object, const char *name, const char *text)
{
    return value_is(object, name, text, (unsigned) strlen(text));
}

/* Integers are seen as the wire's four bytes, most significant first. */
static inline int number_is(dhcpctl_handle object, const char *name, uint32_t number)
{
    uint32_t wire = htonl(number);

    return value_is(object, name, &wire, 4);
}

static inline int has_no(dhcpctl_handle object, const char *name)
{
    dhcpctl_data_string value = NULL;
    dhcpctl_status status = dhcpctl_get_value(&value, object, name);

    if (value)
        dhcpctl_data_string_dereference(&value, MDL);
    return status == ISC_R_NOTFOUND;
}

/* Length of an attribute, -1 when it is not there. */
static inline int value_length(dhcpctl_handle object, const char *name)
{
    dhcpctl_data_string value = NULL;
    int length = -1;

    if (dhcpctl_get_value(&value, object, name) == 0 && value) {
        length = (int) value->len;
        dhcpctl_data_string_dereference(&value, MDL);
    }
    return length;
}

/* To see that nothing is left open; the absolute number means nothing. */
static inline int open_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    int count = 0;

    if (!list)
        return -1;
    while (readdir(list))
        count++;
    closedir(list);
    return count;
}

static inline double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* omapi_dispatch() takes a time of day, not a span. */
static inline struct timeval in_seconds(int seconds)
{
    struct timeval when;

    gettimeofday(&when, NULL);
    when.tv_sec += seconds;
    return when;
}

#endif
