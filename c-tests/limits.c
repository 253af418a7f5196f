/* servers: none */
/* Time: DHCPCTL_TIMEOUT, how exact limits are kept, and signals all the while.
 * The clock is printed; what is tested is that a limit holds off long enough
 * and ends. */

#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/stat.h>

static void silent(int listener)
{
    struct request request;
    int fd;

    for (;;) {
        fd = peer_accept(listener);
        if (fork() == 0) {
            alarm(60);
            while (peer_read(fd, &request))
                ;
            _exit(0);
        }
        close(fd);
    }
}

static void late(int listener)
{
    struct request request;
    int fd;

    for (;;) {
        fd = peer_accept(listener);
        if (fork() == 0) {
            alarm(60);
            while (peer_read(fd, &request)) {
                usleep(900000);
                peer_answer(fd, &request);
            }
            _exit(0);
        }
        close(fd);
    }
}

/* In a process of its own: what an untimed wait for a late answer says under
 * this DHCPCTL_TIMEOUT (NULL: unset). */
static dhcpctl_status untimed(const struct peer *peer, const char *variable)
{
    int ends[2];
    dhcpctl_status status = 99;
    pid_t child;

    if (pipe(ends))
        tap_bail("no pipe");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        dhcpctl_handle connection;
        dhcpctl_handle lease;
        dhcpctl_status answer = 99;

        alarm(30);
        if (variable)
            setenv("DHCPCTL_TIMEOUT", variable, 1);
        else
            unsetenv("DHCPCTL_TIMEOUT");
        if (dhcpctl_initialize())
            _exit(1);
        connection = peer_connect(peer);
        lease = new_lease(connection, "10.0.0.10");
        dhcpctl_open_object(lease, connection, 0);
        status = dhcpctl_wait_for_completion(lease, &answer);
        if (write(ends[1], &status, sizeof status) < 0)
            _exit(1);
        _exit(0);
    }
    close(ends[1]);
    if (read(ends[0], &status, sizeof status) != sizeof status)
        status = 98;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return status;
}

static void default_limit(void)
{
    struct peer peer;

    peer_start(&peer, late);
    is(untimed(&peer, NULL), 0, "DHCPCTL_TIMEOUT unset: for ever");
    is(untimed(&peer, "0.2"), ISC_R_TIMEDOUT, "0.2 seconds");
    is(untimed(&peer, " 0.1 "), ISC_R_TIMEDOUT, "blanks around");
    is(untimed(&peer, "30"), 0, "30 seconds are enough");
    is(untimed(&peer, ""), 0, "empty: for ever");
    is(untimed(&peer, "0"), 0, "0: for ever");
    is(untimed(&peer, "-1"), 0, "negative: for ever");
    is(untimed(&peer, "soon"), 0, "nonsense: for ever");
    is(untimed(&peer, "0.1 s"), 0, "more nonsense");
    is(untimed(&peer, "1e300"), 0, "a very large number");
    peer_stop(&peer);
}

/* The part that runs with more rights than its caller. */
static int with_borrowed_rights(const char *port)
{
    struct peer peer;
    dhcpctl_handle connection;
    dhcpctl_handle lease;
    dhcpctl_status answer = 99;

    alarm(30);
    if (getauxval(AT_SECURE) == 0)
        return 77;
    memset(&peer, 0, sizeof peer);
    peer.port = atoi(port);
    if (dhcpctl_initialize())
        return 2;
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    dhcpctl_open_object(lease, connection, 0);
    return dhcpctl_wait_for_completion(lease, &answer) == 0 && answer == 0 ? 0 : 1;
}

/* A copy of this program that belongs to root and runs as somebody else. */
static void set_uid(void)
{
    static const char what[] = "a set-uid program ignores DHCPCTL_TIMEOUT";
    char folder[] = "/tmp/dhcpctl-limits-XXXXXX";
    char copy[64];
    char port[16];
    char buffer[65536];
    struct peer peer;
    size_t n;
    int status = -1;
    pid_t child;
    FILE *in;
    FILE *out;

    if (geteuid() != 0) {
        skip(what, "only root can make one");
        return;
    }
    if (!mkdtemp(folder))
        tap_bail("no folder");
    snprintf(copy, sizeof copy, "%s/copy", folder);
    in = fopen("/proc/self/exe", "rb");
    out = fopen(copy, "wb");
    if (!in || !out)
        tap_bail("cannot copy this program");
    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        if (fwrite(buffer, 1, n, out) != n)
            tap_bail("cannot copy this program");
    fclose(in);
    fclose(out);
    if (chmod(folder, 0755) || chmod(copy, 04755))
        tap_bail("cannot make it set-uid");
    peer_start(&peer, late);
    snprintf(port, sizeof port, "%d", peer.port);
    child = fork();
    if (child == 0) {
        char *arguments[] = {copy, port, NULL};

        setenv("DHCPCTL_TIMEOUT", "0.2", 1);
        if (setgid(65534) || setuid(65534))
            _exit(77);
        execv(copy, arguments);
        _exit(77);
    }
    waitpid(child, &status, 0);
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    if (status == 77 || status == 127)
        skip(what, "this system does not run one from here");
    else
        is(status, 0, what);
    unlink(copy);
    rmdir(folder);
    peer_stop(&peer);
}

