/* test: tests/live_kea/command.rs */
/* What this library has for Kea alone: any command, at once or in the course of
 * waits and callbacks, and walks through leases and hosts. Ends with a shutdown
 * of the server. OMAPI_HOST is the name of a Kea server.
 *
 *   kea leave   only disconnects from one that takes changes and never answers
 */

#include "client.h"

#include <pthread.h>

#define MANY 20
#define DEPTH 130

static dhcpctl_handle connection;

/* The code, and whether the reply has this in it; without a reply `part` is
 * NULL. */
static void command(const char *name, const char *arguments, dhcpctl_status status,
                    const char *part)
{
    dhcpctl_data_string reply = NULL;
    char *text = NULL;

    is(dhcpctl_kea_command(connection, name, arguments, &reply), status, name);
    if (!part) {
        ok(!reply, "%s: no reply", name);
        return;
    }
    if (reply)
        text = strndup((const char *) reply->value, reply->len);
    ok(text && strstr(text, part), "%s: %s", name, part);
    free(text);
    if (reply)
        dhcpctl_data_string_dereference(&reply, MDL);
}

static void commands(void)
{
    command("list-commands", NULL, 0, "\"lease4-get\"");
    command("version-get", "{}", 0, "\"extended\"");
    command("leases-reclaim", "{\"remove\": true}", 0, "\"result\":0");
    command("leases-reclaim", "{\"remove\": 1}", ISC_R_FAILURE, "\"result\":1");
    command("statistic-get-all", NULL, 0, "\"pkt4-received\"");
    command("statistic-get", " {\"name\" : \"pkt4-received\"}\n", 0, "\"pkt4-received\"");
    command("lease4-get-page", "{\"from\": \"start\", \"limit\": 2}", 0, "\"count\":2");
    command("lease4-get-page", "{\"from\": \"255.255.255.255\", \"limit\": 2}", ISC_R_NOTFOUND,
            "\"result\":3");
    command("config-get", NULL, 0, "\"Dhcp4\"");
    command("no-such-command", NULL, ISC_R_NOTIMPLEMENTED, "\"result\":2");
    command("", NULL, DHCP_R_INVALIDARG, NULL);
    command("quo\"te\\", NULL, ISC_R_NOTIMPLEMENTED, "\"result\":2");
}

/* Nothing of these is sent. */
static void bad_arguments(void)
{
    static const char *const bad[] = {"",       "hello", "{",           "[1",       "{\"a\":}",
                                      "{} {}",  "1",     "\"text\"",    "null",     "{\"a\":1,}",
                                      "{a:1}",  "}",     "\"",          "{\"a\":\"\\u12\"}"};
    dhcpctl_data_string used = NULL;
    char deep[2 * DEPTH + 1];
    unsigned i;

    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        command("list-commands", bad[i], DHCP_R_INVALIDARG, NULL);
    memset(deep, '[', DEPTH);
    memset(deep + DEPTH, ']', DEPTH);
    deep[2 * DEPTH] = 0;
    command("list-commands", deep, DHCP_R_INVALIDARG, NULL);
    is(dhcpctl_kea_command(NULL, "list-commands", NULL, NULL), DHCP_R_INVALIDARG,
       "no connection");
    is(dhcpctl_kea_command(connection, NULL, NULL, NULL), DHCP_R_INVALIDARG, "no command");
    is(dhcpctl_kea_command(connection, "list-commands", NULL, NULL), 0, "nobody wants the reply");
    omapi_data_string_new(&used, 1, MDL);
    is(dhcpctl_kea_command(connection, "list-commands", NULL, &used), DHCP_R_INVALIDARG,
       "a reply that is in use");
    ok(used && used->len == 1, "it stays");
    if (used)
        dhcpctl_data_string_dereference(&used, MDL);
}

/* Outstanding ones, as any other request. */
static dhcpctl_handle objects[MANY];
static int calls[MANY];
static dhcpctl_status codes[MANY];

static void count(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    int i = (int) ((int *) data - calls);

    calls[i]++;
    codes[i] = object == objects[i] ? status : 99;
}

static void ask(dhcpctl_handle on, const char *name)
{
    int bad = 0;
    int i;

    memset(calls, 0, sizeof calls);
    for (i = 0; i < MANY; i++) {
        codes[i] = 98;
        objects[i] = new_object(on, "kea-command");
        bad += dhcpctl_set_string_value(objects[i], i % 4 == 3 ? "no-such-command" : name,
                                        "command") != 0;
        bad += dhcpctl_set_callback(objects[i], &calls[i], count) != 0;
        bad += dhcpctl_open_object(objects[i], on, 0) != 0;
    }
    is(bad, 0, "several commands are queued");
}

