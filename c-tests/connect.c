/* servers: testd dhcpd kea; under: valgrind asan */
/* Making and ending connections to a real server. */

#include "client.h"

#include <netinet/in.h>
#include <omapip/omapip_p.h>
#include <sys/socket.h>

/* A port where nobody listens: bound once, then closed. */
static int closed_port(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof address) ||
        getsockname(fd, (struct sockaddr *) &address, &size))
        tap_bail("cannot bind");
    close(fd);
    return ntohs(address.sin_port);
}

static void works(dhcpctl_handle connection, const char *what)
{
    dhcpctl_handle lease = new_lease(connection, "10.0.0.10");

    is(open_now(lease, connection, 0), 0, what);
    drop(&lease);
}

/* Programs that take the chain apart find these in this order. */
static void chain(void)
{
    dhcpctl_handle c = server_connect();
    dhcpctl_handle lease = new_lease(c, "10.0.0.10");
    dhcpctl_handle key = server_authenticator();
    omapi_object_t *protocol = c->outer;
    omapi_object_t *link = protocol ? protocol->outer : NULL;

    ok(c->type == omapi_type_generic, "the handle is a generic object");
    ok(protocol && protocol->type == omapi_type_protocol, "in a protocol object");
    ok(link && link->type == omapi_type_connection, "in a connection object");
    ok(link && link->outer && link->outer->type == omapi_type_io_object, "in an io object");
    ok(protocol && protocol->inner == c, "and back");
    ok(link && link->inner == protocol, "and back");
    if (!link)
        tap_bail("no connection object");
    ok(((omapi_connection_object_t *) link)->socket >= 0, "it has a socket");
    is(((omapi_connection_object_t *) link)->state, omapi_connection_connected, "is connected");

    works(c, "a lookup");
    is(omapi_disconnect(c->outer->outer, 1), 0, "omapi_disconnect");
    {
        dhcpctl_status status = dhcpctl_open_object(lease, c, 0);

        if (status == 0)
            status = finish(lease);
        ok(status != 0 && status != ISC_R_TIMEDOUT, "then nothing goes: %s",
           isc_result_totext(status));
    }
    drop(&lease);
    drop(&c);
    drop(&key);
    ok(!c, "and the handle can be dropped");
}

static void refused_by(int port, const char *what)
{
    dhcpctl_handle c = NULL;
    struct timeval limit = {10, 0};
    double before = seconds_now();

    is(dhcpctl_connect(&c, "127.0.0.1", port, NULL), ISC_R_CONNREFUSED, what);
    ok(!c, "%s: no connection", what);
    is(dhcpctl_timed_connect(&c, "127.0.0.1", port, NULL, &limit), ISC_R_CONNREFUSED, what);
    ok(!c, "%s, timed: no connection", what);
    ok(seconds_now() - before < 8, "%s: at once", what);
}

static void failures(void)
{
    dhcpctl_handle c = NULL;
    dhcpctl_handle used;
    char long_name[100];
    int port = closed_port();
    int i;

    /* The original notices a refusal only if it has no other connection. */
    refused_by(port, "refused");
    used = server_connect();
    refused_by(port, "refused beside a live connection");

    c = used;
    is(dhcpctl_connect(&c, server_host(), server_port(), NULL), DHCP_R_INVALIDARG,
       "into a used handle");
    ok(c == used, "which stays");
    c = NULL;

    is(dhcpctl_connect(&c, "", server_port(), NULL), DHCP_R_HOSTUNKNOWN, "no host name");
    ok(dhcpctl_connect(&c, "::1", server_port(), NULL) != 0, "IPv6, where no server listens");
    /* A label of more than 63 letters needs no name server to be wrong. */
    memset(long_name, 'a', 80);
    strcpy(long_name + 80, ".invalid");
    is(dhcpctl_connect(&c, long_name, server_port(), NULL), DHCP_R_HOSTUNKNOWN, "unknown host");
    ok(dhcpctl_connect(&c, "255.255.255.255", server_port(), NULL) != 0, "broadcast address");
    ok(!c, "none of them a connection");

    ok(dhcpctl_connect(&c, "127.0.0.1", 0, NULL) != 0, "port 0");
    ok(dhcpctl_connect(&c, "127.0.0.1", -1, NULL) != 0, "port -1");
    ok(!c, "neither a connection");

    works(used, "the live connection is unharmed");
    is(dhcpctl_disconnect(&used, 1), 0, "disconnect");

    /* Failures cost nothing that stays. */
    i = open_descriptors();
    refused_by(port, "refused again");
    is(open_descriptors(), i, "no descriptor is left behind");
}

