// hostadmin PORT: declares a host, shows it, removes it.

#include "DhcpServer.h"

#include <cstdlib>
#include <iostream>

using namespace std;

int main(int argc, char **argv)
{
	if (argc != 2) {
		cerr << "usage: hostadmin port" << endl;
		return 2;
	}
	try {
		DhcpServer server("127.0.0.1", atoi(argv[1]));

		server.addHost("frodo", "02:00:00:00:55:01", "10.0.203.55");
		cout << "added" << endl;
		try {
			server.addHost("frodo", "02:00:00:00:55:02", "10.0.203.56");
		} catch (const DhcpError &e) {
			cout << "again: " << e.text() << " (" << e.code() << ")" << endl;
		}
		vector<string> attributes = server.attributesOf("frodo");
		for (vector<string>::iterator i = attributes.begin(); i != attributes.end(); ++i)
			cout << "  " << *i << endl;
		server.removeHost("frodo");
		cout << "removed" << endl;
		server.attributesOf("frodo");
	} catch (const DhcpError &e) {
		cout << e.text() << endl;
	}
	return 0;
}