static int called(void)
{
    int sum = 0;
    int i;

    for (i = 0; i < MANY; i++)
        sum += calls[i];
    return sum;
}

static void drop_all(void)
{
    int i;

    for (i = 0; i < MANY; i++)
        drop(&objects[i]);
}

static void check_all(void)
{
    int once = 0;
    int good = 0;
    int i;

    for (i = 0; i < MANY; i++) {
        once += calls[i] == 1;
        good += codes[i] == 0 &&
                number_is(objects[i], "result", i % 4 == 3 ? 2 : 0) &&
                value_length(objects[i], "reply") > 10;
    }
    is(once, MANY, "each callback was called once");
    is(good, MANY, "with the answer, whatever its result");
}

static void outstanding(void)
{
    struct timeval limit = in_seconds(10);
    int i;

    ask(connection, "statistic-get-all");
    for (i = MANY; i-- > 0;)
        if (finish(objects[i]))
            codes[i] = 97;
    check_all();
    drop_all();

    ask(connection, "status-get");
    while (called() < MANY && omapi_one_dispatch(NULL, &limit) == 0)
        ;
    check_all();
    drop_all();
}

/* Kea may or may not have done them: each ends, once. */
static void disconnected(int force)
{
    dhcpctl_handle mine = server_connect();
    int ended = 0;
    int i;

    ask(mine, "config-get");
    is(dhcpctl_disconnect(&mine, force), 0, force ? "disconnect at once" : "disconnect politely");
    for (i = 0; i < MANY; i++) {
        dhcpctl_status status = finish(objects[i]);

        if (calls[i] == 1 && codes[i] == status &&
            (status == DHCP_R_CONNRESET || status == 0))
            ended++;
    }
    is(ended, MANY, "every command has ended, once");
    drop_all();
}

static const char *const names[] = {"left-1", "left-2", "left-3"};

static dhcpctl_handle new_host(dhcpctl_handle on, int i)
{
    static unsigned char mac[6] = {2, 0, 0, 0, 0x66, 0};
    static unsigned char address[4] = {10, 0, 66, 0};
    dhcpctl_handle host = new_object(on, "host");

    mac[5] = address[3] = (unsigned char) (i + 1);
    if (dhcpctl_set_string_value(host, names[i], "name") ||
        dhcpctl_set_data_value(host, (const char *) mac, 6, "hardware-address") ||
        dhcpctl_set_int_value(host, 1, "hardware-type") ||
        dhcpctl_set_data_value(host, (const char *) address, 4, "ip-address"))
        tap_bail("cannot describe a host");
    return host;
}

