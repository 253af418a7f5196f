/* <omapip/omapip_p.h>: the structs behind the objects, which dhcpctl.h has too,
 * and the system's headers that programs came to expect from this name. */
#ifndef DHCPCTL_OMAPIP_OMAPIP_P_H
#define DHCPCTL_OMAPIP_OMAPIP_P_H
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "../dhcpctl.h"
#endif
