/* servers: none; under: valgrind */
/* What programs build things from: typed data, values, arrays, address lists,
 * handles, generic objects, memory, texts of their own results. */

#include "widget.h"

static omapi_data_string_t *new_name(const char *text)
{
    omapi_data_string_t *name = NULL;

    if (omapi_data_string_new(&name, (unsigned) strlen(text), MDL) || !name)
        tap_bail("no data string");
    memcpy(name->value, text, strlen(text));
    return name;
}

static void typed_data(void)
{
    omapi_typed_data_t *t = NULL;
    omapi_typed_data_t *same = NULL;
    omapi_object_t *object = NULL;
    omapi_object_t *none = NULL;

    is(omapi_typed_data_new(MDL, &t, omapi_datatype_int, -5), 0, "typed data: an int");
    if (!t)
        tap_bail("no typed data");
    ok(t->refcnt == 1 && t->type == omapi_datatype_int && t->u.integer == -5, "its members");
    is(omapi_typed_data_new(MDL, &t, omapi_datatype_int, 6), DHCP_R_INVALIDARG, "a used pointer");
    is(t->u.integer, -5, "keeps what it had");
    is(omapi_typed_data_reference(&same, t, MDL), 0, "another reference");
    is(t->refcnt, 2, "counted");
    is(omapi_typed_data_dereference(&same, MDL), 0, "dropped");
    is(omapi_typed_data_dereference(&t, MDL), 0, "and the other");
    ok(!t, "cleared");

    is(omapi_typed_data_new(MDL, &t, omapi_datatype_string, "text"), 0, "a string");
    if (t)
        ok(t->u.buffer.len == 4 && !memcmp(t->u.buffer.value, "text", 4), "its bytes");
    is(omapi_td_strcmp(t, "text"), 0, "compare: equal");
    ok(omapi_td_strcmp(t, "texts") < 0 && omapi_td_strcmp(t, "tex") > 0, "shorter is less");
    ok(omapi_td_strcmp(t, "TEXT") != 0, "by case");
    is(omapi_td_strcasecmp(t, "TEXT"), 0, "and without");
    omapi_typed_data_dereference(&t, MDL);

    is(omapi_typed_data_new(MDL, &t, omapi_datatype_data, 3), 0, "data");
    if (t) {
        ok(t->u.buffer.len == 3 && !memcmp(t->u.buffer.value, "\0\0\0", 3), "zeroes to fill in");
        memcpy(t->u.buffer.value, "abc", 3);
    }
    is(omapi_td_strcmp(t, "abc"), 0, "compared like a string");
    omapi_typed_data_dereference(&t, MDL);
    is(omapi_typed_data_new(MDL, &t, omapi_datatype_data, 0xfffffff8u), DHCP_R_INVALIDARG,
       "data of four thousand million bytes");

    omapi_generic_new(&object, MDL);
    is(omapi_typed_data_new(MDL, &t, omapi_datatype_object, object), 0, "an object");
    is(object->refcnt, 2, "with a reference of its own");
    is(omapi_td_strcmp(t, "x"), (unsigned long) -1, "not a string");
    omapi_typed_data_dereference(&t, MDL);
    is(object->refcnt, 1, "which goes with it");
    drop(&object);
    is(omapi_typed_data_new(MDL, &t, omapi_datatype_object, none), DHCP_R_INVALIDARG, "no object");
    is(omapi_typed_data_new(MDL, &t, (omapi_datatype_t) 17, 1), DHCP_R_INVALIDARG, "no such type");
    ok(!t, "nothing was made");
}

