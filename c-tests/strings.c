/* servers: none; builds: each; under: valgrind asan */
/* Data strings, typed data, values: reference counts, lengths, comparison.
 * None of it needs dhcpctl_initialize(). */

#include "client.h"

#define SENTINEL 77ul

static void data_strings(void)
{
    dhcpctl_data_string string = NULL;
    dhcpctl_data_string second = NULL;
    dhcpctl_data_string third;
    int i;
    int zero = 1;

    is(omapi_data_string_new(&string, 10, MDL), 0, "new");
    if (!string)
        tap_bail("no data string");
    is(string->refcnt, 1, "one reference");
    is(string->len, 10, "of the length asked for");
    for (i = 0; i < 10; i++)
        zero = zero && string->value[i] == 0;
    ok(zero, "filled with zeroes");

    third = string;
    is(omapi_data_string_new(&string, 5, MDL), DHCP_R_INVALIDARG, "new into a used pointer");
    ok(string == third && string->len == 10, "which stays");
    is(omapi_data_string_new(NULL, 5, MDL), DHCP_R_INVALIDARG, "new into nothing");
    is(omapi_data_string_new(&second, 0xffffffffu, MDL), DHCP_R_INVALIDARG, "a length that wraps");
    ok(!second, "gives nothing");
    is(omapi_data_string_new(&second, 0, NULL, -1), 0, "length 0; file and line do not matter");
    is(second ? second->len : SENTINEL, 0, "has length 0");
    is(omapi_data_string_dereference(&second, NULL, -1), 0, "drop it");

    is(omapi_data_string_reference(&second, string, MDL), 0, "reference");
    ok(second == string, "the same string");
    is(string->refcnt, 2, "two references");
    is(omapi_data_string_reference(&second, string, MDL), DHCP_R_INVALIDARG,
       "reference into a used pointer");
    is(string->refcnt, 2, "counts nothing");
    is(omapi_data_string_reference(NULL, string, MDL), DHCP_R_INVALIDARG, "reference into nothing");
    third = NULL;
    is(omapi_data_string_reference(&third, NULL, MDL), DHCP_R_INVALIDARG, "reference of nothing");

    is(omapi_data_string_dereference(&second, MDL), 0, "dereference");
    ok(!second, "clears the pointer");
    is(string->refcnt, 1, "one reference again");
    is(omapi_data_string_dereference(&second, MDL), DHCP_R_INVALIDARG,
       "dereference through the same variable again");
    is(string->refcnt, 1, "counts nothing");
    is(omapi_data_string_dereference(NULL, MDL), DHCP_R_INVALIDARG, "dereference of nothing");
    is(dhcpctl_data_string_dereference(&string, MDL), 0, "dhcpctl's own dereference");
    ok(!string, "clears too");
    is(dhcpctl_data_string_dereference(&string, MDL), DHCP_R_INVALIDARG, "and knows an empty one");
}

static dhcpctl_data_string made(const char *text)
{
    dhcpctl_data_string string = NULL;

    if (omapi_data_string_new(&string, (unsigned) strlen(text), MDL))
        tap_bail("no data string");
    memcpy(string->value, text, strlen(text));
    return string;
}

static void comparison(void)
{
    dhcpctl_data_string abc = made("abc");
    dhcpctl_data_string abd = made("abd");
    dhcpctl_data_string ab = made("ab");

    ok(omapi_data_string_cmp(abc, abc) == 0, "equal to itself");
    ok(omapi_data_string_cmp(abc, abd) < 0, "abc before abd");
    ok(omapi_data_string_cmp(abd, abc) > 0, "abd behind abc");
    ok(omapi_data_string_cmp(ab, abc) < 0, "the shorter first");
    ok(omapi_data_string_cmp(abc, ab) > 0, "the longer last");
    ok(omapi_ds_strcmp(abc, "abc") == 0, "with a C string");
    ok(omapi_ds_strcmp(abc, "ab") > 0, "with a shorter one");
    ok(omapi_ds_strcmp(abc, "abcd") < 0, "with a longer one");
    ok(omapi_ds_strcmp(abc, "ABC") != 0, "case matters");
    omapi_data_string_dereference(&abc, MDL);
    omapi_data_string_dereference(&abd, MDL);
    omapi_data_string_dereference(&ab, MDL);
}

