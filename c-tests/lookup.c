/* servers: testd dhcpd kea; keys: each; builds: each; under: valgrind asan asan-kea */
/* Finding leases: the three keys, what comes back, and what does not. */

#include "client.h"

/* The first lease of server.leases: 2024-01-01 to 2037-11-21, midnight UTC. */
#define STARTS 1704067200u
#define ENDS   2142374400u

static const unsigned char hardware[6] = {2, 0, 0, 0, 0, 0x0a};
static const unsigned char client_id[7] = {1, 2, 0, 0, 0, 0, 0x0a};
static const unsigned char address[4] = {10, 0, 0, 10};

static void all_of_the_lease(dhcpctl_handle lease, const char *how)
{
    printf("# found by %s\n", how);
    ok(number_is(lease, "state", 2), "state is active");
    ok(value_is(lease, "ip-address", address, 4), "ip-address is in network order");
    ok(value_is(lease, "hardware-address", hardware, 6), "hardware-address");
    ok(number_is(lease, "hardware-type", 1), "hardware-type");
    ok(value_is(lease, "dhcp-client-identifier", client_id, 7), "dhcp-client-identifier");
    ok(text_is(lease, "client-hostname", "h10"), "client-hostname has no terminator");
    ok(number_is(lease, "starts", STARTS), "starts is in network order");
    ok(number_is(lease, "ends", ENDS), "ends is in network order");
    is(value_length(lease, "cltt"), 4, "cltt is there");
    is(value_length(lease, "tstp"), 4, "tstp is there");
    is(value_length(lease, "flags"), 1, "flags is one byte");
    ok(has_no(lease, "hostname"), "an attribute that no lease has");
}

static void by_key(dhcpctl_handle connection, const char *key, const void *bytes, unsigned length)
{
    dhcpctl_handle lease = new_object(connection, "lease");

    is(dhcpctl_set_data_value(lease, (const char *) bytes, length, key), 0, "set the key");
    is(open_now(lease, connection, 0), ISC_R_SUCCESS, "open");
    all_of_the_lease(lease, key);
    drop(&lease);
}

/* The text of a status is in the object, as the typed data that the struct
 * declares (in the original it is a value, which nobody can use). */
static int says(dhcpctl_handle object, const char *text)
{
    omapi_typed_data_t *message = ((dhcpctl_remote_object_t *) object)->message;

    return message && message->u.buffer.len == strlen(text) &&
           memcmp(message->u.buffer.value, text, strlen(text)) == 0;
}

static void fails(dhcpctl_handle connection, const char *key, const void *bytes, unsigned length,
                  dhcpctl_status want, const char *what)
{
    dhcpctl_handle lease = new_object(connection, "lease");

    dhcpctl_set_data_value(lease, (const char *) bytes, length, key);
    is(open_now(lease, connection, 0), want, what);
    ok(has_no(lease, "state"), "and nothing was filled in");
    if (want == ISC_R_NOTFOUND)
        ok(says(lease, "no object matches specification"), "with the server's words");
    drop(&lease);
}

int main(void)
{
    static const unsigned char shared_hw[6] = {2, 0, 0, 0, 0, 0x13};
    static const unsigned char nobody[6] = {2, 0, 0, 0, 9, 9};
    static const unsigned char outside[4] = {192, 0, 2, 1};
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    dhcpctl_handle typed;
    unsigned char one = 1;

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();

    by_key(connection, "ip-address", address, 4);
    by_key(connection, "hardware-address", hardware, 6);
    by_key(connection, "dhcp-client-identifier", client_id, 7);

    /* One more key of the same lease does no harm. */
    typed = new_object(connection, "lease");
    dhcpctl_set_data_value(typed, (const char *) hardware, 6, "hardware-address");
    dhcpctl_set_int_value(typed, 1, "hardware-type");
    is(open_now(typed, connection, 0), 0, "by hardware-address and hardware-type");
    ok(value_is(typed, "ip-address", address, 4), "the same lease");
    drop(&typed);

    fails(connection, "ip-address", outside, 4, ISC_R_NOTFOUND, "address outside every range");
    fails(connection, "hardware-address", nobody, 6, ISC_R_NOTFOUND, "nobody's hardware address");
    fails(connection, "dhcp-client-identifier", "NO", 2, ISC_R_NOTFOUND, "nobody's client id");
    fails(connection, "hardware-address", shared_hw, 6, DHCP_R_MULTIPLE,
          "one hardware address, two leases");
    fails(connection, "dhcp-client-identifier", "DUP", 3, DHCP_R_MULTIPLE,
          "one client id, two leases");

    /* A hardware-type of one byte is the server's to refuse. */
    lease = new_object(connection, "lease");
    dhcpctl_set_data_value(lease, (const char *) hardware, 6, "hardware-address");
    dhcpctl_set_data_value(lease, (const char *) &one, 1, "hardware-type");
    is(open_now(lease, connection, 0), DHCP_R_INVALIDARG, "hardware-type of one byte");
    drop(&lease);

    /* Two keys that disagree. */
    lease = new_lease(connection, "10.0.0.11");
    dhcpctl_set_data_value(lease, (const char *) hardware, 6, "hardware-address");
    is(open_now(lease, connection, 0), DHCP_R_KEYCONFLICT, "keys of two leases");
    drop(&lease);

    /* An address of the range that nobody ever had is an object as well. */
    lease = new_lease(connection, "10.0.0.25");
    is(open_now(lease, connection, 0), 0, "an address never used");
    ok(number_is(lease, "state", 1), "is free");
    ok(number_is(lease, "ends", 0), "and never ended");
    ok(has_no(lease, "hardware-address"), "and belongs to nobody");
    is(dhcpctl_object_refresh(connection, lease), 0, "refresh it");
    is(finish(lease), 0, "refreshed");
    ok(number_is(lease, "state", 1), "still free");

    /* The pair lease operations that do not exist. */
    is(dhcpctl_object_remove(connection, lease), 0, "ask to remove a lease");
    is(finish(lease), ISC_R_NOTIMPLEMENTED, "leases cannot be removed");
    drop(&lease);

    lease = new_lease(connection, "10.0.0.11");
    is(open_now(lease, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), ISC_R_EXISTS,
       "exclusive create of a lease that exists");
    drop(&lease);

    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    ok(!connection, "and the handle is gone");
    return tap_end();
}
