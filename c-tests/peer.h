/*
 * A scripted OMAPI peer in a child process, for what a well-behaved server
 * does not do on demand: stay silent, answer late, hang up.
 *
 * A script is a C function that gets the listening socket. It ends by itself
 * (alarm) even if the test dies.
 */
#ifndef PEER_H
#define PEER_H

#include "client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

struct peer {
    pid_t pid;
    int port;
};

struct request {
    uint32_t authid, authlen, op, handle, id, rid;
};

enum { OP_OPEN = 1, OP_REFRESH = 2, OP_UPDATE = 3, OP_STATUS = 5, OP_DELETE = 6 };

static inline void peer_start(struct peer *peer, void (*script)(int listener))
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *) &address, sizeof address) ||
        listen(listener, 16) || getsockname(listener, (struct sockaddr *) &address, &size))
        tap_bail("cannot listen on loopback");
    peer->port = ntohs(address.sin_port);
    peer->pid = fork();
    if (peer->pid < 0)
        tap_bail("cannot fork");
    if (peer->pid == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(60);
        script(listener);
        _exit(0);
    }
    close(listener);
}

static inline void peer_stop(struct peer *peer)
{
    if (peer->pid > 0) {
        kill(peer->pid, SIGKILL);
        waitpid(peer->pid, NULL, 0);
    }
    peer->pid = 0;
}

/* Reads exactly that much; 0 at the end of the stream. */
static inline int peer_fill(int fd, void *to, size_t length)
{
    unsigned char *at = (unsigned char *) to;
    ssize_t got;

    while (length > 0) {
        got = read(fd, at, length);
        if (got <= 0)
            return 0;
        at += got;
        length -= (size_t) got;
    }
    return 1;
}

static inline void peer_put(int fd, const void *bytes, size_t length)
{
    if (send(fd, bytes, length, MSG_NOSIGNAL) < 0)
        _exit(1);
}

/* Accepts a client and exchanges introductions. */
static inline int peer_accept(int listener)
{
    static const unsigned char intro[8] = {0, 0, 0, 100, 0, 0, 0, 24};
    unsigned char theirs[8];
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        _exit(1);
    peer_put(fd, intro, 8);
    if (!peer_fill(fd, theirs, 8))
        _exit(0);
    return fd;
}

/* One value list; 0 at the end of the stream. */
static inline int peer_skip_list(int fd)
{
    unsigned char bytes[4];
    char sink[4096];
    uint32_t length;

    for (;;) {
        if (!peer_fill(fd, bytes, 2))
            return 0;
        length = (uint32_t) bytes[0] << 8 | bytes[1];
        if (length == 0)
            return 1;
        if (length > sizeof sink || !peer_fill(fd, sink, length) || !peer_fill(fd, bytes, 4))
            return 0;
        memcpy(&length, bytes, 4);
        length = ntohl(length);
        if (length > sizeof sink || !peer_fill(fd, sink, length))
            return 0;
    }
}

/* One whole unsigned request; 0 at the end of the stream. */
static inline int peer_read(int fd, struct request *request)
{
    uint32_t header[6];

    if (!peer_fill(fd, header, sizeof header))
        return 0;
    request->authid = ntohl(header[0]);
    request->authlen = ntohl(header[1]);
    request->op = ntohl(header[2]);
    request->handle = ntohl(header[3]);
    request->id = ntohl(header[4]);
    request->rid = ntohl(header[5]);
    return peer_skip_list(fd) && peer_skip_list(fd);
}

static inline size_t peer_header(unsigned char *to, uint32_t op, uint32_t handle, uint32_t rid)
{
    uint32_t header[6] = {0, 0, htonl(op), htonl(handle), htonl(4711), htonl(rid)};

    memcpy(to, header, sizeof header);
    return sizeof header;
}

static inline size_t peer_value(unsigned char *to, const char *name, uint32_t number)
{
    size_t length = strlen(name);
    uint32_t wire = htonl(number);

    to[0] = 0;
    to[1] = (unsigned char) length;
    memcpy(to + 2, name, length);
    memcpy(to + 2 + length, "\0\0\0\4", 4);
    memcpy(to + 6 + length, &wire, 4);
    return length + 10;
}

/* "Here is the object": handle 7, state 2. */
static inline void peer_update(int fd, uint32_t rid)
{
    unsigned char bytes[200];
    size_t length = peer_header(bytes, OP_UPDATE, 7, rid);

    memset(bytes + length, 0, 2);
    length += 2;
    length += peer_value(bytes + length, "state", 2);
    memset(bytes + length, 0, 2);
    peer_put(fd, bytes, length + 2);
}

static inline void peer_status(int fd, uint32_t rid, uint32_t result)
{
    unsigned char bytes[200];
    size_t length = peer_header(bytes, OP_STATUS, 0, rid);

    length += peer_value(bytes + length, "result", result);
    memset(bytes + length, 0, 4);
    peer_put(fd, bytes, length + 4);
}

/* As a server answers: opens and refreshes with the object, others with 0. */
static inline void peer_answer(int fd, const struct request *request)
{
    if (request->op == OP_OPEN || request->op == OP_REFRESH)
        peer_update(fd, request->id);
    else
        peer_status(fd, request->id, 0);
}

/* Ends the connection with a reset instead of an orderly end. */
static inline void peer_reset(int fd)
{
    struct linger now = {1, 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* A connection to the peer, or the end. */
static inline dhcpctl_handle peer_connect(const struct peer *peer)
{
    dhcpctl_handle connection = NULL;
    struct timeval limit = {10, 0};
    dhcpctl_status status =
        dhcpctl_timed_connect(&connection, "127.0.0.1", peer->port, NULL, &limit);

    if (status) {
        printf("# %s\n", isc_result_totext(status));
        tap_bail("cannot connect to the scripted peer");
    }
    return connection;
}

#endif
