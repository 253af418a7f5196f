/* servers: none; under: valgrind */
/* A program's own object types: registering, dispatch along a chain, handlers
 * that are missing, lifetimes. */

#include "widget.h"

static void registering(void)
{
    omapi_object_type_t *newest = omapi_object_types;
    omapi_object_type_t *bare = NULL;
    int count = 0;

    is(widget_register(), 0, "register a type");
    ok(omapi_object_types == widget_type, "it is the first of the list");
    ok(widget_type && widget_type->next == newest, "before those that were there");
    if (!widget_type)
        tap_bail("no type");
    ok(strcmp(widget_type->name, "widget") == 0, "its name");
    is(widget_type->size, sizeof(widget_t), "its size");
    is(widget_type->rc_flag, RC_MISC, "its flag");
    ok(widget_type->set_value == widget_set_value && widget_type->get_value == widget_get_value &&
           widget_type->destroy == widget_destroy &&
           widget_type->signal_handler == widget_signal &&
           widget_type->stuff_values == widget_stuff,
       "its handlers");
    ok(!widget_type->lookup && !widget_type->create && !widget_type->remove &&
           !widget_type->freer && !widget_type->allocator && !widget_type->sizer &&
           !widget_type->initialize,
       "and none where it has none");
    is(omapi_object_type_register(&bare, "bare", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                  NULL, NULL, NULL, sizeof(omapi_object_t), NULL, 0),
       0, "a type without any handler");
    for (newest = omapi_object_types; newest; newest = newest->next)
        count++;
    is(count, 13, "eleven of the library and two of ours");
}

static void allocating(void)
{
    widget_t *widget = NULL;
    widget_t *same = NULL;
    omapi_object_t *object = NULL;
    size_t i;
    int zero = 1;

    is(widget_allocate(&widget, MDL), 0, "allocate a widget");
    if (!widget)
        tap_bail("no widget");
    is(widget->refcnt, 1, "one reference");
    ok(widget->type == widget_type, "of its type");
    for (i = sizeof(omapi_object_t); i < sizeof *widget; i++)
        zero = zero && ((unsigned char *) widget)[i] == 0;
    ok(zero, "its members are zero");
    ok(!widget->outer && !widget->inner && widget->handle == 0, "linked to nothing");
    is(widget_reference(&same, widget, MDL), 0, "a second reference");
    is(widget->refcnt, 2, "is counted");
    is(widget_reference(&same, widget, MDL), DHCP_R_INVALIDARG, "into a used pointer: an error");
    is(widget->refcnt, 2, "and not counted");
    is(widget_dereference(&same, MDL), 0, "drop one");
    ok(!same && widgets_destroyed == 0, "which does not destroy it");
    is(widget_dereference(&widget, __FILE__, 4711), 0, "drop the last");
    is(widgets_destroyed, 1, "which does");
    is(destroyed_line, 4711, "and is told where");

    /* The size of the call is not the block's: the type's is. */
    is(omapi_object_allocate(&object, widget_type, 4, MDL), 0, "allocate with a size too small");
    if (object) {
        memset((unsigned char *) object + sizeof *object, 0, sizeof(widget_t) - sizeof *object);
        is(omapi_object_dereference(&object, MDL), 0, "the whole widget was there");
    }
    widgets_destroyed = 0;
}