static void values(void)
{
    omapi_data_string_t *name = new_name("colour");
    omapi_value_t *value = NULL;
    omapi_value_t *same = NULL;
    omapi_object_t *object = NULL;
    omapi_handle_t handle = 0;
    unsigned long number = 0;

    is(omapi_value_new(&value, MDL), 0, "a value");
    ok(value && value->refcnt == 1 && !value->name && !value->value, "with nothing in it");
    is(omapi_value_reference(&same, value, MDL), 0, "another reference");
    is(omapi_value_dereference(&same, MDL), 0, "dropped");
    is(omapi_value_dereference(&value, MDL), 0, "and the other");

    is(omapi_make_int_value(&value, name, -2, MDL), 0, "make_int_value");
    if (!value)
        tap_bail("no value");
    ok(value->name == name && name->refcnt == 2, "shares the name");
    is(value->value->type, omapi_datatype_int, "an int");
    is(omapi_get_int_value(&number, value->value), 0, "read it");
    ok(number == (unsigned long) -2L, "sign and all");
    is(omapi_make_int_value(&value, name, 1, MDL), DHCP_R_INVALIDARG, "a used pointer");
    is(omapi_value_dereference(&value, MDL), 0, "drop it");
    is(name->refcnt, 1, "and its share in the name");
    is(omapi_make_uint_value(&value, name, 4000000000u, MDL), 0, "make_uint_value");
    ok(value && value->value->type == omapi_datatype_int &&
           (unsigned) value->value->u.integer == 4000000000u,
       "an int, too");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_string_value(&value, name, "red", MDL), 0, "make_string_value");
    ok(value && value->value->type == omapi_datatype_string &&
           omapi_td_strcmp(value->value, "red") == 0,
       "a string");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_const_value(&value, name, (const unsigned char *) "a\0b", 3, MDL), 0,
       "make_const_value");
    ok(value && value->value->type == omapi_datatype_data && value->value->u.buffer.len == 3 &&
           !memcmp(value->value->u.buffer.value, "a\0b", 3),
       "data");
    omapi_value_dereference(&value, MDL);

    omapi_generic_new(&object, MDL);
    is(omapi_make_object_value(&value, name, object, MDL), 0, "make_object_value");
    ok(value && value->value->type == omapi_datatype_object && value->value->u.object == object,
       "an object");
    is(object->refcnt, 2, "counted");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_handle_value(&value, name, object, MDL), 0, "make_handle_value");
    is(omapi_object_handle(&handle, object), 0, "the object has a handle now");
    ok(value && value->value->type == omapi_datatype_int &&
           (omapi_handle_t) value->value->u.integer == handle && handle != 0,
       "which is the value");
    omapi_value_dereference(&value, MDL);
    drop(&object);

    /* Nothing to make a value of is the null value. */
    is(omapi_make_value(&value, name, NULL, MDL), 0, "make_value of nothing");
    ok(value && !value->value, "has no content");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_string_value(&value, name, NULL, MDL), 0, "make_string_value of nothing");
    ok(value && !value->value, "has no content");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_const_value(&value, name, NULL, 3, MDL), 0, "make_const_value of nothing");
    ok(value && !value->value, "has no content");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_object_value(&value, name, NULL, MDL), 0, "make_object_value of nothing");
    ok(value && !value->value, "has no content");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_handle_value(&value, name, NULL, MDL), 0, "make_handle_value of nothing");
    ok(value && !value->value, "has no content");
    omapi_value_dereference(&value, MDL);
    is(omapi_make_int_value(&value, NULL, 1, MDL), DHCP_R_INVALIDARG, "a value without a name");
    ok(!value, "is not made");
    omapi_data_string_dereference(&name, MDL);
}

static void generic_objects(void)
{
    omapi_generic_object_t *generic = NULL;
    omapi_generic_object_t *same = NULL;
    omapi_object_t *h;
    omapi_object_t *other = NULL;
    omapi_data_string_t *name = new_name("colour");
    omapi_typed_data_t *red = NULL;
    omapi_value_t *value = NULL;

    is(omapi_generic_allocate(&generic, MDL), 0, "a generic object");
    if (!generic)
        tap_bail("no generic object");
    h = (omapi_object_t *) generic;
    is(omapi_generic_reference(&same, generic, MDL), 0, "another reference");
    is(generic->refcnt, 2, "counted");
    is(omapi_generic_dereference(&same, MDL), 0, "dropped");
    omapi_typed_data_new(MDL, &red, omapi_datatype_string, "red");
    is(omapi_generic_set_value(h, NULL, name, red), 0, "its set_value");
    is(red->refcnt, 2, "shares the data");
    is(name->refcnt, 2, "and the name");
    is(omapi_generic_get_value(h, NULL, name, &value), 0, "its get_value");
    ok(value == generic->values[0], "gives the value itself");
    if (value)
        omapi_value_dereference(&value, MDL);
    is(generic->changed[0], 1, "it is to be sent");
    is(omapi_set_value(h, NULL, name, NULL), 0, "null");
    is(generic->nvalues, 1, "in the same slot");
    is(omapi_generic_clear_flags(h), 0, "as if it had been sent");
    ok(generic->changed[0] == 0 && generic->values[0] == NULL, "clears flag and slot");
    if (!tap_original)
        ok(omapi_generic_stuff_values(h, NULL, h) != 0, "stuff_values without a message");

    is(omapi_set_string_value(h, NULL, "s", "text"), 0, "set_string_value");
    is(omapi_set_int_value(h, NULL, "i", 5), 0, "set_int_value");
    is(omapi_set_boolean_value(h, NULL, "b", 5), 0, "set_boolean_value");
    omapi_generic_new(&other, MDL);
    is(omapi_set_object_value(h, NULL, "o", other), 0, "set_object_value");
    is(other->refcnt, 2, "counts the object");
    is(generic->nvalues, 5, "a slot each, behind the empty one");
    ok(generic->values[1]->value->type == omapi_datatype_string &&
           generic->values[2]->value->u.integer == 5 &&
           generic->values[3]->value->u.integer == 5 &&
           generic->values[4]->value->u.object == other,
       "with what was set");
    is(omapi_generic_dereference(&generic, MDL), 0, "drop it");
    is(other->refcnt, 1, "and what it held");
    is(red->refcnt, 1, "all of it");
    drop(&other);
    omapi_typed_data_dereference(&red, MDL);
    omapi_data_string_dereference(&name, MDL);
}

