/* servers: testd; under: valgrind-keyed asan */
/* Objects that are not remote objects, opened and as "object" of a message: the
 * answer reaches them through their types' handlers, and their structs are left
 * alone. */

#include "widget.h"

static dhcpctl_handle connection;

/* What the handlers of the program's types have heard. */
static struct heard {
    int state;
    unsigned long handle;
    int updated;
    int status;
    unsigned code;
} heard;

static isc_result_t own_set(omapi_object_t *h, omapi_object_t *id, omapi_data_string_t *name,
                            omapi_typed_data_t *value)
{
    unsigned long number = 0;

    if (value && omapi_ds_strcmp(name, "state") == 0 &&
        omapi_get_int_value(&number, value) == ISC_R_SUCCESS)
        heard.state = (int) number;
    if (value && omapi_ds_strcmp(name, "remote-handle") == 0)
        omapi_get_int_value(&heard.handle, value);
    return h->inner->type->set_value(h->inner, id, name, value);
}

static isc_result_t own_get(omapi_object_t *h, omapi_object_t *id, omapi_data_string_t *name,
                            omapi_value_t **value)
{
    return h->inner->type->get_value(h->inner, id, name, value);
}

static isc_result_t own_signal(omapi_object_t *h, const char *name, va_list ap)
{
    va_list copy;

    if (strcmp(name, "updated") == 0)
        heard.updated++;
    if (strcmp(name, "status") == 0) {
        va_copy(copy, ap);
        heard.code = va_arg(copy, unsigned);
        va_end(copy);
        heard.status++;
    }
    return h->inner->type->signal_handler(h->inner, name, ap);
}

static isc_result_t own_stuff(omapi_object_t *c, omapi_object_t *id, omapi_object_t *h)
{
    return h->inner->type->stuff_values(c, id, h->inner);
}

/* The program's structs. A remote object has its handle at byte 56. */
typedef struct small {
    OMAPI_OBJECT_PREAMBLE;
    int number;
} small_t;

typedef struct exact {
    OMAPI_OBJECT_PREAMBLE;
    void *pointers[3];
} exact_t;

typedef struct large {
    OMAPI_OBJECT_PREAMBLE;
    void *pointers[20];
} large_t;

/* Blocks of the program's own have something behind them that is looked at. */
#define BEHIND 64
#define PATTERN 0x5a

static size_t block_size;

static isc_result_t own_allocate(omapi_object_t **o, const char *file, int line)
{
    *o = (omapi_object_t *) dmalloc(block_size + BEHIND, file, line);
    if (!*o)
        return ISC_R_NOMEMORY;
    memset((char *) *o + block_size, PATTERN, BEHIND);
    return ISC_R_SUCCESS;
}

static isc_result_t own_free(omapi_object_t *o, const char *file, int line)
{
    dfree(o, file, line);
    return ISC_R_SUCCESS;
}

static omapi_object_type_t *own_type(const char *name, size_t size)
{
    omapi_object_type_t *type = NULL;

    if (omapi_object_type_register(&type, name, own_set, own_get, NULL, own_signal, own_stuff, NULL,
                                   NULL, NULL, own_free, own_allocate, NULL, size, NULL, RC_MISC))
        tap_bail("cannot register a type");
    return type;
}

/* A kind of object to be opened. */
struct kind {
    const char *name;
    omapi_object_type_t *type;
    int own;    /* one of the program's types */
    int passes; /* what is inside gets the attributes */
    int sends;  /* what is inside sends its attributes */
};

static omapi_object_t *new_object_of(const struct kind *kind)
{
    omapi_object_t *h = NULL;
    omapi_object_t *inside = NULL;
    omapi_data_string_t *name = NULL;
    omapi_typed_data_t *address = NULL;
    size_t rest = kind->type->size - sizeof(omapi_object_t);

    block_size = kind->type->size;
    if (omapi_object_allocate(&h, kind->type, kind->type->size, MDL) ||
        omapi_generic_new(&inside, MDL) || !h || !inside)
        tap_bail("no objects");
    if (kind->own)
        memset((char *) h + sizeof(omapi_object_t), PATTERN, rest);
    link_objects(h, inside);
    /* Whatever is around it does with names: into the generic object. */
    omapi_typed_data_new(MDL, &address, omapi_datatype_data, 4);
    omapi_data_string_new(&name, 10, MDL);
    if (!address || !name)
        tap_bail("no data");
    memcpy(address->u.buffer.value, "\12\0\0\12", 4);
    memcpy(name->value, "ip-address", 10);
    omapi_generic_set_value(inside, NULL, name, address);
    omapi_data_string_dereference(&name, MDL);
    omapi_typed_data_dereference(&address, MDL);
    omapi_object_dereference(&inside, MDL);
    return h;
}