/* Clocks. */
static dhcpctl_handle connection;
static dhcpctl_handle lease;

static double worst_late;

/* One limit; late is what it took too long. */
static void measure(const char *what, double limit, double took)
{
    double late_by = took - limit;

    printf("# %s, limit %.1f ms: %+.3f ms\n", what, limit * 1e3, late_by * 1e3);
    if (late_by > worst_late)
        worst_late = late_by;
    /* The time of day, which absolute limits are in, may be adjusted a bit. */
    ok(took > limit - 0.002 && took < limit + 20, "%s, limit %.1f ms", what, limit * 1e3);
}

static void *sleeps(void *argument)
{
    struct timeval limit = {0, 120000};
    dhcpctl_status answer;
    double before = seconds_now();

    if (dhcpctl_timed_wait_for_completion(lease, &answer, &limit) == ISC_R_TIMEDOUT)
        *(double *) argument = seconds_now() - before;
    return NULL;
}

static void exact(void)
{
    static const long micros[] = {1000, 10000, 50000, 200000};
    struct peer peer;
    struct timeval limit;
    dhcpctl_status answer;
    pthread_t threads[3];
    double took[3] = {0, 0, 0};
    double before;
    unsigned i;

    peer_start(&peer, silent);
    connection = peer_connect(&peer);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a request that nobody answers");
    for (i = 0; i < 4; i++) {
        limit.tv_sec = 0;
        limit.tv_usec = micros[i];
        before = seconds_now();
        is(dhcpctl_timed_wait_for_completion(lease, &answer, &limit), ISC_R_TIMEDOUT, "a wait");
        measure("a wait", (double) micros[i] / 1e6, seconds_now() - before);

        gettimeofday(&limit, NULL);
        limit.tv_usec += micros[i];
        before = seconds_now();
        is(omapi_dispatch(&limit), ISC_R_TIMEDOUT, "a dispatch");
        measure("a dispatch", (double) micros[i] / 1e6, seconds_now() - before);
    }
    /* One of these reads, the others sleep. */
    for (i = 0; i < 3; i++)
        if (pthread_create(&threads[i], NULL, sleeps, &took[i]))
            tap_bail("cannot start a thread");
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        measure("one of three threads", 0.12, took[i]);
    }
    printf("# worst: %.3f ms late\n", worst_late * 1e3);
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    peer_stop(&peer);
}

/* A signal each millisecond, to a handler without SA_RESTART. */
static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void) number;
    ticks++;
}

static void storm(void)
{
    struct peer slow;
    struct peer mute;
    struct sigaction action;
    struct sigevent event;
    struct itimerspec each;
    struct timeval limit = {0, 400000};
    dhcpctl_status answer;
    dhcpctl_handle other;
    double before;
    timer_t timer;

    peer_start(&slow, late);
    peer_start(&mute, silent);
    memset(&action, 0, sizeof action);
    action.sa_handler = tick;
    sigaction(SIGUSR2, &action, NULL);
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR2;
    memset(&each, 0, sizeof each);
    each.it_value.tv_nsec = each.it_interval.tv_nsec = 1000000;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &each, NULL))
        tap_bail("no timer");

    connection = peer_connect(&slow);
    lease = new_lease(connection, "10.0.0.10");
    is(dhcpctl_open_object(lease, connection, 0), 0, "a slow request under signals");
    answer = 99;
    is(dhcpctl_wait_for_completion(lease, &answer), 0, "the wait goes on");
    is(answer, 0, "until the answer");
    ok(ticks > 50, "through %d signals", (int) ticks);

    other = peer_connect(&mute);
    dhcpctl_object_refresh(other, lease);
    before = seconds_now();
    is(dhcpctl_timed_wait_for_completion(lease, &answer, &limit), ISC_R_TIMEDOUT,
       "a limit under signals");
    measure("under signals", 0.4, seconds_now() - before);
    gettimeofday(&limit, NULL);
    limit.tv_usec += 300000;
    before = seconds_now();
    is(omapi_one_dispatch(NULL, &limit), ISC_R_TIMEDOUT, "a dispatch under signals");
    measure("a dispatch under signals", 0.3, seconds_now() - before);

    timer_delete(timer);
    drop(&lease);
    dhcpctl_disconnect(&connection, 1);
    dhcpctl_disconnect(&other, 1);
    peer_stop(&slow);
    peer_stop(&mute);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return with_borrowed_rights(argv[1]);
    tap_begin(120);
    default_limit();
    set_uid();
    is(dhcpctl_initialize(), 0, "initialize");
    exact();
    storm();
    return tap_end();
}
