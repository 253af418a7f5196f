/* servers: none; under: valgrind asan */
/* Destroy handlers of a program's own types: what they see of their chain, and
 * what they may call. No server is asked. */

#include "client.h"
#include "tap.h"

#include <omapip/omapip_p.h>

#define MOST 4
#define DEEP 100000

typedef struct thing {
    OMAPI_OBJECT_PREAMBLE;
    int number; /* in its chain, from outside */
    omapi_object_t *next;
} thing_t;

static omapi_object_type_t *thing_type;
static omapi_object_t *chain[MOST]; /* NULL when it is destroyed */
static int length;
static int last; /* whose reference is given up last */
static int destroyed;
static int wrong_links;
static int wrong_calls;
static omapi_handle_t handle;
static void (*in_handler)(omapi_object_t *h);

static isc_result_t thing_destroy(omapi_object_t *h, const char *file, int line)
{
    thing_t *thing = (thing_t *) h;
    int at = thing->number;

    (void) file;
    (void) line;
    destroyed++;
    if (thing->next)
        omapi_object_dereference(&thing->next, MDL);
    if (!length)
        return ISC_R_SUCCESS;
    /* The neighbour on the way to the last one is there, the other is not. */
    if (h->outer != (at > last ? chain[at - 1] : NULL))
        wrong_links++;
    if (h->inner != (at < last ? chain[at + 1] : NULL))
        wrong_links++;
    if (in_handler)
        in_handler(h);
    chain[at] = NULL;
    return ISC_R_SUCCESS;
}

static omapi_object_t *new_thing(int number)
{
    omapi_object_t *o = NULL;

    if (omapi_object_allocate(&o, thing_type, 0, MDL) || !o)
        tap_bail("cannot allocate an object");
    ((thing_t *) o)->number = number;
    return o;
}

static void nothing(omapi_object_t *h)
{
    (void) h;
}

/* On everything that is not destroyed yet, itself included. */
static void take_references(omapi_object_t *h)
{
    int i;

    (void) h;
    for (i = 0; i < length; i++) {
        omapi_object_t *o = NULL;

        if (!chain[i])
            continue;
        if (omapi_object_reference(&o, chain[i], MDL) || omapi_object_dereference(&o, MDL) || o)
            wrong_calls++;
    }
}

static void ask_for_handle(omapi_object_t *h)
{
    if (omapi_object_handle(&handle, h))
        wrong_calls++;
}

/* A result does not matter: nothing here is for an object without handlers. */
static void call_others(omapi_object_t *h)
{
    omapi_value_t *value = NULL;
    struct timeval now = {0, 0};

    omapi_signal(h, "bye");
    omapi_set_int_value(h, NULL, "size", 1);
    if (!omapi_get_value_str(h, NULL, "size", &value))
        wrong_calls++;
    if (omapi_unregister_io_object(h) == ISC_R_SUCCESS)
        wrong_calls++;
    if (omapi_wait_for_completion(h, &now) == ISC_R_SUCCESS)
        wrong_calls++;
    if (h->outer)
        omapi_signal(h->outer, "bye");
}

/* Chains of every length, which end at every place. */
static void chains(void (*what)(omapi_object_t *), const char *calls)
{
    int made = 0;
    int i;

    in_handler = what;
    destroyed = wrong_links = wrong_calls = 0;
    for (length = 1; length <= MOST; length++)
        for (last = 0; last < length; last++) {
            omapi_object_t *kept = NULL;

            /* The original forgets some of four when an end is given up last. */
            if (tap_original && length == MOST)
                continue;
            for (i = 0; i < length; i++)
                chain[i] = new_thing(i);
            for (i = 0; i + 1 < length; i++) {
                omapi_object_reference(&chain[i]->inner, chain[i + 1], MDL);
                omapi_object_reference(&chain[i + 1]->outer, chain[i], MDL);
            }
            made += length;
            for (i = 0; i < length; i++) {
                omapi_object_t *o = chain[i];

                if (i == last)
                    kept = o;
                else
                    omapi_object_dereference(&o, MDL);
            }
            if (destroyed != made - length)
                wrong_calls++;
            if (omapi_object_dereference(&kept, MDL))
                wrong_calls++;
        }
    is(destroyed - made, 0, calls);
    is(wrong_links, 0, "with the links of the original");
    is(wrong_calls, 0, "with the right results");
    length = 0;
}

static void a_handle_leads_nowhere(void)
{
    omapi_object_t *o = NULL;

    length = 1;
    last = 0;
    in_handler = ask_for_handle;
    handle = 0;
    chain[0] = o = new_thing(0);
    is(omapi_object_dereference(&o, MDL), 0, "a handler that asks for its handle");
    ok(handle != 0, "which it is told");
    is(omapi_handle_lookup(&o, handle), ISC_R_NOTFOUND, "and which leads nowhere afterwards");
    length = 0;
}

/* Each has the last reference on the next. */
static void deep(void)
{
    omapi_object_t *o = new_thing(0);
    int i;

    in_handler = NULL;
    destroyed = 0;
    for (i = 1; i < DEEP; i++) {
        omapi_object_t *around = new_thing(0);

        ((thing_t *) around)->next = o;
        o = around;
    }
    is(omapi_object_dereference(&o, MDL), 0, "the first of a hundred thousand");
    is(destroyed, DEEP, "all are destroyed");
}

int main(void)
{
    tap_begin(60);
    is(dhcpctl_initialize(), ISC_R_SUCCESS, "initialize");
    is(omapi_object_type_register(&thing_type, "thing", NULL, NULL, thing_destroy, NULL, NULL, NULL,
                                  NULL, NULL, NULL, NULL, NULL, sizeof(thing_t), NULL, RC_MISC),
       ISC_R_SUCCESS, "register a type");
    chains(nothing, "objects left, with handlers that look");
    if (!tap_original) {
        chains(take_references, "objects left, with handlers that refer to their chain");
        chains(ask_for_handle, "objects left, with handlers that ask for handles");
        chains(call_others, "objects left, with handlers that call others");
        a_handle_leads_nowhere();
        deep();
    }
    return tap_end();
}
