/* servers: testd dhcpd kea; under: valgrind asan asan-kea */
/* Groups, and hosts that belong to them. */

#include "client.h"

static dhcpctl_handle named(dhcpctl_handle connection, const char *name)
{
    dhcpctl_handle group = new_object(connection, "group");

    dhcpctl_set_string_value(group, name, "name");
    return group;
}

int main(void)
{
    /* Two of these programs may use one server. */
    const unsigned char hardware[6] = {2, 0xdd, (unsigned char) (getpid() >> 16),
                                       (unsigned char) (getpid() >> 8),
                                       (unsigned char) getpid(), 1};
    dhcpctl_handle connection;
    dhcpctl_handle group;
    dhcpctl_handle host;
    char name[40];

    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    snprintf(name, sizeof name, "cg-%ld", (long) getpid());

    group = named(connection, "gstatic");
    is(open_now(group, connection, 0), 0, "a group of the configuration");
    ok(text_is(group, "name", "gstatic"), "has a name");
    drop(&group);

    group = named(connection, name);
    is(open_now(group, connection, 0), ISC_R_NOTFOUND, "no such group yet");
    is(open_now(group, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), DHCP_R_INVALIDARG,
       "a group needs statements");
    drop(&group);

    group = named(connection, name);
    dhcpctl_set_string_value(group, "default-lease-time 1000;", "statements");
    is(open_now(group, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "create");
    drop(&group);

    group = named(connection, name);
    is(open_now(group, connection, 0), 0, "find it");
    ok(text_is(group, "name", name), "by name");
    ok(has_no(group, "statements"), "statements are not told");
    drop(&group);

    group = named(connection, name);
    dhcpctl_set_string_value(group, "default-lease-time 1000;", "statements");
    is(open_now(group, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), ISC_R_EXISTS, "EXCL");
    drop(&group);

    /* A host moves in by the name of the group. */
    host = new_object(connection, "host");
    dhcpctl_set_string_value(host, name, "name");
    dhcpctl_set_data_value(host, (const char *) hardware, 6, "hardware-address");
    dhcpctl_set_int_value(host, 1, "hardware-type");
    dhcpctl_set_string_value(host, name, "group");
    is(open_now(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "a host in it");
    dhcpctl_set_string_value(host, "gstatic", "group");
    is(dhcpctl_object_update(connection, host), 0, "move the host");
    is(finish(host), 0, "moved");
    is(dhcpctl_object_remove(connection, host), 0, "remove the host");
    is(finish(host), 0, "removed");
    drop(&host);

    group = named(connection, name);
    is(open_now(group, connection, 0), 0, "find the group again");
    is(dhcpctl_object_remove(connection, group), 0, "remove it");
    is(finish(group), 0, "removed");
    drop(&group);
    group = named(connection, name);
    is(open_now(group, connection, 0), ISC_R_NOTFOUND, "and gone");
    drop(&group);

    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