/* Asks for a lease, in one of two ways. */
static isc_result_t ask(omapi_object_t *h, int by_message)
{
    omapi_object_t *message = NULL;
    isc_result_t status;

    if (!by_message)
        return omapi_protocol_send_open(connection->outer, NULL, "lease", h, 0);
    if (omapi_message_new(&message, MDL) || !message)
        tap_bail("no message");
    omapi_set_int_value(message, NULL, "op", OMAPI_OP_OPEN);
    omapi_set_string_value(message, NULL, "type", "lease");
    omapi_set_object_value(message, NULL, "object", h);
    status = omapi_protocol_send_message(connection->outer, NULL, message, NULL);
    omapi_object_dereference(&message, MDL);
    return status;
}

static void one(const struct kind *kind, int by_message)
{
    omapi_object_t *h = new_object_of(kind);
    size_t size = kind->type->size;
    unsigned char before[512];
    unsigned char *bytes = (unsigned char *) h;
    struct timeval until = in_seconds(5);
    int number = 0;
    size_t i;

    printf("# %s%s\n", kind->name, by_message ? ", by a message" : "");
    memset(&heard, 0, sizeof heard);
    if (size > sizeof before)
        tap_bail("a struct too large");
    memcpy(before, h, size);
    if (!kind->sends) {
        is(ask(h, by_message), ISC_R_NOTFOUND, "a type that cannot send");
    } else {
        is(ask(h, by_message), 0, "ask for a lease");
        is(omapi_wait_for_completion(h, &until), 0, "the answer comes");
        if (kind->passes) {
            is(get_number(h, "state", &number), 0, "what is inside has the attributes");
            is(number, 2, "of the lease");
        }
    }
    if (kind->own) {
        is(heard.state, 2, "the handler saw the attributes");
        ok(heard.handle != 0, "and the server's handle");
        is(heard.updated, 1, "it was told of the update");
        ok(heard.status == 1 && heard.code == 0, "and of the result");
    }
    ok(memcmp(before + sizeof(omapi_object_t), bytes + sizeof(omapi_object_t),
              size - sizeof(omapi_object_t)) == 0,
       "the struct is as it was");
    for (i = 0; kind->own && i < BEHIND && bytes[size + i] == PATTERN; i++)
        continue;
    ok(!kind->own || i == BEHIND, "so is what lies behind it");
    omapi_object_dereference(&h, MDL);
    ok(!h, "given up");
}

/* An answer without an object, too. */
static void a_failure(const struct kind *kind)
{
    omapi_object_t *h = new_object_of(kind);
    struct timeval until = in_seconds(5);
    omapi_typed_data_t *address = NULL;

    omapi_typed_data_new(MDL, &address, omapi_datatype_data, 4);
    if (!address)
        tap_bail("no data");
    memcpy(address->u.buffer.value, "\300\0\2\1", 4);
    omapi_set_value_str(h, NULL, "ip-address", address);
    omapi_typed_data_dereference(&address, MDL);
    memset(&heard, 0, sizeof heard);
    is(ask(h, 0), 0, "ask for a lease that is not there");
    is(omapi_wait_for_completion(h, &until), 0, "the answer comes");
    is(heard.updated, 0, "nothing was updated");
    ok(heard.status == 1 && heard.code == ISC_R_NOTFOUND, "the object is told why");
    omapi_object_dereference(&h, MDL);
}

int main(void)
{
    struct kind kinds[12];
    struct kind *k = kinds;
    int i;

#define KIND(name, type, own, passes, sends)                 \
    do {                                                     \
        struct kind it = {name, type, own, passes, sends};   \
        *k++ = it;                                           \
    } while (0)
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    KIND("a small object of the program", own_type("small", sizeof(small_t)), 1, 1, 1);
    KIND("one that ends where the handle would be", own_type("exact", sizeof(exact_t)), 1, 1, 1);
    KIND("a large one", own_type("large", sizeof(large_t)), 1, 1, 1);
    KIND("a generic object around another", omapi_type_generic, 0, 1, 1);
    KIND("a message", omapi_type_message, 0, 1, 1);
    KIND("an authenticator", omapi_type_auth_key, 0, 0, 1);
    KIND("an io object", omapi_type_io_object, 0, 1, 1);
    KIND("a callback", dhcpctl_callback_type, 0, 1, 1);
    KIND("a connection object without a connection", omapi_type_connection, 0, 1, 1);
    KIND("a protocol object without a connection", omapi_type_protocol, 0, 1, 1);
    KIND("a listener", omapi_type_listener, 0, 0, 0);
    KIND("a waiter", omapi_type_waiter, 0, 0, 0);
    for (i = 0; i < k - kinds; i++) {
        one(&kinds[i], 0);
        one(&kinds[i], 1);
    }
    a_failure(&kinds[0]);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
