// A C++ wrapper around ISC's dhcpctl.  -*- C++ -*-
#ifndef INCLUDED_DHCPSERVER_H
#define INCLUDED_DHCPSERVER_H

#include <string>
#include <vector>

// The headers of dhcpctl do not know C++.
extern "C" {
#include <omapip/result.h>
#include <dhcp/dhcpctl.h>
}

class DhcpError {
public:
	DhcpError(isc_result_t code, const std::string &what);
	const std::string &text() const { return text_; }
	isc_result_t code() const { return code_; }

private:
	isc_result_t code_;
	std::string text_;
};

class DhcpServer {
public:
	DhcpServer(const char *host, int port);
	~DhcpServer();

	void addHost(const std::string &name, const std::string &mac, const std::string &ip);
	void removeHost(const std::string &name);
	std::vector<std::string> attributesOf(const std::string &name);

private:
	DhcpServer(const DhcpServer &);
	void operator=(const DhcpServer &);

	dhcpctl_handle connection_;
};

#endif