OMAPI_ARRAY_TYPE_DECL(widget, widget_t);
OMAPI_ARRAY_TYPE(widget, widget_t)

static void arrays(void)
{
    omapi_array_t *array = NULL;
    widget_t *widget = new_widget();
    widget_t *found = NULL;
    int at = -1;
    int seen = 0;

    is(widget_array_allocate(&array, MDL), 0, "an array");
    if (!array)
        tap_bail("no array");
    ok(array->count == 0 && array->max == 0 && !array->data, "empty");
    is(widget_array_extend(array, widget, &at, MDL), 0, "extend it");
    is(at, 0, "the first index");
    ok(array->count == 1 && array->max == 10, "room for ten");
    is(widget->refcnt, 2, "it counts its entry");
    is(widget_array_extend(array, widget, NULL, MDL), 0, "extend without asking where");
    is(widget_array_set(array, widget, 12, MDL), 0, "set far behind");
    ok(array->count == 13 && array->max == 22, "count and room follow");
    is(widget_array_set(array, widget, 12, MDL), 0, "set it again");
    is(widget->refcnt, 4, "the old entry was given up");
    is(widget_array_lookup(&found, array, 12, MDL), 0, "look it up");
    ok(found == widget && widget->refcnt == 5, "with a reference");
    is(widget_array_lookup(&found, array, 0, MDL), DHCP_R_INVALIDARG, "into a used pointer");
    widget_dereference(&found, MDL);
    is(widget_array_lookup(&found, array, 5, MDL), ISC_R_NOTFOUND, "an empty slot");
    is(widget_array_lookup(&found, array, 13, MDL), DHCP_R_INVALIDARG, "behind the end");
    is(widget_array_lookup(&found, array, -1, MDL), DHCP_R_INVALIDARG, "before the start");
    is(widget_array_set(array, widget, -1, MDL), DHCP_R_INVALIDARG, "set before the start");
    omapi_array_foreach_begin(array, widget_t, each) {
        seen += each == widget;
    }
    omapi_array_foreach_end(array, widget_t, each)
    is(seen, 3, "each of its entries");
    is(widget_array_free(&array, MDL), 0, "free it");
    ok(!array && widget->refcnt == 1, "with its references");
    is(widget_array_free(&array, MDL), DHCP_R_INVALIDARG, "once");
    widget_dereference(&widget, MDL);
}

static void address_lists(void)
{
    omapi_addr_list_t *list = NULL;
    omapi_addr_list_t *same = NULL;

    is(omapi_addr_list_new(&list, 3, MDL), 0, "a list of three addresses");
    if (!list)
        tap_bail("no list");
    ok(list->refcnt == 1 && list->count == 3, "its members");
    ok((void *) list->addresses == (void *) (list + 1), "the addresses follow at once");
    list->addresses[2].port = 7911;
    is(omapi_addr_list_reference(&same, list, MDL), 0, "another reference");
    is(list->refcnt, 2, "counted");
    is(omapi_addr_list_dereference(&same, MDL), 0, "dropped");
    is(omapi_addr_list_new(&list, 3, MDL), DHCP_R_INVALIDARG, "a used pointer");
    is(omapi_addr_list_dereference(&list, MDL), 0, "and the other");
    ok(!list, "cleared");
}