static void one_object(void)
{
    widget_t *widget = new_widget();
    omapi_object_t *h = (omapi_object_t *) widget;
    omapi_value_t *value = NULL;
    int number = 0;

    is(omapi_set_int_value(h, NULL, "size", 7), 0, "set its own attribute");
    is(widget->size, 7, "the handler got it");
    is(get_number(h, "size", &number), 0, "get it");
    is(number, 7, "the handler gave it");
    is(omapi_set_int_value(h, NULL, "colour", 7), ISC_R_NOTFOUND, "set a foreign one");
    is(omapi_get_value_str(h, NULL, "colour", &value), ISC_R_NOTFOUND, "get a foreign one");
    ok(!value, "nothing was stored");

    is(omapi_signal(h, "measure", 42, "word", 1LL << 40, 2.5), ISC_R_EXISTS,
       "a signal gives what the handler gives");
    is(widget->number, 42, "an int arrived");
    ok(widget->word && strcmp(widget->word, "word") == 0, "a pointer");
    ok(widget->big == 1LL << 40, "a long long");
    ok(widget->real == 2.5, "a double");
    is(omapi_signal_in(h, "measure", -1, "in", -1LL, -0.5), ISC_R_EXISTS, "the same inward");
    ok(widget->number == -1 && widget->big == -1 && widget->real == -0.5, "all arguments");
    is(omapi_signal(h, "nobody"), ISC_R_NOTFOUND, "a signal for nobody");
    is(omapi_signal_in(NULL, "nobody"), ISC_R_NOTFOUND, "a signal to nobody");
    drop(&h);
    is(widgets_destroyed, 1, "destroyed once");
    widgets_destroyed = 0;
}

/* widget around widget around generic. */
static void a_chain(void)
{
    widget_t *outer = new_widget();
    widget_t *middle = new_widget();
    omapi_object_t *inner = NULL;
    omapi_object_t *h = (omapi_object_t *) middle;
    int number = 0;

    is(omapi_generic_new(&inner, MDL), 0, "a generic object");
    if (!inner)
        tap_bail("no generic object");
    link_objects((omapi_object_t *) outer, h);
    link_objects(h, inner);

    is(omapi_set_int_value(h, NULL, "size", 3), 0, "set in the middle");
    ok(outer->size == 3 && middle->size == 0, "the outermost is asked first");
    is(omapi_set_int_value(inner, NULL, "colour", 9), 0, "what is not theirs");
    is(((omapi_generic_object_t *) inner)->nvalues, 1, "comes to the generic object");
    is(get_number((omapi_object_t *) outer, "colour", &number), 0, "and is found from outside");
    is(number, 9, "with its value");
    is(get_number(inner, "size", &number), 0, "and what is theirs from inside");
    is(number, 3, "with its value");

    is(omapi_signal(inner, "measure", 1, "", 1LL, 1.0), ISC_R_EXISTS, "a signal to the innermost");
    ok(outer->signals == 1 && middle->signals == 0, "starts at the outermost");
    is(omapi_signal_in(h, "measure", 1, "", 1LL, 1.0), ISC_R_EXISTS, "a signal inward");
    ok(outer->signals == 1 && middle->signals == 1, "starts where it is sent");
    is(omapi_signal(h, "other"), ISC_R_NOTFOUND, "what nobody takes goes all the way");
    ok(outer->signals == 2 && middle->signals == 2, "through both");

    /* The links count, but do not keep a chain alive. */
    is(outer->refcnt, 2, "the caller's reference and the link's");
    is(middle->refcnt, 3, "a link on each side");
    drop(&inner);
    drop(&h);
    is(widgets_destroyed, 0, "the chain lives while somebody holds one of it");
    is(widget_dereference(&outer, MDL), 0, "drop the last reference");
    is(widgets_destroyed, 2, "the whole chain is destroyed");
    widgets_destroyed = 0;
}

