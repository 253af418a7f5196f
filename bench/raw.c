/*
 * The floor: the least that any client could do for the same exchange. No
 * library, no attributes, no errors handled; it builds the request in place,
 * finds the end of each answer and counts it.
 *
 *   raw lookup COUNT WINDOW QUICKACK    keeps WINDOW requests unanswered
 *   raw connect COUNT                   connect, one lookup, close; COUNT times
 *
 * Prints the seconds that it took and the longest time between two reads.
 */
#include "common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 24
/* An open of a lease by its address, all but id and address. */
#define BODY "\0\4type\0\0\0\5lease\0\0\0\12ip-address\0\0\0\4....\0\0"
#define REQUEST (HEADER + sizeof BODY - 1)
#define ADDRESS_AT (REQUEST - 6)
#define ID_AT 16

static int fd = -1;
static int quick_ack;
static unsigned char in[1 << 18];
static size_t in_start, in_end;

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static void send_all(const unsigned char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0)
            die("send");
        p += sent;
        n -= (size_t) sent;
    }
}

static void receive(void)
{
    ssize_t n;

    if (in_start == in_end) {
        in_start = in_end = 0;
    } else if (in_end == sizeof in) {
        memmove(in, in + in_start, in_end - in_start);
        in_end -= in_start;
        in_start = 0;
    }
    n = recv(fd, in + in_end, sizeof in - in_end, 0);
    if (n <= 0)
        die("recv");
    in_end += (size_t) n;
    if (quick_ack && setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &quick_ack, sizeof quick_ack))
        die("TCP_QUICKACK");
}

/* Length of the message at the front of the input, 0 when it is incomplete. */
static size_t message(void)
{
    const unsigned char *m = in + in_start;
    size_t have = in_end - in_start;
    size_t at = HEADER;
    int lists;

    for (lists = 0; lists < 2; lists++) {
        for (;;) {
            size_t name;

            if (have < at + 2)
                return 0;
            name = (size_t) m[at] << 8 | m[at + 1];
            at += 2;
            if (!name)
                break;
            if (have < at + name + 4)
                return 0;
            at += name;
            at += 4 + get32(m + at);
        }
    }
    at += get32(m + 4);
    return have < at ? 0 : at;
}

static void open_connection(void)
{
    struct sockaddr_in to;
    unsigned char intro[8];
    int one = 1;

    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((uint16_t) server_port());
    if (inet_pton(AF_INET, server_host(), &to.sin_addr) != 1)
        die("OMAPI_HOST");
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &to, sizeof to))
        die("connect");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one))
        die("TCP_NODELAY");
    put32(intro, 100);
    put32(intro + 4, HEADER);
    send_all(intro, sizeof intro);
    in_start = in_end = 0;
    while (in_end < sizeof intro)
        receive();
    in_start = sizeof intro;
}

/* Looks up leases number `from` to `to`. Returns the longest time between two
 * reads. */
static double lookups(long from, long to, long window)
{
    unsigned char *out = malloc((size_t) window * REQUEST);
    double longest = 0, last = now();
    long sent = from, answered = from;

    if (!out)
        die("malloc");
    while (answered < to) {
        long room = window - (sent - answered);
        size_t n = 0, length;
        double t;

        if (room > to - sent)
            room = to - sent;
        for (; room > 0; room--, sent++, n += REQUEST) {
            memset(out + n, 0, HEADER);
            out[n + 11] = 1; /* open */
            memcpy(out + n + HEADER, BODY, sizeof BODY - 1);
            put32(out + n + ID_AT, (uint32_t) sent + 1);
            address_of(sent, out + n + ADDRESS_AT);
        }
        if (n)
            send_all(out, n);
        receive();
        while ((length = message()) > 0) {
            const unsigned char *m = in + in_start;

            if (get32(m + 8) != 3 || get32(m + 20) != (uint32_t) answered + 1) {
                fprintf(stderr, "raw: not an object, or not the next one\n");
                exit(1);
            }
            in_start += length;
            answered++;
        }
        t = now();
        if (t - last > longest)
            longest = t - last;
        last = t;
    }
    free(out);
    return longest;
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;
    double longest = 0, start;

    if (argc == 5 && !strcmp(argv[1], "lookup")) {
        quick_ack = atoi(argv[4]);
        open_connection();
        start = now();
        longest = lookups(0, count, atol(argv[3]));
    } else if (argc == 3 && !strcmp(argv[1], "connect")) {
        long i;

        start = now();
        for (i = 0; i < count; i++) {
            open_connection();
            lookups(i, i + 1, 1);
            close(fd);
        }
    } else {
        fprintf(stderr, "usage: raw lookup COUNT WINDOW QUICKACK | raw connect COUNT\n");
        return 2;
    }
    printf("%.9f %.6f\n", now() - start, longest);
    return 0;
}
