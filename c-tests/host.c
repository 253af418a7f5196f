/* servers: testd dhcpd kea; keys: each; under: valgrind-keyed asan */
/* The life of a host declaration: create, find, change, refresh, remove, and
 * every refusal that a program is likely to meet. */

#include "client.h"

static dhcpctl_handle connection;
static char name[40];
static const unsigned char hardware[6] = {2, 0, 0, 0xcc, 0, 1};

static dhcpctl_handle new_host(const char *called)
{
    dhcpctl_handle host = new_object(connection, "host");

    if (called)
        dhcpctl_set_string_value(host, called, "name");
    return host;
}

static void set_hardware(dhcpctl_handle host, unsigned char last)
{
    unsigned char bytes[6];

    memcpy(bytes, hardware, 6);
    bytes[5] = last;
    dhcpctl_set_data_value(host, (const char *) bytes, 6, "hardware-address");
    dhcpctl_set_int_value(host, 1, "hardware-type");
}

static dhcpctl_status update(dhcpctl_handle host)
{
    dhcpctl_status status = dhcpctl_object_update(connection, host);

    return status ? status : finish(host);
}

static dhcpctl_status refresh(dhcpctl_handle host)
{
    dhcpctl_status status = dhcpctl_object_refresh(connection, host);

    return status ? status : finish(host);
}

static dhcpctl_status remove_it(dhcpctl_handle host)
{
    dhcpctl_status status = dhcpctl_object_remove(connection, host);

    return status ? status : finish(host);
}

/* What the server still says about the host, asked on a fresh handle. */
static dhcpctl_status found(dhcpctl_handle *host)
{
    *host = new_host(name);
    return open_now(*host, connection, 0);
}

/* These come last: some of them make dhcpd hold on to the host that is in the
 * way, so that its handle stays good after it was removed. */
static void refused_creations(void)
{
    dhcpctl_handle host;
    dhcpctl_handle first = new_host(name);

    set_hardware(first, 1);
    dhcpctl_set_string_value(first, "option host-name \"x\"; default-lease-time 100;",
                             "statements");
    is(open_now(first, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "create with statements");

    host = new_host(name);
    set_hardware(host, 2);
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), ISC_R_EXISTS,
       "EXCL: the name is taken");
    drop(&host);

    host = new_host(name);
    set_hardware(host, 1);
    is(open_now(host, connection, DHCPCTL_CREATE), ISC_R_EXISTS,
       "without EXCL its keys cannot be set again");
    drop(&host);

    host = new_host("ct-other");
    set_hardware(host, 1);
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), DHCP_R_KEYCONFLICT,
       "hardware address of another host");
    drop(&host);

    host = new_host("ct-anonymous");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), DHCP_R_INVALIDARG,
       "a host needs something to be known by");
    drop(&host);

    host = new_host("ct-odd");
    set_hardware(host, 3);
    dhcpctl_set_string_value(host, "x", "no-such-attribute");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), DHCP_R_UNKNOWNATTRIBUTE,
       "an attribute that hosts do not have");
    drop(&host);

    host = new_host("ct-odd");
    set_hardware(host, 3);
    dhcpctl_set_string_value(host, "no-such-group", "group");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), ISC_R_NOTFOUND,
       "a group that does not exist");
    drop(&host);

    host = new_host("ct-absent");
    is(open_now(host, connection, 0), ISC_R_NOTFOUND, "no such host");
    drop(&host);

    is(remove_it(first), 0, "remove the first");
    drop(&first);
}

static void declared_in_the_configuration(void)
{
    static const unsigned char two[8] = {10, 0, 200, 6, 10, 0, 200, 7};
    static const unsigned char known_hw[6] = {0, 0x11, 0x22, 0x33, 0x44, 0x55};
    dhcpctl_handle host = new_host("static2");

    is(open_now(host, connection, 0), 0, "a host of the configuration");
    ok(value_is(host, "ip-address", two, 8), "its two addresses, one after the other");
    ok(text_is(host, "dhcp-client-identifier", "abc"), "its client id");
    drop(&host);

    host = new_host(NULL);
    dhcpctl_set_data_value(host, (const char *) known_hw, 6, "hardware-address");
    is(open_now(host, connection, 0), 0, "another one by its hardware address");
    ok(text_is(host, "name", "static1"), "its name");
    drop(&host);
}

int main(void)
{
    static const unsigned char fixed[4] = {10, 0, 201, 9};
    dhcpctl_handle host;
    dhcpctl_handle again;

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    /* Several runs may share a server. */
    snprintf(name, sizeof name, "ct-%ld", (long) getpid());

    declared_in_the_configuration();

    host = new_host(name);
    set_hardware(host, 1);
    is(set_address(host, "10.0.201.9"), 0, "set an address");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "create the host");
    ok(text_is(host, "name", name), "the answer has its name");
    ok(value_is(host, "hardware-address", hardware, 6), "and hardware address");
    ok(value_is(host, "ip-address", fixed, 4), "and fixed address");
    ok(((dhcpctl_remote_object_t *) host)->remote_handle != 0, "and the server's handle");

    is(found(&again), 0, "found by name");
    ok(value_is(again, "hardware-address", hardware, 6), "with its hardware address");
    drop(&again);

    again = new_host(NULL);
    set_hardware(again, 1);
    is(open_now(again, connection, 0), 0, "found by hardware address");
    ok(text_is(again, "name", name), "with its name");

    /* Change the address on one handle, see it on the other. */
    is(set_address(again, "10.0.201.10"), 0, "a new address");
    is(update(again), 0, "update");
    is(refresh(host), 0, "refresh the first handle");
    ok(value_is(host, "ip-address", "\x0a\x00\xc9\x0a", 4), "it shows the new address");

    is(dhcpctl_set_null_value(again, "ip-address"), 0, "no address");
    is(update(again), 0, "update with a null");
    is(refresh(host), 0, "refresh");
    drop(&again);
    is(found(&again), 0, "a fresh look");
    ok(has_no(again, "ip-address"), "shows no address");

    /* Things that an update may not touch. */
    is(dhcpctl_set_string_value(again, "ct-renamed", "name"), 0, "a new name");
    is(update(again), ISC_R_EXISTS, "the name cannot be changed");
    drop(&again);
    is(found(&again), 0, "and is as before");
    is(update(again), DHCP_R_INVALIDARG, "an update of nothing");
    is(dhcpctl_set_string_value(again, "1", "nonsense"), 0, "an unknown attribute");
    is(update(again), DHCP_R_UNKNOWNATTRIBUTE, "is refused");

    is(remove_it(host), 0, "remove");
    is(refresh(again), ISC_R_NOTFOUND, "the other handle is stale");
    is(remove_it(host), ISC_R_NOTFOUND, "removed twice");
    drop(&again);
    is(found(&again), ISC_R_NOTFOUND, "and not to be found");
    drop(&again);
    drop(&host);

    refused_creations();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
