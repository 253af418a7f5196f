/*
 * The floor for Kea: what a C client without any library would do. It builds
 * the command in place, finds the end of the answer by walking through its
 * JSON, and reads the result code; nothing else of the answer is looked at.
 *
 *   raw_kea lookup SOCKET COUNT         one after the other, a connection each
 *   raw_kea many SOCKET COUNT WIDTH     WIDTH connections at once
 *   raw_kea http PORT COUNT [SERVICE]   one after the other, keep-alive
 *   raw_kea send SOCKET FILE...         the commands in these files; any result
 *
 * Prints the seconds that it took; `send`: those of each command.
 */
#define _GNU_SOURCE /* memmem */
#include "common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST 64

/* An exchange. `at`, `depth` and the flags walk through the answer's JSON. */
struct exchange {
    int fd;
    char *in;
    size_t size, have, at;
    int depth, in_string, escaped;
};

static struct sockaddr_un server;

static void name_server(const char *path)
{
    server.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof server.sun_path)
        die("SOCKET");
    strcpy(server.sun_path, path);
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0)
            die("send");
        p += sent;
        n -= (size_t) sent;
    }
}

static void again(struct exchange *x)
{
    x->have = x->at = 0;
    x->depth = x->in_string = x->escaped = 0;
}

static void start(struct exchange *x, const char *command, size_t length)
{
    again(x);
    x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (x->fd < 0 || connect(x->fd, (struct sockaddr *) &server, sizeof server))
        die("connect");
    send_all(x->fd, command, length);
}

/* One read. */
static void receive(struct exchange *x)
{
    ssize_t n;

    if (x->size - x->have < 4096) {
        x->size = x->size ? x->size * 2 : 8192;
        x->in = realloc(x->in, x->size);
        if (!x->in)
            die("realloc");
    }
    n = recv(x->fd, x->in + x->have, x->size - x->have, 0);
    if (n <= 0)
        die("recv");
    x->have += (size_t) n;
}

/* True when the answer is complete. */
static int complete(struct exchange *x)
{
    while (x->at < x->have) {
        char c = x->in[x->at++];

        if (x->in_string) {
            if (x->escaped)
                x->escaped = 0;
            else if (c == '\\')
                x->escaped = 1;
            else if (c == '"')
                x->in_string = 0;
        } else if (c == '"') {
            x->in_string = 1;
        } else if (c == '{' || c == '[') {
            x->depth++;
        } else if ((c == '}' || c == ']') && --x->depth == 0) {
            return 1;
        }
    }
    return 0;
}

static int result_of(const struct exchange *x, size_t from)
{
    static const char key[] = "\"result\":";
    const char *p = memmem(x->in + from, x->have - from, key, sizeof key - 1);

    if (!p)
        die("no result");
    for (p += sizeof key - 1; *p == ' '; p++)
        ;
    return *p - '0';
}

static size_t lookup_command(char *out, size_t size, long i, const char *service)
{
    unsigned char a[4];

    address_of(i, a);
    return (size_t) snprintf(out, size,
                             "{\"command\":\"lease4-get\",%s\"arguments\":"
                             "{\"ip-address\":\"%d.%d.%d.%d\"}}",
                             service, a[0], a[1], a[2], a[3]);
}

static void start_lookup(struct exchange *x, long i)
{
    char command[160];

    start(x, command, lookup_command(command, sizeof command, i, ""));
}

static void end_lookup(struct exchange *x)
{
    if (result_of(x, 0) != 0)
        die("lookup");
    close(x->fd);
}

static void lookups(long count)
{
    struct exchange x = {0};
    long i;

    for (i = 0; i < count; i++) {
        start_lookup(&x, i);
        do
            receive(&x);
        while (!complete(&x));
        end_lookup(&x);
    }
}

static void many(long count, long width)
{
    static struct exchange all[MOST];
    struct pollfd fds[MOST];
    long started = 0, done = 0, i;

    for (; started < width; started++)
        start_lookup(&all[started], started);
    while (done < count) {
        for (i = 0; i < width; i++) {
            fds[i].fd = all[i].fd;
            fds[i].events = POLLIN;
        }
        if (poll(fds, (nfds_t) width, -1) < 0)
            die("poll");
        for (i = 0; i < width; i++) {
            if (!fds[i].revents)
                continue;
            receive(&all[i]);
            if (!complete(&all[i]))
                continue;
            end_lookup(&all[i]);
            done++;
            all[i].fd = -1;
            if (started < count)
                start_lookup(&all[i], started++);
        }
    }
}

/* Where the content of an HTTP answer starts, with its length; 0 before the
 * header is complete. */
static size_t content(const struct exchange *x, size_t *length)
{
    const char *end = memmem(x->in, x->have, "\r\n\r\n", 4);
    const char *line;

    if (!end)
        return 0;
    if (strncmp(x->in, "HTTP/1.1 200", 12))
        die("status");
    for (line = x->in; line < end; line = strstr(line, "\r\n") + 2)
        if (!strncasecmp(line, "Content-Length:", 15))
            *length = strtoul(line + 15, NULL, 10);
    return (size_t) (end - x->in) + 4;
}

static void http(int port, long count, const char *service)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    struct exchange x = {0};
    char text[64] = "", body[160], request[512];
    int one = 1;
    long i;

    if (service)
        snprintf(text, sizeof text, "\"service\":[\"%s\"],", service);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    x.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (x.fd < 0 || connect(x.fd, (struct sockaddr *) &to, sizeof to)
        || setsockopt(x.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one))
        die("connect");
    for (i = 0; i < count; i++) {
        size_t n = lookup_command(body, sizeof body, i, text), from, length = 0;
        int m = snprintf(request, sizeof request,
                         "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         port, n, body);

        again(&x);
        send_all(x.fd, request, (size_t) m);
        do {
            receive(&x);
            from = content(&x, &length);
        } while (!from || x.have < from + length);
        x.at = from;
        if (!complete(&x) || result_of(&x, from) != 0)
            die("lookup");
    }
}

static char *contents(const char *name, size_t *length)
{
    FILE *f = fopen(name, "rb");
    char *all;
    long size;

    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
        die(name);
    all = malloc((size_t) size + 1);
    if (!all || fread(all, 1, (size_t) size, f) != (size_t) size)
        die(name);
    fclose(f);
    *length = (size_t) size;
    return all;
}

static void send_file(const char *name)
{
    struct exchange x = {0};
    size_t length;
    char *command = contents(name, &length);
    double before = now();

    start(&x, command, length);
    do
        receive(&x);
    while (!complete(&x));
    result_of(&x, 0);
    close(x.fd);
    printf("%.9f\n", now() - before);
    free(command);
    free(x.in);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 3 ? argv[1] : "";
    double before = now();
    int i;

    if (!strcmp(mode, "http")) {
        http(atoi(argv[2]), atol(argv[3]), argc > 4 ? argv[4] : NULL);
        printf("%.9f\n", now() - before);
        return 0;
    }
    if (argc > 3)
        name_server(argv[2]);
    if (!strcmp(mode, "lookup")) {
        lookups(atol(argv[3]));
        printf("%.9f\n", now() - before);
    } else if (!strcmp(mode, "many") && argc == 5 && atol(argv[4]) <= MOST) {
        many(atol(argv[3]), atol(argv[4]));
        printf("%.9f\n", now() - before);
    } else if (!strcmp(mode, "send")) {
        for (i = 3; i < argc; i++)
            send_file(argv[i]);
    } else {
        fprintf(stderr, "usage: raw_kea MODE ...; see the source\n");
        return 2;
    }
    return 0;
}
