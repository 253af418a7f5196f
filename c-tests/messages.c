/* servers: testd dhcpd kea; under: valgrind-keyed */
/* Messages that a program builds itself, and the calls below dhcpctl_* that
 * send them. */

#include "widget.h"

static dhcpctl_handle connection;

/* Waits as omapi_* programs do: until a time of day. */
static isc_result_t wait_for(omapi_object_t *h)
{
    struct timeval until = in_seconds(5);

    return omapi_wait_for_completion(h, &until);
}

static omapi_object_t *new_generic(void)
{
    omapi_object_t *generic = NULL;

    if (omapi_generic_new(&generic, MDL) || !generic)
        tap_bail("no generic object");
    return generic;
}

static omapi_object_t *new_message(unsigned op)
{
    omapi_object_t *message = NULL;

    if (omapi_message_new(&message, MDL) || !message)
        tap_bail("no message");
    if (omapi_set_int_value(message, NULL, "op", (int) op))
        tap_bail("a message has no op");
    return message;
}

static void fields(void)
{
    omapi_object_t *message = NULL;
    omapi_message_object_t *m;
    omapi_message_object_t *bare = NULL;
    omapi_message_object_t *same = NULL;
    omapi_object_t *about = new_generic();
    omapi_value_t *value = NULL;
    int number = 0;

    is(omapi_message_new(&message, MDL), 0, "a message");
    if (!message)
        tap_bail("no message");
    m = (omapi_message_object_t *) message;
    ok(message->type == omapi_type_message, "of its type");
    ok(message->inner && message->inner->type == omapi_type_generic, "with a generic inside");
    is(omapi_set_int_value(message, NULL, "op", OMAPI_OP_OPEN), 0, "set op");
    is(m->op, OMAPI_OP_OPEN, "it is in the struct");
    is(omapi_set_int_value(message, NULL, "handle", 11), 0, "set handle");
    is(omapi_set_int_value(message, NULL, "rid", 13), 0, "set rid");
    is(omapi_set_int_value(message, NULL, "id", 12), 0, "set id");
    is(omapi_set_int_value(message, NULL, "authid", 14), 0, "set authid");
    ok(m->h == 11 && m->id == 12 && m->rid == 13 && m->authid == 14, "all in the struct");
    is(get_number(message, "op", &number), 0, "get op");
    is(number, OMAPI_OP_OPEN, "its value");
    is(get_number(message, "handle", &number), 0, "get handle");
    is(number, 11, "its value");
    is(get_number(message, "id", &number), 0, "get id");
    is(number, 12, "its value");
    is(get_number(message, "rid", &number), 0, "get rid");
    is(number, 13, "its value");
    is(get_number(message, "authlen", &number), 0, "get authlen");
    is(number, 0, "nothing is signed");

    is(omapi_set_object_value(message, NULL, "object", about), 0, "set object");
    ok(m->object == about, "it is in the struct");
    is(about->refcnt, 2, "and counted");
    is(omapi_set_object_value(message, NULL, "notify-object", about), 0, "set notify-object");
    ok(m->notify_object == about, "it is in the struct");
    is(about->refcnt, 3, "and counted");
    is(omapi_set_int_value(message, NULL, "object", 1), DHCP_R_INVALIDARG,
       "a number is not an object");

    is(omapi_set_string_value(message, NULL, "type", "lease"), 0, "any other name");
    is(((omapi_generic_object_t *) message->inner)->nvalues, 1, "is a message value");
    is(omapi_get_value_str(message, NULL, "type", &value), 0, "and can be got");
    if (value) {
        ok(omapi_td_strcmp(value->value, "lease") == 0, "its value");
        omapi_value_dereference(&value, MDL);
    }
    is(omapi_get_value_str(message, NULL, "never-set", &value), ISC_R_NOTFOUND, "others not");

    is(omapi_message_reference(&same, m, MDL), 0, "another reference");
    is(omapi_message_dereference(&same, MDL), 0, "dropped");
    drop(&message);
    is(about->refcnt, 1, "a message gives up its objects");
    drop(&about);

    is(omapi_message_allocate(&bare, MDL), 0, "a message without room for values");
    if (!bare)
        tap_bail("no message");
    ok(!bare->inner, "nothing is inside");
    is(omapi_set_int_value((omapi_object_t *) bare, NULL, "type", 1), ISC_R_NOTFOUND,
       "where should a value go");
    is(omapi_message_dereference(&bare, MDL), 0, "drop it");
}