static void typed_data(void)
{
    omapi_typed_data_t *number = NULL;
    omapi_typed_data_t *string = NULL;
    omapi_typed_data_t *data = NULL;
    omapi_typed_data_t *bad = NULL;
    omapi_typed_data_t *same;
    unsigned long value = SENTINEL;

    is(omapi_typed_data_new(MDL, &number, omapi_datatype_int, -2), 0, "integer");
    ok(number && number->type == omapi_datatype_int && number->u.integer == -2, "of its value");
    is(omapi_typed_data_new(MDL, &string, omapi_datatype_string, "text"), 0, "string");
    ok(string && string->u.buffer.len == 4 && memcmp(string->u.buffer.value, "text", 4) == 0,
       "without its terminator");
    is(omapi_typed_data_new(MDL, &data, omapi_datatype_data, 4u), 0, "data");
    ok(data && data->u.buffer.len == 4 && memcmp(data->u.buffer.value, "\0\0\0\0", 4) == 0,
       "zeroes, to be filled");
    if (!number || !string || !data)
        tap_bail("no typed data");
    is(number->refcnt, 1, "one reference");

    is(omapi_typed_data_new(MDL, &bad, (omapi_datatype_t) 9, 1), DHCP_R_INVALIDARG, "unknown type");
    is(omapi_typed_data_new(MDL, &bad, omapi_datatype_object, (omapi_object_t *) NULL),
       DHCP_R_INVALIDARG, "no object");
    is(omapi_typed_data_new(MDL, &bad, omapi_datatype_data, 0xfffffffcu), DHCP_R_INVALIDARG,
       "a length that wraps");
    is(omapi_typed_data_new(MDL, &bad, omapi_datatype_string, (char *) NULL) != 0, 1, "no string");
    ok(!bad, "none of which gave anything");
    same = number;
    is(omapi_typed_data_new(MDL, &number, omapi_datatype_int, 3), DHCP_R_INVALIDARG,
       "into a used pointer");
    ok(number == same && number->u.integer == -2, "which stays");

    is(omapi_get_int_value(&value, number), 0, "number of an integer");
    ok(value == (unsigned long) -2L, "with its sign");
    memcpy(data->u.buffer.value, "\xff\0\0\2", 4);
    is(omapi_get_int_value(&value, data), 0, "number of four bytes");
    ok(value == 0xff000002ul, "without a sign");
    is(omapi_get_int_value(&value, string), 0, "number of a string of four");
    ok(value == 0x74657874ul, "most significant byte first");
    omapi_typed_data_dereference(&string, MDL);
    omapi_typed_data_new(MDL, &string, omapi_datatype_string, "abc");
    value = SENTINEL;
    is(omapi_get_int_value(&value, string), DHCP_R_INVALIDARG, "three bytes are no number");
    is(value, SENTINEL, "and the variable is untouched");

    is(omapi_typed_data_reference(&bad, number, MDL), 0, "reference");
    is(number->refcnt, 2, "two references");
    is(omapi_typed_data_dereference(&bad, MDL), 0, "dereference");
    ok(!bad, "clears");
    is(omapi_typed_data_dereference(&bad, MDL), DHCP_R_INVALIDARG, "and again");
    is(omapi_typed_data_dereference(&number, MDL), 0, "free the integer");
    is(omapi_typed_data_dereference(&string, MDL), 0, "the string");
    is(omapi_typed_data_dereference(&data, MDL), 0, "the data");
}

static void values(void)
{
    omapi_value_t *value = NULL;
    omapi_value_t *second = NULL;

    is(omapi_value_new(&value, MDL), 0, "new value");
    if (!value)
        tap_bail("no value");
    ok(value->refcnt == 1 && !value->name && !value->value, "is empty");
    is(omapi_value_reference(&second, value, MDL), 0, "reference");
    is(value->refcnt, 2, "two references");
    is(omapi_value_dereference(&second, MDL), 0, "dereference");
    omapi_data_string_new(&value->name, 4, MDL);
    omapi_typed_data_new(MDL, &value->value, omapi_datatype_int, 1);
    is(omapi_value_dereference(&value, MDL), 0, "frees name and value too");
    ok(!value, "and clears");
    is(omapi_value_dereference(&value, MDL), DHCP_R_INVALIDARG, "and again");
}

/* A local handle: a number that stands for an object. In the original such an
 * object could not be given back. */
static void handles(void)
{
    omapi_object_t *object = new_object(NULL, "lease");
    omapi_object_t *found = NULL;
    omapi_handle_t first = 0;
    omapi_handle_t again = 0;

    is(omapi_object_handle(&first, object), 0, "a handle");
    ok(first != 0, "is not 0");
    is(omapi_object_handle(&again, object), 0, "asked again");
    is(again, first, "is the same");
    is(omapi_handle_lookup(&found, first), 0, "found by it");
    ok(found == object, "the object");
    is(omapi_handle_lookup(&found, first), DHCP_R_INVALIDARG, "into a used pointer");
    is(omapi_object_dereference(&found, MDL), 0, "give one back");
    is(omapi_object_dereference(&object, MDL), 0, "and the other");
    is(omapi_handle_lookup(&found, first), ISC_R_NOTFOUND, "then the handle leads nowhere");
    is(omapi_handle_lookup(&found, 0), ISC_R_NOTFOUND, "as does 0");
}

/* An object inside typed data is held by it. */
static void objects(void)
{
    omapi_object_t *object = NULL;
    omapi_object_t *second = NULL;
    omapi_typed_data_t *holder = NULL;

    dhcpctl_initialize();
    object = new_object(NULL, "lease");
    is(omapi_typed_data_new(MDL, &holder, omapi_datatype_object, object), 0, "hold an object");
    is(object->refcnt, 3, "one reference more");
    is(omapi_typed_data_dereference(&holder, MDL), 0, "let go");
    is(object->refcnt, 2, "one less");
    is(omapi_object_reference(&second, object, MDL), 0, "reference");
    is(object->refcnt, 3, "counted");
    is(omapi_object_reference(&second, object, MDL), DHCP_R_INVALIDARG, "into a used pointer");
    is(omapi_object_dereference(&object, MDL), 0, "drop one");
    ok(!object, "cleared");
    is(dhcpctl_set_int_value(second, 1, "alive"), 0, "the other still works");
    is(omapi_object_dereference(&second, MDL), 0, "drop the last");
    is(omapi_object_dereference(&second, MDL), DHCP_R_INVALIDARG, "and once too often");
}

int main(void)
{
    tap_begin(60);
    data_strings();
    comparison();
    typed_data();
    values();
    objects();
    handles();
    return tap_end();
}
