/* Put in front of manpage.c by the compiler (-include), so that its text can
 * stay what the manual page says: a way to try it on another port than 7911. */
#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static inline int manpage_port(int usual)
{
    const char *port = getenv("OMAPI_PORT");

    return port && *port ? atoi(port) : usual;
}

#define dhcpctl_connect(handle, host, port, authenticator) \
    dhcpctl_connect(handle, host, manpage_port(port), authenticator)
