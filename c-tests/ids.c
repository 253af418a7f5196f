/* test: tests/c_driven/ids.rs */
/* The id of the first request of a connection, on a line of its own: `id N`. */

#include "client.h"

int main(void)
{
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    omapi_object_t *message = NULL;

    tap_begin(20);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(omapi_message_new(&message, MDL), 0, "a message");
    if (!message)
        tap_bail("no message");
    omapi_set_int_value(message, NULL, "op", OMAPI_OP_OPEN);
    omapi_set_string_value(message, NULL, "type", "lease");
    omapi_set_object_value(message, NULL, "object", lease);
    is(omapi_message_register(message), 0, "register it");
    is(omapi_protocol_send_message(connection->outer, NULL, message, NULL), 0, "send it");
    printf("id %lu\n", (unsigned long) ((omapi_message_object_t *) message)->id);
    is(finish(lease), 0, "the answer");
    drop(&message);
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
