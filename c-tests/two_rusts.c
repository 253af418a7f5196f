/* test: tests/install/names.rs */
/* Two static libraries written in Rust in one program: this one and
 * tests/install/second.rs. */

#include "client.h"

TAP_C size_t second_words(void);
TAP_C int second_catches(void);

int main(void)
{
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    tap_begin(30);
    is(second_words(), 3, "the second library works");
    is(second_catches(), 1, "and catches its own panics");
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup");
    ok(number_is(lease, "state", 2), "with its answer");
    is(second_catches(), 1, "the second library once more");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
