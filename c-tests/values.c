/* servers: none; builds: each; under: valgrind asan */
/* Attributes of an object that no server has seen: what each setter stores,
 * what the getters give, and how they lie in the generic object. */

#include "client.h"

#include <omapip/omapip_p.h>

static omapi_generic_object_t *generic_of(dhcpctl_handle object)
{
    return (omapi_generic_object_t *) object->inner;
}

static int slot_is_named(omapi_generic_object_t *generic, int slot, const char *name)
{
    return slot < generic->nvalues && generic->values[slot] &&
           omapi_ds_strcmp(generic->values[slot]->name, name) == 0;
}

static void stored_types(void)
{
    static const unsigned char five[4] = {0, 0, 0, 5};
    static const unsigned char minus[4] = {0xff, 0xff, 0xff, 0xfe};
    dhcpctl_handle object = new_object(NULL, "lease");
    dhcpctl_data_string bytes = NULL;
    omapi_generic_object_t *generic;
    int i;

    is(object->refcnt, 2, "a new object has the caller's reference and its inner one");
    ok(object->type == dhcpctl_remote_type, "and the remote type");
    ok(object->inner && object->inner->type == omapi_type_generic, "and a generic inside");
    ok(object->inner && object->inner->outer == object, "that points back");
    if (!object->inner)
        tap_bail("no inner object");

    omapi_data_string_new(&bytes, 3, MDL);
    memcpy(bytes->value, "abc", 3);
    is(dhcpctl_set_value(object, bytes, "copied"), 0, "set_value");
    is(bytes->refcnt, 1, "copies: the caller's reference stays the only one");
    memcpy(bytes->value, "xyz", 3);
    is(dhcpctl_data_string_dereference(&bytes, MDL), 0, "drop the original");
    is(dhcpctl_set_string_value(object, "text", "string"), 0, "set_string_value");
    is(dhcpctl_set_data_value(object, "a\0b", 3, "data"), 0, "set_data_value");
    is(dhcpctl_set_data_value(object, NULL, 0, "empty"), 0, "set_data_value with nothing");
    is(dhcpctl_set_int_value(object, -2, "integer"), 0, "set_int_value");
    is(dhcpctl_set_boolean_value(object, 5, "boolean"), 0, "set_boolean_value");
    is(dhcpctl_set_null_value(object, "null"), 0, "set_null_value");
    is(dhcpctl_set_string_value(object, "other", "STRING"), 0, "a name in capitals is another name");

    ok(value_is(object, "copied", "abc", 3), "value");
    ok(value_is(object, "string", "text", 4), "string without its terminator");
    ok(value_is(object, "data", "a\0b", 3), "data with a zero inside");
    is(value_length(object, "empty"), 0, "empty data is there");
    ok(value_is(object, "integer", minus, 4), "integer, most significant byte first");
    ok(value_is(object, "boolean", five, 4), "boolean is stored as it is");
    ok(has_no(object, "null"), "null is not found");
    ok(has_no(object, "never-set"), "nor is a name never set");
    ok(value_is(object, "STRING", "other", 5), "names are compared by case");

    generic = generic_of(object);
    is(generic->nvalues, 8, "eight values");
    is(generic->va_max, 10, "in an array of ten");
    ok(slot_is_named(generic, 0, "copied"), "the first set is the first");
    ok(slot_is_named(generic, 7, "STRING"), "the last the last");
    is(generic->values[0]->value->type, omapi_datatype_data, "set_value stores data");
    is(generic->values[1]->value->type, omapi_datatype_string, "set_string_value a string");
    is(generic->values[2]->value->type, omapi_datatype_data, "set_data_value data");
    is(generic->values[4]->value->type, omapi_datatype_int, "set_int_value an integer");
    is(generic->values[4]->value->u.integer, -2, "of that value");
    is(generic->values[5]->value->type, omapi_datatype_int, "set_boolean_value an integer");
    is(generic->values[5]->value->u.integer, 5, "not normalised");
    ok(!generic->values[6]->value, "set_null_value a name without a value");
    for (i = 0; i < generic->nvalues; i++)
        ok(generic->changed[i] == 1, "value %d is marked to be sent", i);

    /* Again: same place, other value. */
    is(dhcpctl_set_int_value(object, 7, "string"), 0, "replace a string by an integer");
    is(generic->nvalues, 8, "no new slot");
    ok(slot_is_named(generic, 1, "string"), "in place");
    ok(number_is(object, "string", 7), "the new value");
    is(dhcpctl_set_null_value(object, "data"), 0, "replace by null");
    ok(slot_is_named(generic, 2, "data") && !generic->values[2]->value, "in place too");
    ok(has_no(object, "data"), "and not found any more");
    is(dhcpctl_set_string_value(object, "back", "null"), 0, "a null comes to life");
    ok(slot_is_named(generic, 6, "null") && text_is(object, "null", "back"), "in place");
    drop(&object);
    ok(!object, "dereference clears the handle");
}