static void spellings(void)
{
    dhcpctl_handle c = NULL;
    dhcpctl_handle key = server_authenticator();

    if (strcmp(server_host(), "127.0.0.1") != 0) {
        skip("127.1 and localhost", "the server is not on 127.0.0.1");
        drop(&key);
        return;
    }
    is(dhcpctl_connect(&c, "127.1", server_port(), key), 0, "127.1");
    works(c, "is 127.0.0.1");
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    is(dhcpctl_connect(&c, "localhost", server_port(), key), 0, "localhost");
    works(c, "too");
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    drop(&key);
}

static void disconnecting(void)
{
    dhcpctl_handle c = server_connect();
    dhcpctl_handle lease = new_lease(c, "10.0.0.10");
    dhcpctl_handle another = NULL;
    dhcpctl_status status;
    int i;
    int before;

    is(open_now(lease, c, 0), 0, "open");
    is(dhcpctl_disconnect(&c, 0), 0, "disconnect politely");
    ok(!c, "clears the handle");
    ok(dhcpctl_disconnect(&c, 0) != 0, "twice is an error");
    ok(number_is(lease, "state", 2), "objects outlive their connection");
    ok(dhcpctl_object_refresh(c, lease) != 0, "but do not work without one");
    ok(finish(lease) != 0, "and there is nothing to wait for");

    c = server_connect();
    /* What was sent once is not sent again: the key has to be set anew. */
    is(set_address(lease, "10.0.0.10"), 0, "set the key");
    is(open_now(lease, c, 0), 0, "on a new connection they do");

    /* With a request on its way, both ways of disconnecting. */
    is(dhcpctl_object_refresh(c, lease), 0, "refresh");
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect by force");
    status = finish(lease);
    ok(status != 0 && status != ISC_R_TIMEDOUT, "the request ended: %s", isc_result_totext(status));
    c = server_connect();
    is(dhcpctl_object_refresh(c, lease), 0, "refresh");
    is(dhcpctl_disconnect(&c, 0), 0, "disconnect politely");
    status = finish(lease);
    ok(status != ISC_R_TIMEDOUT, "the request ended: %s", isc_result_totext(status));
    drop(&lease);

    another = server_connect();
    before = open_descriptors();
    for (i = 0; i < 20; i++) {
        c = server_connect();
        dhcpctl_disconnect(&c, i % 2);
    }
    is(open_descriptors(), before, "twenty connections leave no descriptor behind");
    works(another, "the oldest connection works");
    is(dhcpctl_disconnect(&another, 1), 0, "disconnect");
}

/* Without disconnecting: the reference goes, with it what it held. */
static void dropping(void)
{
    dhcpctl_handle c = server_connect();
    dhcpctl_handle lease = new_lease(c, "10.0.0.10");
    dhcpctl_handle second = NULL;

    is(open_now(lease, c, 0), 0, "open");
    is(omapi_object_reference(&second, c, MDL), 0, "a second reference");
    drop(&c);
    works(second, "keeps the connection");
    drop(&second);
    ok(number_is(lease, "state", 2), "the object is still good");
    drop(&lease);
}

static void initialised_twice(void)
{
    dhcpctl_handle c = server_connect();
    dhcpctl_handle lease = new_lease(c, "10.0.0.10");
    dhcpctl_handle later;

    is(dhcpctl_initialize(), 0, "initialize again");
    is(open_now(lease, c, 0), 0, "old handles work");
    later = new_lease(c, "10.0.0.11");
    is(open_now(later, c, 0), 0, "new objects on the old connection too");
    is(omapi_init(), 0, "omapi_init");
    is(dhcpctl_object_refresh(c, later), 0, "and they");
    is(finish(later), 0, "still do");
    is(dhcpctl_disconnect(&c, 1), 0, "disconnect");
    drop(&lease);
    drop(&later);
}

int main(void)
{
    tap_begin(100);
    is(dhcpctl_initialize(), 0, "initialize");
    chain();
    failures();
    spellings();
    disconnecting();
    dropping();
    initialised_twice();
    return tap_end();
}
