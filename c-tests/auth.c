/* servers: testd dhcpd kea; keys: each; under: valgrind-keyed */
/* Authentication: the right key, and every wrong one. */

#include "client.h"

static struct key key;

static dhcpctl_status connect_with(dhcpctl_handle *connection, const char *name,
                                   const char *algorithm, const unsigned char *secret,
                                   unsigned length)
{
    struct timeval limit = {10, 0};
    dhcpctl_handle authenticator = NULL;
    dhcpctl_status status;

    *connection = NULL;
    status = dhcpctl_new_authenticator(&authenticator, name, algorithm, secret, length);
    if (status == 0)
        status = dhcpctl_timed_connect(connection, server_host(), server_port(), authenticator,
                                       &limit);
    drop(&authenticator);
    return status;
}

static dhcpctl_status look_up(dhcpctl_handle connection)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_status status = open_now(lease, connection, 0);

    if (status == 0 && !number_is(lease, "state", 2))
        status = 4242;
    drop(&lease);
    return status;
}

static void good(const char *name, const char *algorithm, const char *what)
{
    dhcpctl_handle connection;

    is(connect_with(&connection, name, algorithm, key.secret, key.length), 0, what);
    if (!connection)
        return;
    is(look_up(connection), 0, "a signed lookup");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

static void bad(const char *name, const char *algorithm, dhcpctl_status want, const char *what)
{
    dhcpctl_handle connection;
    dhcpctl_status status = connect_with(&connection, name, algorithm, key.secret, key.length);

    if (want)
        is(status, want, what);
    else
        ok(status != 0 && status != ISC_R_TIMEDOUT, "%s: %s", what, isc_result_totext(status));
    ok(!connection, "%s: no connection", what);
    drop(&connection);
}

static void to_upper(char *text)
{
    for (; *text; text++)
        *text = (char) toupper((unsigned char) *text);
}

static void names(void)
{
    char text[256];
    const char *other =
        strcmp(key.algorithm, "hmac-sha256") == 0 ? "hmac-sha512" : "hmac-sha256";

    good(key.name, key.algorithm, "the server's key");
    snprintf(text, sizeof text, "%s.SIG-ALG.REG.INT.", key.algorithm);
    good(key.name, text, "the algorithm's full name");
    snprintf(text, sizeof text, "%s", key.algorithm);
    to_upper(text);
    good(key.name, text, "the algorithm in capitals");
    snprintf(text, sizeof text, "%s", key.name);
    to_upper(text);
    good(text, key.algorithm, "the name in capitals");

    bad("no-such-key", key.algorithm, ISC_R_NOTFOUND, "unknown key");
    bad(key.name, other, ISC_R_NOTFOUND, "another algorithm than the key's");
    bad(key.name, "hmac-none", 0, "an algorithm that nobody knows");
    bad(key.name, "", 0, "no algorithm");
    snprintf(text, sizeof text, "%s.", key.algorithm);
    bad(key.name, text, 0, "a dot that makes the name complete, and wrong");
    bad("", key.algorithm, 0, "no name");
}

/* The first signed request tells; the code has to reach the program. */
static void wrong_secret(unsigned length, int flip, const char *what)
{
    dhcpctl_handle connection;
    unsigned char wrong[sizeof key.secret];
    dhcpctl_status status;

    memcpy(wrong, key.secret, sizeof wrong);
    if (flip)
        wrong[length - 1] ^= 1;
    status = connect_with(&connection, key.name, key.algorithm, wrong, length);
    if (status == 0)
        status = look_up(connection);
    is(status, DHCP_R_INVALIDKEY, what);
    if (connection) {
        is(look_up(connection), DHCP_R_INVALIDKEY, "and again");
        dhcpctl_disconnect(&connection, 1);
    }
    drop(&connection);
}

static void no_key(void)
{
    dhcpctl_handle connection = NULL;

    is(dhcpctl_connect(&connection, server_host(), server_port(), NULL), 0, "connect without a key");
    if (!connection)
        return;
    is(look_up(connection), DHCP_R_NOKEYS, "requests are refused");
    is(look_up(connection), DHCP_R_NOKEYS, "each of them");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

/* One authenticator may serve several connections, and is given back. */
static void shared(void)
{
    dhcpctl_handle authenticator = server_authenticator();
    dhcpctl_handle first = NULL;
    dhcpctl_handle second = NULL;

    ok(value_is(authenticator, "name", key.name, (unsigned) strlen(key.name)), "it has its name");
    ok(value_is(authenticator, "key", key.secret, key.length), "and its secret");
    is(authenticator->refcnt, 1, "one reference at first");
    is(dhcpctl_connect(&first, server_host(), server_port(), authenticator), 0, "connect");
    is(authenticator->refcnt, 2, "the connection holds one");
    is(dhcpctl_connect(&second, server_host(), server_port(), authenticator), 0, "again");
    is(look_up(first), 0, "the first works");
    is(look_up(second), 0, "the second works");
    is(dhcpctl_disconnect(&first, 1), 0, "end the first");
    is(look_up(second), 0, "the second still works");
    is(dhcpctl_disconnect(&second, 1), 0, "end the second");
    is(authenticator->refcnt, 1, "one reference at last");
    drop(&authenticator);
}

#define MANY 100

static void many(void)
{
    dhcpctl_handle connection = server_connect();
    static dhcpctl_handle leases[MANY];
    int i;
    int wrong = 0;

    for (i = 0; i < MANY; i++) {
        leases[i] = new_lease(connection, i % 2 ? "10.0.0.10" : "192.0.2.1");
        if (dhcpctl_open_object(leases[i], connection, 0))
            wrong++;
    }
    for (i = MANY - 1; i >= 0; i--) {
        if (finish(leases[i]) != (i % 2 ? ISC_R_SUCCESS : ISC_R_NOTFOUND))
            wrong++;
        drop(&leases[i]);
    }
    is(wrong, 0, "a hundred signed requests at once");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

static void changes(void)
{
    dhcpctl_handle connection = server_connect();
    dhcpctl_handle host = new_object(connection, "host");
    char name[40];

    snprintf(name, sizeof name, "ca-%ld", (long) getpid());
    dhcpctl_set_string_value(host, name, "name");
    dhcpctl_set_data_value(host, "\2\0\0\xee\0\1", 6, "hardware-address");
    dhcpctl_set_int_value(host, 1, "hardware-type");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "a signed create");
    is(set_address(host, "10.0.202.1"), 0, "an address");
    is(dhcpctl_object_update(connection, host), 0, "update");
    is(finish(host), 0, "a signed update");
    is(dhcpctl_object_refresh(connection, host), 0, "refresh");
    is(finish(host), 0, "a signed refresh");
    ok(value_is(host, "ip-address", "\x0a\0\xca\1", 4), "shows the address");
    is(dhcpctl_object_remove(connection, host), 0, "remove");
    is(finish(host), 0, "a signed remove");
    drop(&host);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
}

int main(void)
{
    tap_begin(100);
    is(dhcpctl_initialize(), 0, "initialize");
    if (!server_key(&key)) {
        snprintf(key.name, sizeof key.name, "a-key");
        snprintf(key.algorithm, sizeof key.algorithm, "hmac-sha256");
        memcpy(key.secret, "secret", 6);
        key.length = 6;
        bad(key.name, key.algorithm, ISC_R_NOTFOUND, "a key for a server without keys");
        printf("# this server has no key: nothing more to see\n");
        return tap_end();
    }
    names();
    wrong_secret(key.length, 1, "one bit of the secret is wrong");
    wrong_secret(key.length - 1, 0, "one byte of the secret is missing");
    no_key();
    shared();
    many();
    changes();
    return tap_end();
}
