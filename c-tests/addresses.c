/* servers: testd */
/* A server with two addresses, of which the first does not answer: this
 * program is its own resolver. */

#include "peer.h"

#include <netdb.h>

/* Addresses in the order in which they are to be tried. */
static const char *const addresses[2] = {"127.0.0.2", "127.0.0.1"};

#ifdef __cplusplus
extern "C" {
#endif

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct addrinfo *list = NULL;
    int i;

    (void) service;
    (void) hints;
    if (strcmp(name, "two.example") != 0)
        return EAI_NONAME;
    for (i = 1; i >= 0; i--) {
        struct addrinfo *entry = (struct addrinfo *) calloc(1, sizeof *entry);
        struct sockaddr_in *address = (struct sockaddr_in *) calloc(1, sizeof *address);

        address->sin_family = AF_INET;
        inet_pton(AF_INET, addresses[i], &address->sin_addr);
        entry->ai_family = AF_INET;
        entry->ai_socktype = SOCK_STREAM;
        entry->ai_addrlen = sizeof *address;
        entry->ai_addr = (struct sockaddr *) address;
        entry->ai_next = list;
        list = entry;
    }
    *result = list;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    while (list) {
        struct addrinfo *next = list->ai_next;

        free(list->ai_addr);
        free(list);
        list = next;
    }
}

#ifdef __cplusplus
}
#endif

/* Nobody accepts on this port of the first address, and no more clients fit
 * into its queue. */
static void silent(int port)
{
    struct sockaddr_in address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    int i;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t) port);
    inet_pton(AF_INET, addresses[0], &address.sin_addr);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *) &address, sizeof address) || listen(listener, 0))
        tap_bail("cannot listen on the second loopback address");
    for (i = 0; i < 8; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

        if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof address) == 0)
            tap_bail("a connection at once");
    }
}

static void omapi(int listener)
{
    struct request request;
    int fd;

    for (;;) {
        fd = peer_accept(listener);
        while (peer_read(fd, &request))
            peer_answer(fd, &request);
        close(fd);
    }
}

/* A Kea server that has no commands but answers each. */
static void kea(int listener)
{
    static const char answer[] = "[{\"result\":0,\"text\":\"3.0.3\",\"arguments\":[\"x\"]}]";
    char text[4096];
    ssize_t length, got;
    int fd;

    for (;;) {
        fd = accept(listener, NULL, NULL);
        length = 0;
        while ((got = read(fd, text + length, sizeof text - (size_t) length)) > 0) {
            length += got;
            if (text[length - 1] != '}')
                continue;
            length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s",
                              (int) strlen(answer), answer);
            peer_put(fd, text, (size_t) length);
            length = 0;
        }
        close(fd);
    }
}

int main(void)
{
    struct peer peer;
    struct timeval limit = {2, 0};
    dhcpctl_handle c = NULL;
    dhcpctl_handle lease;
    char name[100];

    tap_begin(120);
    is(dhcpctl_initialize(), 0, "initialize");

    peer_start(&peer, omapi);
    silent(peer.port);
    is(dhcpctl_timed_connect(&c, "two.example", peer.port, NULL, &limit), 0, "OMAPI");
    lease = new_lease(c, "10.0.0.10");
    is(open_now(lease, c, 0), 0, "a lookup there");
    drop(&lease);
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    peer_stop(&peer);

    peer_start(&peer, kea);
    silent(peer.port);
    sprintf(name, "kea+http://two.example:%d/?timeout=2", peer.port);
    is(dhcpctl_connect(&c, name, 0, NULL), 0, "Kea, and its own limit");
#ifdef DHCPCTL_H /* not in the genuine header */
    is(dhcpctl_kea_command(c, "version-get", NULL, NULL), 0, "a command there");
#endif
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    sprintf(name, "kea+http://two.example:%d/", peer.port);
    is(dhcpctl_timed_connect(&c, name, 0, NULL, &limit), 0, "Kea, and the call's limit");
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    peer_stop(&peer);

    return tap_end();
}