static void handles(void)
{
    omapi_object_t *object = NULL;
    omapi_object_t *found = NULL;
    omapi_typed_data_t *t = NULL;
    omapi_handle_t handle = 0;
    omapi_handle_t again = 0;

    omapi_generic_new(&object, MDL);
    if (!object)
        tap_bail("no object");
    is(omapi_object_handle(&handle, object), 0, "a handle");
    ok(handle > 0 && object->handle == handle, "a number from 1 on, in the struct as well");
    is(object->refcnt, 2, "the table counts");
    is(omapi_object_handle(&again, object), 0, "ask again");
    is(again, handle, "the same");
    is(omapi_handle_lookup(&found, handle), 0, "look it up");
    ok(found == object && object->refcnt == 3, "with a reference");
    is(omapi_handle_lookup(&found, handle), DHCP_R_INVALIDARG, "into a used pointer");
    drop(&found);
    is(omapi_handle_lookup(&found, 0), ISC_R_NOTFOUND, "no object has 0");
    is(omapi_handle_lookup(&found, handle + 1000), ISC_R_NOTFOUND, "nor a number never given");

    omapi_typed_data_new(MDL, &t, omapi_datatype_int, (int) handle);
    is(omapi_handle_td_lookup(&found, t), 0, "by typed data: an int");
    drop(&found);
    omapi_typed_data_dereference(&t, MDL);
    omapi_typed_data_new(MDL, &t, omapi_datatype_data, 4);
    t->u.buffer.value[0] = (unsigned char) (handle >> 24);
    t->u.buffer.value[1] = (unsigned char) (handle >> 16);
    t->u.buffer.value[2] = (unsigned char) (handle >> 8);
    t->u.buffer.value[3] = (unsigned char) handle;
    is(omapi_handle_td_lookup(&found, t), 0, "four bytes");
    drop(&found);
    omapi_typed_data_dereference(&t, MDL);
    omapi_typed_data_new(MDL, &t, omapi_datatype_string, "abcd");
    is(omapi_handle_td_lookup(&found, t), DHCP_R_INVALIDARG, "not a string");
    omapi_typed_data_dereference(&t, MDL);

    drop(&object);
    is(omapi_handle_lookup(&found, handle), ISC_R_NOTFOUND, "the object is gone, so is its number");
    omapi_generic_new(&object, MDL);
    is(omapi_object_handle(&again, object), 0, "another object");
    ok(again > handle, "gets another number");
    is(omapi_handle_clear(again), 0, "taken out of the table");
    is(omapi_handle_lookup(&found, again), ISC_R_NOTFOUND, "it is not found any more");
    drop(&object);
}

static void memory_and_texts(void)
{
    static const char *texts[] = {"first of the program", "second of the program"};
    unsigned char *block = (unsigned char *) dmalloc(100, MDL);
    int i;
    int zero = 1;

    if (!block)
        tap_bail("no memory");
    for (i = 0; i < 100; i++)
        zero = zero && block[i] == 0;
    ok(zero, "dmalloc gives zeroes");
    block = (unsigned char *) realloc(block, 200);
    dfree(block, MDL);
    block = (unsigned char *) malloc(10);
    dfree(block, MDL);
    ok(1, "its blocks are malloc's");
    free(dmalloc(0, MDL));

    if (tap_original)
        return; /* These are BIND's. */
    is(isc_result_register(ISC_RESULTCLASS_FROMNUM(1000), 2, texts, NULL, 2), 0,
       "register texts");
    ok(strcmp(isc_result_totext(ISC_RESULTCLASS_FROMNUM(1000)), texts[0]) == 0, "the first");
    ok(strcmp(isc_result_totext(ISC_RESULTCLASS_FROMNUM(1000) + 1), texts[1]) == 0, "the second");
    ok(strcmp(isc_result_totext(ISC_RESULTCLASS_FROMNUM(1000) + 2),
              "(result code text not available)") == 0,
       "there is no third");
    ok(strcmp(isc_result_totext(ISC_R_NOTFOUND), "not found") == 0, "the others stay");
    ok(strcmp(isc_result_toid(ISC_R_NOTFOUND), "ISC_R_NOTFOUND") == 0, "names: ISC's");
    ok(strcmp(isc_result_toid(DHCP_R_INVALIDARG), "DHCP_R_INVALIDARG") == 0, "names: DHCP's");
    ok(isc_result_toid(4711) != NULL, "unknown codes have some name");
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    is(widget_register(), 0, "a type of the program");
    typed_data();
    values();
    generic_objects();
    arrays();
    address_lists();
    handles();
    memory_and_texts();
    return tap_end();
}
