/* servers: none; under: tsan asan */
/* Two threads give up the last references on an object while one of them links
 * it, gives it a handle or walks along its chain: it is destroyed, once. No
 * server is asked. */

#include "client.h"
#include "widget.h"

#include <pthread.h>
#include <sched.h>

#define ROUNDS 10000
/* Looks before a thread lets others run: two that yield at once do not meet. */
#define SPINS 5000

typedef struct thing {
    OMAPI_OBJECT_PREAMBLE;
} thing_t;

static omapi_object_type_t *thing_type;
static int made;
static int destroyed;
static int wrong;

/* Both threads count. */
static void add(int *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static int get(int *counter)
{
    return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void set(int *counter, int value)
{
    __atomic_store_n(counter, value, __ATOMIC_SEQ_CST);
}

static isc_result_t thing_destroy(omapi_object_t *h, const char *file, int line)
{
    (void) file;
    (void) line;
    if (h->type != thing_type)
        add(&wrong);
    add(&destroyed);
    return ISC_R_SUCCESS;
}

static omapi_object_t *new_thing(void)
{
    omapi_object_t *thing = NULL;

    if (omapi_object_allocate(&thing, thing_type, 0, MDL) || !thing)
        tap_bail("cannot allocate an object");
    add(&made);
    return thing;
}

static void give_up(omapi_object_t *thing)
{
    if (omapi_object_dereference(&thing, MDL) || thing)
        add(&wrong);
}

static void callback(dhcpctl_handle h, dhcpctl_status status, void *data)
{
    (void) h;
    (void) status;
    (void) data;
}

/* What the threads do with an object on which each has a reference. */

static void only_give_up(omapi_object_t *thing)
{
    give_up(thing);
}

static void set_callback(omapi_object_t *thing)
{
    if (dhcpctl_set_callback(thing, NULL, callback))
        add(&wrong);
    give_up(thing);
}

static void link_inside(omapi_object_t *thing)
{
    omapi_object_t *inner = new_thing();

    link_objects(thing, inner);
    give_up(inner);
    give_up(thing);
}

static void link_around(omapi_object_t *thing)
{
    omapi_object_t *outer = new_thing();

    link_objects(outer, thing);
    give_up(thing);
    give_up(outer);
}

static void link_and_unlink(omapi_object_t *thing)
{
    omapi_object_t *inner = new_thing();

    link_objects(thing, inner);
    if (omapi_object_dereference(&thing->inner, MDL) ||
        omapi_object_dereference(&inner->outer, MDL))
        add(&wrong);
    give_up(inner);
    give_up(thing);
}

static int last_handle;

static void take_handle(omapi_object_t *thing)
{
    omapi_handle_t handle = 0;

    if (omapi_object_handle(&handle, thing) || !handle)
        add(&wrong);
    set(&last_handle, (int) handle);
    give_up(thing);
}

static void clear_handle(omapi_object_t *thing)
{
    omapi_handle_t handle = 0;

    if (omapi_object_handle(&handle, thing) || omapi_handle_clear(handle))
        add(&wrong);
    give_up(thing);
}

/* Finds whatever has the last handle, alive, or nothing. */
static void look_up(omapi_object_t *thing)
{
    omapi_object_t *found = NULL;

    if (omapi_handle_lookup(&found, (omapi_handle_t) get(&last_handle)) == ISC_R_SUCCESS) {
        if (found->type != thing_type || found->refcnt < 1)
            add(&wrong);
        give_up(found);
    }
    give_up(thing);
}

typedef void work_t(omapi_object_t *);

/* The other thread; what it is to do is in `other_work` and `other_thing` when
 * `asked` rises. */
static int asked;
static int done;
static int quit;
static work_t *other_work;
static omapi_object_t *other_thing;

static void *other_thread(void *argument)
{
    int round = 1;
    int spins;

    for (;; round++) {
        for (spins = 1; get(&asked) < round; spins++) {
            if (get(&quit))
                return argument;
            if (spins % SPINS == 0)
                sched_yield();
        }
        other_work(other_thing);
        set(&done, round);
    }
}

/* The threads meet at all moments: one is late by more and more, up to what
 * the other's work takes, as often as there are rounds. */
static void both(work_t *one, work_t *other, const char *what)
{
    int before = get(&made) - get(&destroyed);
    int lookups = 0;
    int spins;
    int i;

    set(&wrong, 0);
    for (i = 0; i < ROUNDS; i++) {
        omapi_object_t *thing = new_thing();
        omapi_object_t *second = NULL;
        omapi_object_t *found = NULL;
        volatile int late;
        int round = get(&asked) + 1;

        if (omapi_object_reference(&second, thing, MDL))
            tap_bail("cannot refer to an object");
        other_work = other;
        other_thing = second;
        set(&asked, round);
        for (late = 0; late < i % 997;)
            late = late + 1;
        one(thing);
        for (spins = 1; get(&done) < round; spins++)
            if (spins % SPINS == 0)
                sched_yield();
        if (get(&last_handle) && omapi_handle_lookup(&found, (omapi_handle_t) get(&last_handle)) == ISC_R_SUCCESS) {
            lookups++;
            give_up(found);
        }
    }
    is(get(&made) - get(&destroyed) - before, 0, what);
    is(lookups, 0, "and no handle leads to one that has ended");
    is(get(&wrong), 0, "and nothing else was wrong");
}

int main(void)
{
    pthread_t thread;

    tap_begin(600);
    is(dhcpctl_initialize(), ISC_R_SUCCESS, "initialize");
    is(omapi_object_type_register(&thing_type, "thing", NULL, NULL, thing_destroy, NULL, NULL, NULL,
                                  NULL, NULL, NULL, NULL, NULL, sizeof(thing_t), NULL, RC_MISC),
       ISC_R_SUCCESS, "register a type");
    if (pthread_create(&thread, NULL, other_thread, NULL))
        tap_bail("cannot start a thread");
    both(only_give_up, only_give_up, "leaked, with two references given up");
    both(only_give_up, set_callback, "leaked, while one set a callback");
    both(set_callback, set_callback, "leaked, while both set a callback");
    both(only_give_up, link_inside, "leaked, while one linked an inner object");
    both(only_give_up, link_around, "leaked, while one linked an outer object");
    both(link_inside, link_around, "leaked, while both linked");
    both(only_give_up, link_and_unlink, "leaked, while one linked and unlinked");
    both(only_give_up, take_handle, "leaked, while one took a handle");
    both(take_handle, take_handle, "leaked, while both took a handle");
    both(take_handle, clear_handle, "leaked, while one cleared the handle");
    both(take_handle, look_up, "leaked, while one looked up a handle");
    both(take_handle, set_callback, "leaked, with a handle and a callback");
    set(&quit, 1);
    pthread_join(thread, NULL);
    is(get(&made) - get(&destroyed), 0, "objects left");
    printf("# %d objects, %d destroyed\n", get(&made), get(&destroyed));
    return tap_end();
}