/* The values that dhcpctl_open_object makes, made by hand. */
static void a_raw_open(void)
{
    omapi_object_t *message = new_message(OMAPI_OP_OPEN);
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    is(omapi_set_string_value(message, NULL, "type", "lease"), 0, "of type lease");
    is(omapi_set_object_value(message, NULL, "object", lease), 0, "about a lease");
    is(omapi_message_register(message), 0, "register the message");
    is(omapi_message_register(message), DHCP_R_INVALIDARG, "it can be registered once");
    is(omapi_protocol_send_message(connection->outer, NULL, message, NULL), 0, "send it");
    ok(((omapi_message_object_t *) message)->id != 0, "it has an id now");
    is(finish(lease), 0, "wait for the lease");
    ok(number_is(lease, "state", 2), "it is there");
    ok(((dhcpctl_remote_object_t *) lease)->remote_handle != 0, "with its handle");
    is(omapi_message_unregister(message), DHCP_R_INVALIDARG, "the answer has unregistered it");
    is(message->refcnt, 2, "nobody else holds the message");
    drop(&message);
    drop(&lease);
}

/* Without a dhcpctl object: the attributes come into whatever the program has. */
static void into_a_generic_object(void)
{
    omapi_object_t *message = new_message(OMAPI_OP_OPEN);
    omapi_object_t *lease = new_generic();
    omapi_typed_data_t *address = NULL;
    int number = 0;

    omapi_typed_data_new(MDL, &address, omapi_datatype_data, 4);
    if (!address)
        tap_bail("no data");
    memcpy(address->u.buffer.value, "\12\0\0\12", 4);
    is(omapi_set_value_str(lease, NULL, "ip-address", address), 0, "an address");
    omapi_typed_data_dereference(&address, MDL);
    omapi_set_string_value(message, NULL, "type", "lease");
    omapi_set_object_value(message, NULL, "object", lease);
    omapi_message_register(message);
    is(omapi_protocol_send_message(connection->outer, NULL, message, NULL), 0, "send an open");
    is(wait_for(lease), 0, "wait for the generic object");
    is(get_number(lease, "state", &number), 0, "it has the attributes");
    is(number, 2, "of the lease");
    is(get_number(lease, "remote-handle", &number), 0, "and the handle, as an attribute");
    ok(number != 0, "which is a number");
    drop(&message);
    drop(&lease);
}

/* A widget hears the status, and its text. */
static void to_notify(void)
{
    omapi_object_t *message = new_message(OMAPI_OP_OPEN);
    widget_t *widget = new_widget();
    omapi_object_t *about = new_generic();

    widget->code = 12345;
    omapi_set_string_value(message, NULL, "type", "lease");
    omapi_set_object_value(message, NULL, "object", about);
    omapi_set_object_value(message, NULL, "notify-object", (omapi_object_t *) widget);
    omapi_message_register(message);
    is(omapi_protocol_send_message(connection->outer, NULL, message, NULL), 0,
       "an open without a key, with an object to notify");
    wait_for((omapi_object_t *) widget);
    is(widget->status, 1, "it is notified once");
    ok(widget->code != 0 && widget->code != 12345, "with the code: %s",
       isc_result_totext(widget->code));
    if (!tap_original)
        ok(widget->text[0], "and the text: %s", widget->text);
    drop(&message);
    drop(&about);
    widget_dereference(&widget, MDL);
}

