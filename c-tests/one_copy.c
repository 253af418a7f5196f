/* test: tests/install/lines.rs */
/* Linked with libdhcpctl.so.0 and libomapi.so.0: both names are one library. */

#include "client.h"

/* Different files of ours in the memory of this process. */
static int files_mapped(void)
{
    unsigned long seen[8];
    int count = 0;
    unsigned long inode;
    char line[600];
    FILE *maps = fopen("/proc/self/maps", "r");
    int i;

    if (!maps)
        tap_bail("no /proc/self/maps");
    while (fgets(line, sizeof line, maps)) {
        if (!strstr(line, "libdhcpctl") && !strstr(line, "libomapi"))
            continue;
        if (sscanf(line, "%*s %*s %*s %*s %lu", &inode) != 1)
            continue;
        for (i = 0; i < count && seen[i] != inode; i++)
            ;
        if (i == count && count < 8)
            seen[count++] = inode;
    }
    fclose(maps);
    return count;
}

int main(void)
{
    void *first;
    void *second;
    dhcpctl_handle connection;
    dhcpctl_handle lease;

    tap_begin(30);
    is(dhcpctl_initialize(), 0, "initialize");
    is(files_mapped(), 1, "one file is loaded");
    first = dlopen("libdhcpctl.so.0", RTLD_NOW | RTLD_NOLOAD);
    second = dlopen("libomapi.so.0", RTLD_NOW | RTLD_NOLOAD);
    ok(first && second, "both names are loaded");
    ok(first == second, "and are the same");
    connection = server_connect();
    lease = new_lease(connection, "10.0.0.10");
    is(open_now(lease, connection, 0), 0, "a lookup");
    drop(&lease);
    is(dhcpctl_disconnect(&connection, 1), 0, "disconnect");
    return tap_end();
}