static void growth(void)
{
    dhcpctl_handle object = new_object(NULL, "lease");
    omapi_generic_object_t *generic = generic_of(object);
    char name[20];
    int i;
    int bad = 0;

    is(generic->nvalues, 0, "nothing at first");
    for (i = 0; i < 35; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        if (dhcpctl_set_int_value(object, i, name))
            bad++;
        if (i == 10)
            is(generic->va_max, 20, "the eleventh doubles the room");
    }
    is(bad, 0, "thirty-five values");
    is(generic->nvalues, 35, "thirty-five slots");
    is(generic->va_max, 40, "in forty");
    for (i = 0; i < 35; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        if (!slot_is_named(generic, i, name) || !number_is(object, name, (uint32_t) i))
            bad++;
    }
    is(bad, 0, "in the order in which they were set");
    drop(&object);
}

static void booleans(void)
{
    dhcpctl_handle object = new_object(NULL, "lease");
    int value = 77;

    dhcpctl_set_boolean_value(object, 5, "five");
    dhcpctl_set_boolean_value(object, -1, "minus-one");
    dhcpctl_set_data_value(object, "\1\2\3\4", 4, "four-bytes");
    dhcpctl_set_string_value(object, "abc", "three-bytes");
    dhcpctl_set_null_value(object, "null");

    is(dhcpctl_get_boolean(&value, object, "three-bytes"), ISC_R_UNEXPECTED, "wrong length");
    is(value, 77, "and the variable is untouched");
    is(dhcpctl_get_boolean(&value, object, "unknown"), ISC_R_NOTFOUND, "unknown name");
    is(dhcpctl_get_boolean(&value, object, "null"), ISC_R_NOTFOUND, "null");
    is(value, 77, "still untouched");
    is(dhcpctl_get_boolean(&value, object, "five"), 0, "five");
    is(value, 5, "is five");
    is(dhcpctl_get_boolean(&value, object, "minus-one"), 0, "minus one");
    ok(value == -1, "is minus one");
    is(dhcpctl_get_boolean(&value, object, "four-bytes"), 0, "four bytes");
    is(value, 0x01020304, "are a number, most significant byte first");
    drop(&object);
}

/* The original destroys the stored value here; the code is the same. */
static void into_a_used_pointer(void)
{
    dhcpctl_handle object = new_object(NULL, "lease");
    dhcpctl_data_string value = NULL;
    dhcpctl_data_string before;

    dhcpctl_set_string_value(object, "kept", "text");
    is(dhcpctl_get_value(&value, object, "text"), 0, "get a value");
    before = value;
    if (value)
        is(value->refcnt, 1, "it has one reference");
    is(dhcpctl_get_value(&value, object, "text"), DHCP_R_INVALIDARG, "get into the same pointer");
    ok(value == before, "which keeps what it had");
    if (value)
        dhcpctl_data_string_dereference(&value, MDL);
    ok(text_is(object, "text", "kept"), "and the object keeps its value");
    drop(&object);
}

static void the_remote_handle(void)
{
    dhcpctl_handle object = new_object(NULL, "lease");
    dhcpctl_remote_object_t *remote = (dhcpctl_remote_object_t *) object;

    is(remote->remote_handle, 0, "no handle before an answer");
    is(dhcpctl_set_int_value(object, 258, "remote-handle"), 0, "set it as an integer");
    is(remote->remote_handle, 258, "it goes into the object");
    is(dhcpctl_set_data_value(object, "\0\0\3\1", 4, "remote-handle"), 0, "as four bytes");
    is(remote->remote_handle, 0x301, "most significant first");
    is(dhcpctl_set_data_value(object, "\1\2", 2, "remote-handle"), DHCP_R_INVALIDARG,
       "two bytes are not a handle");
    is(remote->remote_handle, 0x301, "and change nothing");
    ok(has_no(object, "remote-handle"), "it is not an attribute");
    is(generic_of(object)->nvalues, 0, "and takes no slot");
    drop(&object);
}

static void odd_names(void)
{
    dhcpctl_handle object = new_object(NULL, "lease");
    dhcpctl_handle second = object;
    char *name = (char *) malloc(70001);

    is(dhcpctl_set_string_value(object, "x", ""), 0, "an empty name can be set");
    ok(text_is(object, "", "x"), "and read");

    /* Its length does not fit the wire's 16 bits. */
    if (!name)
        tap_bail("no memory");
    memset(name, 'n', 70000);
    name[70000] = '\0';
    is(dhcpctl_set_string_value(object, "x", name), DHCP_R_INVALIDARG, "a name of 70000 bytes");
    ok(has_no(object, name), "is not stored");
    free(name);

    is(dhcpctl_new_object(&second, NULL, "lease"), DHCP_R_INVALIDARG,
       "new object into a used pointer");
    ok(second == object, "which stays");
    drop(&object);
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    stored_types();
    growth();
    booleans();
    into_a_used_pointer();
    the_remote_handle();
    odd_names();
    return tap_end();
}
