/* Our connection in a program's own epoll loop.
 *
 *   epoll ADDRESS...            server on 127.0.0.1, port 7911 or $OMAPI_PORT
 *
 * The library never blocks here: the program asks it for a descriptor, waits by
 * itself, for the connection and for whatever else it has (here a timer), and
 * calls the library when there is something to do. Answers come as callbacks.
 * Level-triggered events: the library takes what it can in one go. */

#define _POSIX_C_SOURCE 200809L /* CLOCK_MONOTONIC, also with -std=c11 */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static int unanswered;

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

/* Once for each request, also when the connection is lost. */
static void answered(dhcpctl_handle lease, dhcpctl_status status, void *address)
{
    dhcpctl_data_string name = NULL;

    unanswered--;
    if (status == ISC_R_SUCCESS)
        dhcpctl_get_value(&name, lease, "client-hostname");
    printf("%s: %.*s\n", (const char *) address, name ? (int) name->len : 100,
           name ? (const char *) name->value : isc_result_totext(status));
    if (name)
        dhcpctl_data_string_dereference(&name, MDL);
    omapi_object_dereference(&lease, MDL);
}

static void ask(dhcpctl_handle connection, char *address)
{
    dhcpctl_handle lease = NULL;
    struct in_addr binary;

    if (inet_pton(AF_INET, address, &binary) != 1) {
        fprintf(stderr, "%s is not an IPv4 address\n", address);
        return;
    }
    check(dhcpctl_new_object(&lease, connection, "lease"), "new object");
    check(dhcpctl_set_data_value(lease, (const char *) &binary, 4, "ip-address"), "set");
    check(dhcpctl_set_callback(lease, address, answered), "set callback");
    check(dhcpctl_open_object(lease, connection, 0), "open");
    unanswered++;
}

int main(int argc, char **argv)
{
    const char *port = getenv("OMAPI_PORT");
    struct itimerspec each_second = {{1, 0}, {1, 0}};
    struct epoll_event event;
    dhcpctl_handle connection = NULL;
    isc_result_t result = ISC_R_SUCCESS;
    int loop = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    int socket;
    int writing = 0;
    int i;

    check(dhcpctl_initialize(), "initialize");
    check(dhcpctl_connect(&connection, "127.0.0.1", port ? atoi(port) : 7911, NULL), "connect");
    socket = omapi_connection_readfd(connection);

    memset(&event, 0, sizeof event);
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(loop, EPOLL_CTL_ADD, socket, &event);
    event.data.fd = timer;
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &event);
    timerfd_settime(timer, 0, &each_second, NULL);

    for (i = 1; i < argc; i++)
        ask(connection, argv[i]);

    while (unanswered > 0 && result == ISC_R_SUCCESS) {
        /* There is something to write after a request, and when answers have
         * made room for more requests. */
        int wanted = omapi_connection_writefd(connection) >= 0;

        if (wanted != writing) {
            writing = wanted;
            event.events = EPOLLIN | (writing ? EPOLLOUT : 0);
            event.data.fd = socket;
            epoll_ctl(loop, EPOLL_CTL_MOD, socket, &event);
        }
        if (epoll_wait(loop, &event, 1, -1) < 1)
            continue;
        if (event.data.fd == timer) {
            unsigned long long times;

            if (read(timer, &times, sizeof times) > 0)
                printf("%d to come\n", unanswered);
            continue;
        }
        if (event.events & EPOLLOUT)
            result = omapi_connection_writer(connection);
        if (event.events & ~EPOLLOUT) /* also errors and the end */
            result = omapi_connection_reader(connection);
    }
    dhcpctl_disconnect(&connection, 1);
    return result == ISC_R_SUCCESS ? 0 : 1;
}
