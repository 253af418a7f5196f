#include "DhcpServer.h"

#include <arpa/inet.h>
#include <cstdio>
#include <cstring>

extern "C" {
#include <omapip/omapip_p.h>
}

using namespace std;

static void check(isc_result_t r, const char *what)
{
	if (r != ISC_R_SUCCESS)
		throw DhcpError(r, what);
}

DhcpError::DhcpError(isc_result_t code, const string &what)
	: code_(code), text_(what + ": " + isc_result_totext(code))
{
}

// One remote object, given up at the end of its scope.
class RemoteObject {
public:
	RemoteObject(dhcpctl_handle connection, const char *type)
		: connection_(connection), handle_(dhcpctl_null_handle)
	{
		check(dhcpctl_new_object(&handle_, connection, (char *)type), "new object");
	}
	~RemoteObject() { omapi_object_dereference(&handle_, MDL); }

	void set(const char *name, const void *data, unsigned length)
	{
		dhcpctl_data_string s = 0;

		check(omapi_data_string_new(&s, length, MDL), "data string");
		memcpy(s->value, data, length);
		isc_result_t r = dhcpctl_set_value(handle_, s, (char *)name);
		omapi_data_string_dereference(&s, MDL);
		check(r, name);
	}
	void open(int flags)
	{
		check(dhcpctl_open_object(handle_, connection_, flags), "open");
		wait("open");
	}
	void remove()
	{
		check(dhcpctl_object_remove(connection_, handle_), "remove");
		wait("remove");
	}
	dhcpctl_handle handle() { return handle_; }

private:
	void wait(const char *what)
	{
		isc_result_t status;

		check(dhcpctl_wait_for_completion(handle_, &status), what);
		check(status, what);
	}

	dhcpctl_handle connection_;
	dhcpctl_handle handle_;
};

DhcpServer::DhcpServer(const char *host, int port) : connection_(dhcpctl_null_handle)
{
	check(dhcpctl_initialize(), "initialize");
	check(dhcpctl_connect(&connection_, (char *)host, port, dhcpctl_null_handle), "connect");
}

DhcpServer::~DhcpServer()
{
	if (connection_ && connection_->outer && connection_->outer->outer)
		omapi_disconnect(connection_->outer->outer, 1);
	omapi_object_dereference(&connection_, MDL);
}

void DhcpServer::addHost(const string &name, const string &mac, const string &ip)
{
	RemoteObject host(connection_, "host");
	unsigned char b[6];
	in_addr_t a = inet_addr(ip.c_str());
	int type = htonl(1);

	sscanf(mac.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx",
	       b, b + 1, b + 2, b + 3, b + 4, b + 5);
	host.set("name", name.data(), name.size());
	host.set("hardware-address", b, sizeof b);
	host.set("hardware-type", &type, sizeof type);
	host.set("ip-address", &a, sizeof a);
	host.open(DHCPCTL_CREATE | DHCPCTL_EXCL);
}

void DhcpServer::removeHost(const string &name)
{
	RemoteObject host(connection_, "host");

	host.set("name", name.data(), name.size());
	host.open(0);
	host.remove();
}

vector<string> DhcpServer::attributesOf(const string &name)
{
	RemoteObject host(connection_, "host");
	vector<string> found;

	host.set("name", name.data(), name.size());
	host.open(0);
	omapi_generic_object_t *g = (omapi_generic_object_t *)host.handle()->inner;
	for (int i = 0; i < g->nvalues; i++) {
		omapi_value_t *v = g->values[i];
		if (!v || !v->value)
			continue;
		string line((char *)v->name->value, v->name->len);
		line += " =";
		for (unsigned j = 0; j < v->value->u.buffer.len; j++) {
			char hex[4];

			snprintf(hex, sizeof hex, " %02x", v->value->u.buffer.value[j]);
			line += hex;
		}
		found.push_back(line);
	}
	return found;
}
