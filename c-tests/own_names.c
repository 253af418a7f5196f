/* test: tests/install/names.rs */
/* A program with names of its own that the original library has too: it keeps
 * its own, and the library works beside them. */

#include "client.h"

#include <omapip/alloc.h>

struct packet {
    int number;
};
struct class_of_packets {
    int number;
};

/* Prototypes as in the program's own header. */
int log_error(const char *format, ...);
int log_info(const char *format, ...);
void log_fatal(const char *format, ...);
void classify(struct packet *packet, struct class_of_packets *of);
extern time_t cur_time;
extern int log_perror;

static int errors;
static int infos;
static int classified;
static int blocks;

time_t cur_time = 4711;
int log_perror = 17;

int log_error(const char *format, ...)
{
    errors += format != NULL;
    return 1001;
}

int log_info(const char *format, ...)
{
    infos += format != NULL;
    return 1002;
}

void log_fatal(const char *format, ...)
{
    (void) format;
}

void classify(struct packet *packet, struct class_of_packets *of)
{
    classified += packet->number + of->number;
}

/* A pool: not malloc's blocks, and not the library's. */
void *dmalloc(size_t size, const char *file, int line)
{
    static double pool[64];

    (void) file;
    (void) line;
    blocks++;
    return size <= sizeof pool ? pool : NULL;
}

const char *isc_result_totext(isc_result_t result)
{
    static char text[40];

    snprintf(text, sizeof text, "mine: %u", result);
    return text;
}

int main(void)
{
    /* Through pointers that the compiler cannot see through. */
    int (*volatile error)(const char *, ...) = log_error;
    int (*volatile info)(const char *, ...) = log_info;
    void *(*volatile allocate)(size_t, const char *, int) = dmalloc;
    const char *(*volatile text)(isc_result_t) = isc_result_totext;
    struct packet packet = {20};
    struct class_of_packets of = {3};
    struct timeval limit = {5, 0};
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    dhcpctl_handle missing;
    dhcpctl_status answer = 0;

    tap_begin(30);
    is(dhcpctl_initialize(), 0, "initialize");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup");
    ok(number_is(lease, "state", 2), "with its answer");
    missing = new_lease(connection, "192.0.2.1");
    is(dhcpctl_open_object(missing, connection, 0), 0, "one that fails");
    is(dhcpctl_timed_wait_for_completion(missing, &answer, &limit), 0, "waited for");
    is(answer, ISC_R_NOTFOUND, "not found");
    ok(dhcpctl_disconnect(&lease, 1) != 0, "an error that the original logs");
    is(errors + infos, 0, "the library logs nowhere");
    is(blocks, 0, "nor does it allocate from the program's pool");
    is(cur_time, 4711, "cur_time is the program's");
    is(log_perror, 17, "log_perror is the program's");

    is(error("x"), 1001, "log_error is the program's");
    is(info("x"), 1002, "log_info is the program's");
    is(errors + infos, 2, "both");
    ok(allocate(8, MDL) == allocate(16, MDL), "dmalloc is the program's");
    is(blocks, 2, "twice");
    ok(strcmp(text(23), "mine: 23") == 0, "isc_result_totext is the program's: %s", text(23));
    classify(&packet, &of);
    is(classified, 23, "classify is the program's");

    drop(&missing);
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
