/* Host declarations: add one, show one, remove one.
 *
 *   host add NAME MAC ADDRESS
 *   host show MAC
 *   host remove NAME
 *
 * The server is on 127.0.0.1, port 7911 or $OMAPI_PORT. With a key:
 *
 *   OMAPI_KEY=name:hmac-sha256:secret-in-hex host add ... */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static dhcpctl_handle connection;

static void check(isc_result_t result, const char *what)
{
    if (result != ISC_R_SUCCESS) {
        fprintf(stderr, "%s: %s\n", what, isc_result_totext(result));
        exit(1);
    }
}

/* The authenticator for $OMAPI_KEY, or NULL for a server without keys. */
static dhcpctl_handle key_of_environment(void)
{
    const char *text = getenv("OMAPI_KEY");
    dhcpctl_handle key = NULL;
    char name[100], algorithm[40], hex[300];
    unsigned char secret[150];
    unsigned length = 0;

    if (!text)
        return NULL;
    if (sscanf(text, "%99[^:]:%39[^:]:%299s", name, algorithm, hex) != 3) {
        fprintf(stderr, "OMAPI_KEY is not name:algorithm:hex\n");
        exit(1);
    }
    while (length < sizeof secret && sscanf(hex + 2 * length, "%2hhx", &secret[length]) == 1)
        length++;
    check(dhcpctl_new_authenticator(&key, name, algorithm, secret, length), "authenticator");
    return key;
}

static void connect_to_server(void)
{
    const char *port = getenv("OMAPI_PORT");
    dhcpctl_handle key;

    check(dhcpctl_initialize(), "initialize");
    key = key_of_environment();
    check(dhcpctl_connect(&connection, "127.0.0.1", port ? atoi(port) : 7911, key), "connect");
    if (key)
        omapi_object_dereference(&key, MDL); /* the connection has its own reference */
}

static dhcpctl_handle new_host(void)
{
    dhcpctl_handle host = NULL;

    check(dhcpctl_new_object(&host, connection, "host"), "new object");
    return host;
}

static void wait_for(dhcpctl_handle host, const char *what)
{
    isc_result_t result;

    check(dhcpctl_wait_for_completion(host, &result), what);
    check(result, what);
}

static void set_hardware(dhcpctl_handle host, const char *mac)
{
    unsigned char b[6];

    if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6) {
        fprintf(stderr, "%s is not a MAC address\n", mac);
        exit(1);
    }
    check(dhcpctl_set_data_value(host, (const char *) b, 6, "hardware-address"), "set hardware");
    /* Without it the server stores type 0, and no client ever matches. */
    check(dhcpctl_set_int_value(host, 1, "hardware-type"), "set hardware type");
}

static void add(const char *name, const char *mac, const char *address)
{
    dhcpctl_handle host = new_host();
    struct in_addr ip;

    if (inet_pton(AF_INET, address, &ip) != 1) {
        fprintf(stderr, "%s is not an IPv4 address\n", address);
        exit(1);
    }
    check(dhcpctl_set_string_value(host, name, "name"), "set name");
    set_hardware(host, mac);
    check(dhcpctl_set_data_value(host, (const char *) &ip, 4, "ip-address"), "set address");
    check(dhcpctl_open_object(host, connection, DHCPCTL_CREATE | DHCPCTL_EXCL), "create");
    wait_for(host, "create");
    printf("%s added\n", name);
    omapi_object_dereference(&host, MDL);
}

static void show(const char *mac)
{
    dhcpctl_handle host = new_host();
    dhcpctl_data_string value = NULL;
    char text[INET_ADDRSTRLEN];
    unsigned i;

    set_hardware(host, mac);
    check(dhcpctl_open_object(host, connection, 0), "open");
    wait_for(host, mac);
    check(dhcpctl_get_value(&value, host, "name"), "get name");
    /* Strings have a length and no terminator. */
    printf("%.*s\n", (int) value->len, (const char *) value->value);
    dhcpctl_data_string_dereference(&value, MDL);

    /* Fixed addresses, four bytes each. A host need not have one. */
    if (dhcpctl_get_value(&value, host, "ip-address") == ISC_R_SUCCESS) {
        for (i = 0; i + 4 <= value->len; i += 4)
            printf("%s\n", inet_ntop(AF_INET, value->value + i, text, sizeof text));
        dhcpctl_data_string_dereference(&value, MDL);
    }
    omapi_object_dereference(&host, MDL);
}

static void remove_host(const char *name)
{
    dhcpctl_handle host = new_host();

    check(dhcpctl_set_string_value(host, name, "name"), "set name");
    check(dhcpctl_open_object(host, connection, 0), "open");
    wait_for(host, name);
    check(dhcpctl_object_remove(connection, host), "remove");
    wait_for(host, "remove");
    printf("%s removed\n", name);
    omapi_object_dereference(&host, MDL);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    if (strcmp(verb, "add") == 0 && argc == 5) {
        connect_to_server();
        add(argv[2], argv[3], argv[4]);
    } else if (strcmp(verb, "show") == 0 && argc == 3) {
        connect_to_server();
        show(argv[2]);
    } else if (strcmp(verb, "remove") == 0 && argc == 3) {
        connect_to_server();
        remove_host(argv[2]);
    } else {
        fprintf(stderr, "usage: host add NAME MAC ADDRESS | show MAC | remove NAME\n");
        return 2;
    }
    dhcpctl_disconnect(&connection, 1);
    return 0;
}