static void nothing_but_a_type(void)
{
    omapi_object_type_t *bare = NULL;
    omapi_object_t *h = NULL;
    omapi_object_t *inner = NULL;
    omapi_object_t *made = NULL;
    omapi_value_t *value = NULL;

    omapi_object_type_register(&bare, "bare", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, sizeof(omapi_object_t), NULL, RC_LEASE);
    is(omapi_object_allocate(&h, bare, 0, MDL), 0, "an object without handlers");
    omapi_generic_new(&inner, MDL);
    if (!h || !inner)
        tap_bail("no objects");
    is(omapi_set_int_value(h, NULL, "x", 1), ISC_R_NOTFOUND, "set");
    is(omapi_get_value_str(h, NULL, "x", &value), ISC_R_NOTFOUND, "get");
    is(omapi_stuff_values(NULL, NULL, h), ISC_R_NOTFOUND, "stuff");
    is(omapi_signal(h, "x", 1, 2), ISC_R_NOTFOUND, "signal");
    is(omapi_signal_in(h, "x"), ISC_R_NOTFOUND, "signal inward");
    is(omapi_object_create(&made, NULL, bare), ISC_R_NOTIMPLEMENTED, "create");

    /* Nor does it pass anything on. */
    link_objects(h, inner);
    is(omapi_set_int_value(inner, NULL, "x", 1), ISC_R_NOTFOUND, "set, with a generic inside");
    is(omapi_get_value_str(inner, NULL, "x", &value), ISC_R_NOTFOUND, "get");
    is(omapi_signal(inner, "x"), ISC_R_NOTFOUND, "signal");
    drop(&inner);
    drop(&h);
}

/* The inner one has no handlers: the library's own objects ask it in vain. */
static void without_handlers_inside(void)
{
    omapi_object_type_t *bare = NULL;
    omapi_object_t *generic = NULL;
    omapi_object_t *inside = NULL;
    omapi_value_t *value = NULL;

    omapi_object_type_register(&bare, "bare", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, sizeof(omapi_object_t), NULL, 0);
    omapi_generic_new(&generic, MDL);
    omapi_object_allocate(&inside, bare, 0, MDL);
    if (!generic || !inside)
        tap_bail("no objects");
    link_objects(generic, inside);
    is(omapi_get_value_str(generic, NULL, "unknown", &value), ISC_R_NOTFOUND, "get");
    is(omapi_signal(generic, "anything"), ISC_R_NOTFOUND, "signal");
    is(omapi_set_int_value(generic, NULL, "x", 1), 0, "set stays in the generic object");
    drop(&inside);
    drop(&generic);
}

static int made;
static int initialised;
static int freed;
static size_t asked;

static isc_result_t make(omapi_object_t **o, const char *file, int line)
{
    made++;
    *o = (omapi_object_t *) dmalloc(sizeof(widget_t), file, line);
    return *o ? ISC_R_SUCCESS : ISC_R_NOMEMORY;
}

static isc_result_t prepare(omapi_object_t *o, const char *file, int line)
{
    (void) file;
    (void) line;
    initialised++;
    ((widget_t *) o)->size = 12;
    return ISC_R_SUCCESS;
}

static isc_result_t release(omapi_object_t *o, const char *file, int line)
{
    freed++;
    dfree(o, file, line);
    return ISC_R_SUCCESS;
}

static isc_result_t big_enough(size_t size)
{
    asked = size;
    return (isc_result_t) (sizeof(widget_t) + 100);
}

static isc_result_t create(omapi_object_t **o, omapi_object_t *id)
{
    (void) id;
    return omapi_object_allocate(o, widget_type, 0, MDL);
}

static void own_memory(void)
{
    omapi_object_type_t *pooled = NULL;
    omapi_object_type_t *sized = NULL;
    omapi_object_type_t *creator = NULL;
    omapi_object_t *h = NULL;

    omapi_object_type_register(&pooled, "pooled", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               release, make, NULL, sizeof(widget_t), prepare, 0);
    is(omapi_object_allocate(&h, pooled, 0, MDL), 0, "a type with its own memory");
    if (!h)
        tap_bail("no object");
    ok(made == 1 && initialised == 1, "its allocator and its initialiser ran");
    is(((widget_t *) h)->size, 12, "in that order");
    is(h->refcnt, 1, "one reference");
    ok(h->type == pooled, "of its type");
    drop(&h);
    is(freed, 1, "its freer ran");

    omapi_object_type_register(&sized, "sized", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, big_enough, sizeof(widget_t), NULL, 0);
    is(omapi_object_allocate(&h, sized, 1234, MDL), 0, "a type that says how long a block is");
    is(asked, 1234, "it was asked with the size of the call");
    if (h)
        memset((unsigned char *) h + sizeof *h, 1, sizeof(widget_t) + 100 - sizeof *h);
    drop(&h);

    omapi_object_type_register(&creator, "creator", NULL, NULL, NULL, NULL, NULL, NULL, create,
                               NULL, NULL, NULL, NULL, sizeof(widget_t), NULL, 0);
    is(omapi_object_create(&h, NULL, creator), 0, "a type that creates");
    ok(h && h->type == widget_type, "what its function makes");
    drop(&h);
    widgets_destroyed = 0;

    omapi_object_type_register(&creator, "tiny", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               NULL, NULL, NULL, 8, NULL, 0);
    is(omapi_object_allocate(&h, creator, 0, MDL), DHCP_R_INVALIDARG,
       "a type too small for an object");
    ok(!h, "makes none");
}

