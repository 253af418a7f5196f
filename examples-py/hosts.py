#!/usr/bin/env python3
"""Leases and host declarations of a DHCP server, from Python.

    hosts.py lease ADDRESS...           who has it, until when
    hosts.py add NAME MAC ADDRESS       declare a host
    hosts.py move NAME ADDRESS          give it another address
    hosts.py show MAC
    hosts.py remove NAME

The server is $OMAPI_SERVER or 127.0.0.1, port 7911 or $OMAPI_PORT; a Kea server is
named by its socket, /run/kea/kea4-ctrl-socket. With a key:
OMAPI_KEY=name:hmac-sha256:secret-in-hex
"""

import os
import sys
import time

import dhcpctl


def connect():
    key = None
    if os.environ.get("OMAPI_KEY"):
        name, algorithm, secret = os.environ["OMAPI_KEY"].split(":")
        key = name, algorithm, bytes.fromhex(secret)
    return dhcpctl.Connection(os.environ.get("OMAPI_SERVER", "127.0.0.1"),
                              int(os.environ.get("OMAPI_PORT", 7911)), key=key)


def dotted(value):
    """All addresses in the bytes of an ip-address."""
    return [".".join(map(str, value[i:i + 4])) for i in range(0, len(value), 4)]


def leases(server, addresses):
    """All questions at once; each answer is printed when it comes."""
    open_questions = set(addresses)

    def answered(lease, code):
        where = dotted(lease["ip-address"])[0]
        open_questions.discard(where)
        if code != dhcpctl.SUCCESS:
            print(f"{where}: {lease.message or dhcpctl.Error(code)}")
            return
        ends = time.strftime("%Y-%m-%d %H:%M", time.gmtime(lease.number("ends")))
        who = lease.attributes().get("client-hostname", b"-").decode()
        print(f"{where}: {who} until {ends}")

    wanted = [server.new("lease", ip_address=a).on_answer(answered).start() for a in addresses]
    while open_questions:
        server.dispatch(1)
    return wanted


def main(arguments):
    with connect() as server:
        match arguments:
            case ["lease", *addresses] if addresses:
                leases(server, addresses)
            case ["add", name, mac, address]:
                server.create("host", name=name, hardware_address=mac, hardware_type=1,
                              ip_address=address)
                print(f"{name} added")
            case ["move", name, address]:
                host = server.new("host", name=name).open()
                host["ip-address"] = address
                host.update()
                print(f"{name} moved")
            case ["show", mac]:
                host = server.lookup("host", hardware_address=mac, hardware_type=1)
                if host is None:
                    print(f"{mac}: no such host")
                    return 1
                print(host["name"].decode(), *dotted(host["ip-address"]))
            case ["remove", name]:
                server.new("host", name=name).open().remove()
                print(f"{name} removed")
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except dhcpctl.Error as error:
        print(error, file=sys.stderr)
        sys.exit(1)