/* Disconnecting without force: what was queued to change something is done. */
static void changes_are_done(void)
{
    dhcpctl_handle mine = server_connect();
    dhcpctl_handle hosts[3];
    int i;

    for (i = 0; i < 3; i++) {
        hosts[i] = new_host(mine, i);
        is(dhcpctl_open_object(hosts[i], mine, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, names[i]);
    }
    is(dhcpctl_disconnect(&mine, 0), 0, "disconnect without force");
    for (i = 0; i < 3; i++) {
        is(finish(hosts[i]), 0, "it was created");
        drop(&hosts[i]);
    }
    mine = server_connect();
    for (i = 0; i < 3; i++) {
        hosts[i] = new_object(mine, "host");
        dhcpctl_set_string_value(hosts[i], names[i], "name");
        is(open_now(hosts[i], mine, 0), 0, "it is there");
        is(dhcpctl_object_remove(mine, hosts[i]), 0, "remove it");
    }
    is(dhcpctl_disconnect(&mine, 0), 0, "disconnect without force");
    for (i = 0; i < 3; i++) {
        is(finish(hosts[i]), 0, "it was removed");
        drop(&hosts[i]);
    }
    mine = new_host(connection, 0);
    is(open_now(mine, connection, 0), ISC_R_NOTFOUND, "it is gone");
    drop(&mine);
}

/* At most for the time that the server's name grants. */
static int leave(void)
{
    dhcpctl_handle mine = server_connect();
    dhcpctl_handle host = new_host(mine, 0);
    dhcpctl_handle lease = new_lease(mine, "10.0.0.10");
    dhcpctl_status status;

    is(dhcpctl_open_object(host, mine, DHCPCTL_CREATE | DHCPCTL_EXCL), 0, "a change");
    is(dhcpctl_open_object(lease, mine, 0), 0, "a lookup");
    is(dhcpctl_disconnect(&mine, 0), 0, "disconnect without force");
    status = finish(host);
    ok(status == ISC_R_TIMEDOUT || status == DHCP_R_CONNRESET, "the change has failed: %s",
       isc_result_totext(status));
    is(finish(lease), DHCP_R_CONNRESET, "the lookup is over");
    drop(&host);
    drop(&lease);
    return tap_end();
}

/* Everything here is done by a thread that is cancelled already. */
static int steps;

static void *cancelled(void *argument)
{
    dhcpctl_data_string reply = NULL;
    dhcpctl_handle mine = NULL;
    int good = 0;
    int i;

    (void) argument;
    pthread_cancel(pthread_self());
    steps += dhcpctl_kea_command(connection, "config-get", NULL, &reply) == 0;
    if (reply)
        dhcpctl_data_string_dereference(&reply, MDL);
    steps += dhcpctl_connect(&mine, server_host(), server_port(), NULL) == 0;
    for (i = 0; i < MANY; i++) {
        objects[i] = NULL;
        dhcpctl_new_object(&objects[i], mine, "kea-command");
        dhcpctl_set_string_value(objects[i], "config-get", "command");
        dhcpctl_open_object(objects[i], mine, 0);
    }
    for (i = 0; i < MANY; i++) {
        dhcpctl_status status = 99;

        good += dhcpctl_wait_for_completion(objects[i], &status) == 0 && status == 0;
    }
    steps += good == MANY;
    steps += dhcpctl_next_object(mine, objects[0]) == 0;
    steps += dhcpctl_disconnect(&mine, 0) == 0;
    pthread_testcancel();
    steps = -1;
    return NULL;
}

static void a_cancelled_thread(void)
{
    pthread_t thread;
    void *result = NULL;

    if (pthread_create(&thread, NULL, cancelled, NULL) || pthread_join(thread, &result))
        tap_bail("cannot run a thread");
    ok(result == PTHREAD_CANCELED, "a cancelled thread ends");
    is(steps, 5, "but not inside the library");
    drop_all();
    command("status-get", NULL, 0, "\"pid\"");
}

/* From inside a callback. */
static void asks(dhcpctl_handle object, dhcpctl_status status, void *data)
{
    (void) object;
    if (status == 0)
        *(dhcpctl_status *) data = dhcpctl_kea_command(connection, "version-get", NULL, NULL);
}

static void inside_a_callback(void)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");
    dhcpctl_status status = 99;

    dhcpctl_set_callback(lease, &status, asks);
    is(open_now(lease, connection, 0), 0, "a lookup with a callback");
    is(status, 0, "that sends a command");
    drop(&lease);
}

/* `first` and `last` in an order of Kea's choice. */
static void walk(const char *type, const char *attribute, int expected)
{
    dhcpctl_handle object = new_object(connection, type);
    dhcpctl_status status = 0;
    int seen = 0;

    while (status == 0 && seen < 100) {
        status = dhcpctl_next_object(connection, object);
        if (status == 0)
            status = finish(object);
        if (status == 0 && value_length(object, attribute) > 0)
            seen++;
    }
    is(status, ISC_R_NOMORE, "a walk comes to its end");
    is(seen, expected, type);
    drop(&object);
}

static void walks(void)
{
    dhcpctl_handle object = new_object(connection, "group");

    walk("lease", "ip-address", 13);
    walk("host", "name", 2);
    is(dhcpctl_next_object(connection, object), 0, "others");
    is(finish(object), ISC_R_NOTIMPLEMENTED, "cannot be walked through");
    drop(&object);
    ok(dhcpctl_next_object(NULL, NULL) != 0, "nothing, nowhere");
}

static void the_end(void)
{
    dhcpctl_handle again = NULL;
    int i;

    command("shutdown", NULL, 0, "\"result\":0");
    for (i = 0; i < 500 && dhcpctl_kea_command(connection, "status-get", NULL, NULL) !=
                               ISC_R_CONNREFUSED; i++)
        usleep(10000);
    command("status-get", NULL, ISC_R_CONNREFUSED, NULL);
    is(dhcpctl_connect(&again, server_host(), server_port(), NULL), ISC_R_CONNREFUSED,
       "no connection to nobody");
    ok(!again, "none");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    ok(dhcpctl_kea_command(connection, "status-get", NULL, NULL) != 0, "no command without one");
}

int main(int argc, char **argv)
{
    tap_begin(60);
    is(dhcpctl_initialize(), 0, "initialize");
    if (argc > 1 && strcmp(argv[1], "leave") == 0)
        return leave();
    connection = server_connect();
    commands();
    bad_arguments();
    outstanding();
    disconnected(1);
    disconnected(0);
    changes_are_done();
    a_cancelled_thread();
    inside_a_callback();
    walks();
    the_end();
    return tap_end();
}