/* Memory of the program as an object: it is cleared, and nobody holds it yet. */
static void initialising(void)
{
    widget_t widget;
    omapi_object_t *h = NULL;
    omapi_object_t *first = (omapi_object_t *) &widget;

    memset(&widget, 0xee, sizeof widget);
    is(omapi_object_initialize(first, widget_type, sizeof widget, sizeof widget - 1, MDL),
       DHCP_R_INVALIDARG, "initialise less than the type has");
    ok(widget.size == (int) 0xeeeeeeee, "nothing is written");
    is(omapi_object_initialize(first, widget_type, sizeof widget, sizeof widget, MDL), 0,
       "initialise a variable");
    ok(widget.type == widget_type, "it has its type");
    is(widget.refcnt, 0, "no references");
    is(widget.size, 0, "its members are zero");
    is(omapi_object_reference(&h, first, MDL), 0, "take a reference");
    is(omapi_object_reference(&widget.outer, first, MDL), 0, "and one that stays");
    is(widget.refcnt, 2, "both are counted");
    drop(&h);
    is(widget.refcnt, 1, "drop the first");
    is(widgets_destroyed, 0, "nothing happens to the variable");
}

/* All attributes of one object into another, then "updated". */
static void updating(void)
{
    widget_t *widget = new_widget();
    omapi_object_t *h = (omapi_object_t *) widget;
    omapi_object_t *inner = NULL;
    omapi_object_t *source = NULL;
    int number = 0;

    omapi_generic_new(&inner, MDL);
    omapi_generic_new(&source, MDL);
    if (!inner || !source)
        tap_bail("no generic objects");
    link_objects(h, inner);
    omapi_set_int_value(source, NULL, "size", 5);
    omapi_set_int_value(source, NULL, "colour", 6);
    is(omapi_object_update(h, NULL, source, 0), 0, "update an object from another");
    is(widget->size, 5, "its own attribute");
    is(get_number(h, "colour", &number), 0, "and one for the object inside");
    is(number, 6, "with its value");
    is(widget->updated, 1, "then the signal");
    is(omapi_object_update(h, NULL, source, 77), 0, "update with a handle");
    is(get_number(h, "remote-handle", &number), 0, "it is an attribute");
    is(number, 77, "of that value");
    is(omapi_object_update(h, NULL, NULL, 0), DHCP_R_INVALIDARG, "update from nothing");
    is(omapi_object_update(h, NULL, h, 0), ISC_R_NOTIMPLEMENTED, "update from a widget");
    omapi_set_string_value(source, NULL, "size", "no number");
    is(omapi_object_update(h, NULL, source, 0), DHCP_R_INVALIDARG, "the first failure ends it");
    is(widget->updated, 2, "without a signal");
    drop(&source);
    drop(&inner);
    drop(&h);
    is(widgets_destroyed, 1, "destroyed");
    widgets_destroyed = 0;
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    registering();
    allocating();
    one_object();
    a_chain();
    nothing_but_a_type();
    without_handlers_inside();
    own_memory();
    initialising();
    updating();
    return tap_end();
}