static void a_raw_remove(void)
{
    static const unsigned char mac[6] = {2, 0, 0, 0, 0x77, 0x43};
    omapi_object_t *message;
    dhcpctl_handle host = new_object(connection, "host");

    dhcpctl_set_string_value(host, "by-hand", "name");
    dhcpctl_set_data_value(host, (const char *) mac, 6, "hardware-address");
    dhcpctl_set_int_value(host, 1, "hardware-type");
    is(omapi_protocol_send_open(connection->outer, NULL, "host", host, OMAPI_CREATE | OMAPI_EXCL),
       0, "send_open with flags");
    is(finish(host), 0, "the host is created");
    ok(text_is(host, "name", "by-hand"), "by its name");

    message = new_message(OMAPI_OP_DELETE);
    omapi_set_int_value(message, NULL, "handle",
                        (int) ((dhcpctl_remote_object_t *) host)->remote_handle);
    omapi_set_object_value(message, NULL, "notify-object", host);
    omapi_message_register(message);
    is(omapi_protocol_send_message(connection->outer, NULL, message, NULL), 0,
       "a delete with an object to notify");
    is(finish(host), 0, "it is removed");
    drop(&message);
    drop(&host);

    host = new_object(connection, "host");
    dhcpctl_set_string_value(host, "by-hand", "name");
    is(omapi_protocol_send_open(connection->outer, NULL, "host", host, 0), 0, "look for it");
    is(finish(host), ISC_R_NOTFOUND, "it is gone");
    drop(&host);
}

static void below_dhcpctl(void)
{
    omapi_object_t *handle = new_generic();
    dhcpctl_handle authenticator = server_authenticator();
    dhcpctl_handle lease = new_lease(NULL, "10.0.0.10");

    is(omapi_protocol_connect(handle, server_host(), (unsigned) server_port(), authenticator),
       DHCP_R_INCOMPLETE, "omapi_protocol_connect is under way");
    ok(handle->outer && handle->outer->type == omapi_type_protocol, "with a protocol object");
    ok(handle->outer && handle->outer->outer &&
           handle->outer->outer->type == omapi_type_connection,
       "and a connection object");
    is(wait_for(handle), 0, "wait for it");
    is(omapi_protocol_authenticated(handle->outer), authenticator != NULL, "authenticated or not");
    is(open_now(lease, handle, 0), 0, "it can be used as any connection");
    drop(&lease);
    lease = new_lease(NULL, "10.0.0.10");
    is(omapi_protocol_send_open(handle->outer, NULL, "lease", lease, 0), 0, "a raw open on it");
    is(finish(lease), 0, "is answered");
    is(omapi_disconnect(handle->outer->outer, 1), 0, "omapi_disconnect");
    drop(&lease);
    drop(&handle);
    if (authenticator)
        drop(&authenticator);
}

static void wrong(void)
{
    omapi_object_t *message = new_message(OMAPI_OP_OPEN);
    omapi_object_t *generic = new_generic();
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    is(omapi_message_register(generic), DHCP_R_INVALIDARG, "register what is no message");
    is(omapi_protocol_send_message(connection, NULL, message, NULL), DHCP_R_INVALIDARG,
       "send on what is no protocol object");
    is(omapi_protocol_send_message(connection->outer, NULL, generic, NULL), DHCP_R_INVALIDARG,
       "send what is no message");
    is(omapi_protocol_send_open(connection, NULL, "lease", lease, 0), DHCP_R_INVALIDARG,
       "send_open on what is no protocol object");
    is(omapi_message_unregister(message), DHCP_R_INVALIDARG, "unregister what is not registered");
    is(omapi_message_register(message), 0, "register it");
    is(omapi_message_unregister(message), 0, "unregister it");
    is(omapi_message_unregister(message), DHCP_R_INVALIDARG, "once");
    drop(&message);
    drop(&generic);
    drop(&lease);
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    is(widget_register(), 0, "a type of the program");
    connection = server_connect();
    fields();
    a_raw_open();
    into_a_generic_object();
    to_notify();
    a_raw_remove();
    below_dhcpctl();
    wrong();
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
