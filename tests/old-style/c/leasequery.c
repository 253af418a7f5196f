/*
 * leasequery.c: ask a DHCP server about leases.
 *
 *	leasequery [-p port] [-k keyname hexsecret] address ...
 *
 * Prints everything that the server tells.
 */

static char rcsid[] = "$Id: leasequery.c,v 1.14 2003/05/11 17:20:02 noc Exp $";

#include <sys/types.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ctype.h>

#include <isc/boolean.h>
#include "isc-dhcp/result.h"
#include "isc-dhcp/dhcpctl.h"
#include <omapip/omapip_p.h>
#include <omapip/alloc.h>

#define CHECK(x) do { \
		status = (x); \
		if (status != ISC_R_SUCCESS) { \
			log_error("%s, line %d: %s", #x, __LINE__, isc_result_totext(status)); \
			exit(1); \
		} \
	} while (0)

extern int log_error(const char *, ...);

static dhcpctl_handle connection = dhcpctl_null_handle;
static char *months[12] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
			    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Numbers come as they are on the wire. */
static unsigned long
number(tv)
	omapi_typed_data_t *tv;
{
	unsigned long v = 0;

	if (omapi_get_int_value(&v, tv) != ISC_R_SUCCESS)
		log_error("not a number");
	return v;
}

static int
printable(p, len)
	unsigned char *p;
	unsigned len;
{
	while (len--)
		if (!isprint(*p++))
			return 0;
	return 1;
}

static int
is_time(name)
	omapi_data_string_t *name;
{
	return !omapi_ds_strcmp(name, "starts") || !omapi_ds_strcmp(name, "ends") ||
	       !omapi_ds_strcmp(name, "tstp") || !omapi_ds_strcmp(name, "tsfp") ||
	       !omapi_ds_strcmp(name, "atsfp") || !omapi_ds_strcmp(name, "cltt");
}

static void
print_value(v)
	omapi_value_t *v;
{
	omapi_typed_data_t *tv = v->value;
	time_t t;
	struct tm *tm;
	unsigned i;

	printf("\t%-24.*s ", (int)v->name->len, (char *)v->name->value);
	if (tv == NULL) {
		printf("(null)\n");
		return;
	}
	switch (tv->type) {
	      case omapi_datatype_int:
		printf("%d\n", tv->u.integer);
		break;
	      case omapi_datatype_string:
		printf("\"%.*s\"\n", (int)tv->u.buffer.len, (char *)tv->u.buffer.value);
		break;
	      case omapi_datatype_data:
		if (is_time(v->name) && tv->u.buffer.len == 4) {
			t = (time_t)number(tv);
			tm = gmtime(&t);
			printf("%s %d %d %02d:%02d:%02d UTC\n", months[tm->tm_mon],
			       tm->tm_mday, tm->tm_year + 1900, tm->tm_hour,
			       tm->tm_min, tm->tm_sec);
		} else if (tv->u.buffer.len == 4 && !omapi_ds_strcmp(v->name, "ip-address")) {
			struct in_addr a;

			memcpy(&a.s_addr, tv->u.buffer.value, 4);
			printf("%s\n", inet_ntoa(a));
		} else if (tv->u.buffer.len > 1 &&
			   printable(tv->u.buffer.value, tv->u.buffer.len)) {
			printf("\"%.*s\"\n", (int)tv->u.buffer.len, (char *)tv->u.buffer.value);
		} else {
			for (i = 0; i < tv->u.buffer.len; i++)
				printf("%s%02x", i ? ":" : "", tv->u.buffer.value[i]);
			printf("\n");
		}
		break;
	      default:
		printf("(object)\n");
		break;
	}
}

static int
query(address)
	char *address;
{
	dhcpctl_handle lease = NULL;
	dhcpctl_data_string ipaddr = NULL;
	dhcpctl_status status, waitstatus;
	omapi_generic_object_t *g;
	struct in_addr a;
	int i;

	if (!inet_aton(address, &a)) {
		log_error("%s: not an address", address);
		return 1;
	}
	memset(&ipaddr, 0, sizeof ipaddr);
	CHECK(dhcpctl_new_object(&lease, connection, "lease"));
	CHECK(omapi_data_string_new(&ipaddr, 4, __FILE__, __LINE__));
	memcpy(ipaddr->value, &a.s_addr, 4);
	CHECK(dhcpctl_set_value(lease, ipaddr, "ip-address"));
	dhcpctl_data_string_dereference(&ipaddr, __FILE__, __LINE__);
	CHECK(dhcpctl_open_object(lease, connection, 0));
	CHECK(dhcpctl_wait_for_completion(lease, &waitstatus));
	if (waitstatus != ISC_R_SUCCESS) {
		printf("%s: %s\n", address, isc_result_totext(waitstatus));
		omapi_object_dereference(&lease, MDL);
		return 1;
	}

	/* There is no call to list what came back, but this is where it is. */
	printf("%s:\n", address);
	g = (omapi_generic_object_t *)lease->inner;
	for (i = 0; i < g->nvalues; i++)
		if (g->values[i] != NULL)
			print_value(g->values[i]);
	omapi_object_dereference(&lease, MDL);
	return 0;
}

int
main(argc, argv)
	int argc;
	char **argv;
{
	dhcpctl_handle auth = dhcpctl_null_handle;
	omapi_object_t *c;
	dhcpctl_status status;
	unsigned char secret[64];
	unsigned len = 0;
	int port = 7911;
	int failed = 0;
	int i = 1;

	if (argc > i + 1 && !strcmp(argv[i], "-p")) {
		port = atoi(argv[i + 1]);
		i += 2;
	}
	CHECK(dhcpctl_initialize());
	if (argc > i + 2 && !strcmp(argv[i], "-k")) {
		char *hex = argv[i + 2];
		unsigned byte;

		while (len < sizeof secret && sscanf(hex + 2 * len, "%2x", &byte) == 1)
			secret[len++] = byte;
		CHECK(dhcpctl_new_authenticator(&auth, argv[i + 1], "hmac-md5", secret, len));
		i += 3;
	}
	if (i >= argc) {
		fprintf(stderr, "usage: leasequery [-p port] [-k key secret] address ...\n%s\n", rcsid);
		exit(2);
	}
	CHECK(dhcpctl_connect(&connection, "127.0.0.1", port, auth));
	for (; i < argc; i++)
		failed += query(argv[i]);

	/* dhcpctl_disconnect is not in all releases. */
	c = connection->outer->outer;
	if (c == NULL || c->type != omapi_type_connection) {
		log_error("no connection behind the handle");
		exit(1);
	}
	CHECK(omapi_disconnect(c, 1));
	omapi_object_dereference(&connection, MDL);
	printf("%d not found\n", failed);
	return 0;
}
