/* test: tests/install/names.rs */
/* Linked with BIND's libisc as well, the real one or isc_stand_in.c: names that
 * both libraries have are BIND's. */

#include "client.h"

/* Only libisc has it, so that it cannot be left out of the program. */
TAP_C unsigned isc_stand_in_version(void);

int main(void)
{
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    tap_begin(30);
    is(isc_stand_in_version(), 911, "libisc is there");
    ok(strcmp(isc_result_totext(ISC_R_NOTFOUND), "BIND's text 23") == 0,
       "isc_result_totext is BIND's: %s", isc_result_totext(ISC_R_NOTFOUND));
    is(isc_result_register(1, 2, NULL, NULL, 3), 4711, "so is isc_result_register");
    ok(strcmp(isc_result_toid(ISC_R_NOTFOUND), "BIND's name 23") == 0, "and isc_result_toid");
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup");
    ok(number_is(lease, "state", 2), "with its answer");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
