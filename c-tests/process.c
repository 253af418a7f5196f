/* servers: testd dhcpd kea */
/* What the library does to the process that uses it: nothing. */

#include "peer.h"

#include <fcntl.h>
#include <sys/resource.h>

static void on_signal(int number)
{
    (void) number;
}

static int disposition_is(int number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == handler;
}

static void signals_are(const char *when)
{
    ok(disposition_is(SIGINT, on_signal), "%s: SIGINT is the program's", when);
    ok(disposition_is(SIGTERM, on_signal), "%s: SIGTERM is the program's", when);
    ok(disposition_is(SIGHUP, SIG_IGN), "%s: SIGHUP is the program's", when);
    ok(disposition_is(SIGPIPE, SIG_DFL), "%s: SIGPIPE is the program's", when);
}

/* Resets the connection as soon as it is there. */
static void resets(int listener)
{
    int fd;

    for (;;) {
        fd = peer_accept(listener);
        peer_reset(fd);
    }
}

/* SIGPIPE has its default disposition: one signal would end this program. */
static void sigpipe(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    dhcpctl_status status;
    struct timeval soon;
    int round;
    int i;
    int bad = 0;

    peer_start(&peer, resets);
    for (round = 0; round < 5; round++) {
        connection = NULL;
        status = dhcpctl_connect(&connection, "127.0.0.1", peer.port, NULL);
        if (status)
            continue; /* the reset came during the handshake */
        usleep(20000);
        for (i = 0; i < 50; i++) {
            lease = new_lease(connection, "10.0.0.10");
            status = dhcpctl_open_object(lease, connection, 0);
            if (status == 0 && i % 10 == 0)
                status = finish(lease);
            if (i % 10 == 0 && (status == 0 || status == ISC_R_TIMEDOUT))
                bad++;
            drop(&lease);
        }
        soon = in_seconds(0);
        omapi_dispatch(&soon);
        dhcpctl_disconnect(&connection, 1);
        drop(&connection);
    }
    is(bad, 0, "writing into dead connections gives errors, no signal");
    peer_stop(&peer);
}

/* select() ends at descriptor 1023; programs do not. */
static void high_descriptors(void)
{
    struct rlimit limit;
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    int first = -1;
    int last = -1;
    int fd;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 2048) {
        limit.rlim_cur = limit.rlim_max < 2048 ? limit.rlim_max : 2048;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    while (last < 1100) {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            break;
        if (first < 0)
            first = fd;
        last = fd;
    }
    if (last < 1100) {
        skip("descriptors above 1023", "this process may not open so many");
    } else {
        connection = server_connect();
        lease = new_lease(connection, "10.0.0.10");
        is(open_now(lease, connection, 0), 0, "a lookup on a descriptor above 1023");
        is(dhcpctl_object_refresh(connection, lease), 0, "refresh");
        is(finish(lease), 0, "refreshed");
        drop(&lease);
        is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    }
    while (last >= first && last >= 0)
        close(last--);
}

static void ticks(int number)
{
    (void) number;
}

static void late(int listener)
{
    struct request request;
    int fd = peer_accept(listener);

    while (peer_read(fd, &request)) {
        usleep(400000);
        peer_answer(fd, &request);
    }
}

/* A program's own signals interrupt system calls; a wait goes on. */
static void interrupted(void)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    struct sigaction action;
    pid_t nagger;

    peer_start(&peer, late);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    memset(&action, 0, sizeof action);
    action.sa_handler = ticks; /* without SA_RESTART */
    sigaction(SIGUSR1, &action, NULL);
    nagger = fork();
    if (nagger == 0) {
        int i;

        for (i = 0; i < 20; i++) {
            usleep(30000);
            kill(getppid(), SIGUSR1);
        }
        _exit(0);
    }
    is(dhcpctl_open_object(lease, connection, 0), 0, "a slow request");
    is(finish(lease), 0, "survives signals");
    if (nagger > 0)
        waitpid(nagger, NULL, 0);
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

int main(void)
{
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    tap_begin(100);
    signals_are("at the start");
    is(dhcpctl_initialize(), 0, "initialize");
    signals_are("initialised");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup");
    drop(&lease);
    signals_are("connected");
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    sigpipe();
    interrupted();
    high_descriptors();
    signals_are("at the end");
    return tap_end();
}
