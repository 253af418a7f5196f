#!/usr/bin/env python3
# leases.py port address ...

import sys

import dhcpleases

server = dhcpleases.connect(int(sys.argv[1]))
for address in sys.argv[2:]:
    try:
        found = dhcpleases.lookup(server, address)
    except dhcpleases.Error as error:
        print("%s: %s" % (address, error))
        continue
    print("%s: %s" % (address, ", ".join(name for name, value in found)))
    print("  ", dict(found)["client-hostname"].decode(), dict(found)["state"].hex())
dhcpleases.disconnect(server)
try:
    dhcpleases.disconnect(server)
except dhcpleases.Error as error:
    print(error)
try:
    dhcpleases.lookup(server, "10.0.0.10")
except dhcpleases.Error as error:
    print(error)
