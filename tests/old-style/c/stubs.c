/*
 * stubs.c: what libdhcp wants from whoever links it.
 */

#include <stdio.h>
#include <stdarg.h>
#include <time.h>

struct packet;
struct class;

time_t cur_time;
int log_perror = 0;
const char *path_dhcpd_conf = "/etc/dhcpd.conf";

void classify(packet, class)
	struct packet *packet;
	struct class *class;
{
	(void)packet;
	(void)class;
}

int check_collection(packet, lease, collection)
	struct packet *packet;
	void *lease;
	void *collection;
{
	(void)packet;
	(void)lease;
	(void)collection;
	return 0;
}

void dhcp(packet)
	struct packet *packet;
{
	(void)packet;
}

/* Ours go where the rest of this program's messages go. */
int log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("LOG: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	return 0;
}
