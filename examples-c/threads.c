/* Look-ups from several threads on one connection.
 *
 *   threads ADDRESS...          server on 127.0.0.1, port 7911 or $OMAPI_PORT
 *
 * Nothing needs a lock: any function may be called from any thread. While one
 * thread reads the answers of all, the others sleep; each is woken by its own.
 * A connection for each thread would do as well, and be faster. */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <isc/result.h>
#include <dhcpctl/dhcpctl.h>

static dhcpctl_handle connection;

struct look_up {
    pthread_t thread;
    const char *address;
    char name[256];
};

static void *look_up(void *argument)
{
    struct look_up *l = (struct look_up *) argument;
    struct timeval limit = {5, 0};
    dhcpctl_handle lease = NULL;
    dhcpctl_data_string name = NULL;
    dhcpctl_status status, answer = ISC_R_SUCCESS;
    struct in_addr binary;

    if (inet_pton(AF_INET, l->address, &binary) != 1) {
        strcpy(l->name, "not an IPv4 address");
        return NULL;
    }
    status = dhcpctl_new_object(&lease, connection, "lease");
    if (status == ISC_R_SUCCESS)
        status = dhcpctl_set_data_value(lease, (const char *) &binary, 4, "ip-address");
    if (status == ISC_R_SUCCESS)
        status = dhcpctl_open_object(lease, connection, 0);
    if (status == ISC_R_SUCCESS)
        status = dhcpctl_timed_wait_for_completion(lease, &answer, &limit);
    if (status == ISC_R_SUCCESS)
        status = answer;
    if (status == ISC_R_SUCCESS)
        status = dhcpctl_get_value(&name, lease, "client-hostname");
    if (name)
        snprintf(l->name, sizeof l->name, "%.*s", (int) name->len, (const char *) name->value);
    else
        snprintf(l->name, sizeof l->name, "%s", isc_result_totext(status));
    if (name)
        dhcpctl_data_string_dereference(&name, MDL);
    if (lease)
        omapi_object_dereference(&lease, MDL);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *port = getenv("OMAPI_PORT");
    struct look_up *all = (struct look_up *) calloc((size_t) argc, sizeof *all);
    isc_result_t status = dhcpctl_initialize();
    int i;

    if (status == ISC_R_SUCCESS)
        status = dhcpctl_connect(&connection, "127.0.0.1", port ? atoi(port) : 7911, NULL);
    if (status != ISC_R_SUCCESS || !all) {
        fprintf(stderr, "connect: %s\n", isc_result_totext(status));
        return 1;
    }
    for (i = 1; i < argc; i++) {
        all[i].address = argv[i];
        if (pthread_create(&all[i].thread, NULL, look_up, &all[i])) {
            fprintf(stderr, "cannot start a thread\n");
            return 1;
        }
    }
    for (i = 1; i < argc; i++) {
        pthread_join(all[i].thread, NULL);
        printf("%s: %s\n", all[i].address, all[i].name);
    }
    dhcpctl_disconnect(&connection, 1);
    free(all);
    return 0;
}
