"""The ctypes module examples-py/dhcpctl.py, checked against a server: prints
TAP, as the C programs do.

    checks.py LAYOUT-TABLE
"""

import ctypes
import gc
import os
import sys

import dhcpctl

count = failed = 0


def ok(passed, name):
    global count, failed
    count += 1
    failed += not passed
    print(f"{'ok' if passed else 'not ok'} {count} - {name}", flush=True)


def fails(code, name, function, *arguments):
    try:
        function(*arguments)
    except dhcpctl.Error as error:
        ok(error.code == code, f"{name}: {error}")
    else:
        ok(False, f"{name}: no error")


STRUCTS = {
    "omapi_object_type_t": dhcpctl.ObjectType,
    "omapi_object_t": dhcpctl.Object,
    "omapi_data_string_t": dhcpctl.DataString,
    "omapi_typed_data_t": dhcpctl.TypedData,
    "omapi_value_t": dhcpctl.Value,
    "omapi_generic_object_t": dhcpctl.Generic,
    "dhcpctl_remote_object_t": dhcpctl.Remote,
}


def layouts(table):
    """The structs declared in Python are those of C, field by field."""
    seen = set()
    for line in open(table, encoding="utf-8"):
        cells = line.rstrip("\n").split("\t")
        if line.startswith("#") or cells[0] not in STRUCTS:
            continue
        struct, field = STRUCTS[cells[0]], cells[1]
        if field == "(sizeof)":
            ok(ctypes.sizeof(struct) == int(cells[3]), f"size of {cells[0]}")
            seen.add(cells[0])
        elif hasattr(struct, field):
            ok(getattr(struct, field).offset == int(cells[2]), f"{cells[0]}.{field}")
    ok(seen == set(STRUCTS), "all structs are in the table")


def key():
    if not os.environ.get("OMAPI_KEY"):
        return None
    name, algorithm, secret = os.environ["OMAPI_KEY"].split(":")
    return name, algorithm, bytes.fromhex(secret)


def connect():
    return dhcpctl.Connection(port=int(os.environ["OMAPI_PORT"]), key=key())


def lookups():
    with connect() as server:
        lease = server.lookup("lease", ip_address="10.0.0.10")
        ok(lease is not None, "a lease by its address")
        ok(lease["ip-address"] == bytes([10, 0, 0, 10]), "bytes")
        ok(lease["client-hostname"] == b"h10", "text")
        ok(lease.number("state") == 2, "a number")
        everything = lease.attributes()
        ok(list(everything)[0] == "ip-address", "attributes in their order, the first set first")
        ok(everything["client-hostname"] == b"h10", "with their values")
        try:
            lease["no-such-thing"]
            ok(False, "an attribute that is not there")
        except KeyError:
            ok(True, "an attribute that is not there")
        ok(server.lookup("lease", ip_address="192.0.2.1") is None, "no lease")
        by_mac = server.lookup("lease", hardware_address="02:00:00:00:00:0a", hardware_type=1)
        ok(by_mac is not None and by_mac["ip-address"] == bytes([10, 0, 0, 10]), "by its MAC")
        missing = server.new("lease", ip_address="192.0.2.1")
        fails(dhcpctl.NOTFOUND, "open what is not there", missing.open)
        ok(missing.message == "no object matches specification", "the server's words")
        ok(lease.refresh().number("state") == 2, "refresh")


def hosts():
    with connect() as server:
        host = server.create("host", name="py", hardware_address="02:00:00:00:99:01",
                             hardware_type=1, ip_address="10.0.203.98")
        ok(host["name"] == b"py", "a host is created")
        fails(18, "twice", lambda: server.create(
            "host", name="py", hardware_address="02:00:00:00:99:02", hardware_type=1))
        host["ip-address"] = "10.0.203.99"
        host.update()
        again = server.lookup("host", name="py")
        ok(again["ip-address"] == bytes([10, 0, 203, 99]), "and changed")
        again.remove()
        ok(server.lookup("host", name="py") is None, "and removed")


def callbacks():
    answers = []
    with connect() as server:
        leases = [server.new("lease", ip_address=a)
                  .on_answer(lambda lease, code: answers.append((lease["ip-address"][3], code)))
                  .start() for a in ("10.0.0.10", "192.0.2.1", "10.0.0.11")]
        gc.collect()
        while len(answers) < 3 and server.dispatch(5):
            pass
        ok(sorted(answers) == [(1, dhcpctl.NOTFOUND), (10, 0), (11, 0)], f"callbacks: {answers}")
        ok(leases[0].wait() is leases[0], "a wait afterwards returns at once")
        ok(not server.dispatch(0.05), "nothing more to come")


def dropped():
    """Objects that the script forgets are there until they are answered."""
    answers = []
    with connect() as server:
        for a in ("10.0.0.10", "192.0.2.1", "10.0.0.11"):
            server.new("lease", ip_address=a).on_answer(
                lambda lease, code: answers.append((lease["ip-address"][3], code))).start()
        gc.collect()
        ok(len(dhcpctl._awaited) == 3, "objects with answers to come are kept")
        while len(answers) < 3 and server.dispatch(5):
            gc.collect()
        ok(sorted(answers) == [(1, dhcpctl.NOTFOUND), (10, 0), (11, 0)], f"all called: {answers}")
        gc.collect()
        ok(not dhcpctl._awaited and not len(dhcpctl._listening), "and not kept after that")


def values():
    with connect() as server:
        host = server.new("host")
        host["text"] = "a\0b"
        ok(host["text"] == b"a\0b", "a NUL in a string")
        host["latin"] = b"\xff"
        ok(host.attributes()["latin"] == b"\xff", "bytes that are no text")
        host["number"] = 2**32 - 1
        ok(host.attributes()["number"] in (-1, 2**32 - 1), "32 bits")
        for number in (2**32, 2**40, -2**31 - 1):
            try:
                host["number"] = number
            except OverflowError:
                ok(True, f"{number} does not fit")
            else:
                ok(False, f"{number} was cut")


def errors():
    fails(12, "nobody listens", dhcpctl.Connection, "127.0.0.1", 1)
    try:
        dhcpctl.Connection("127.0.0.1", 1)
    except dhcpctl.Error as error:
        ok(str(error) == "dhcpctl_timed_connect: connection refused", "an error says what and why")
    server = connect()
    lease = server.new("lease", ip_address="10.0.0.10")
    server.close()
    server.close()
    ok(not server.handle, "closed, twice")
    fails(393219, "a request on a closed connection", lease.open)
    lease["text"] = None
    lease["text"] = "abc"
    ok(lease["text"] == b"abc", "objects outlive their connection")
    ok(lease.attributes() == {"ip-address": bytes([10, 0, 0, 10]), "text": b"abc"}, "as they were")


layouts(sys.argv[1])
lookups()
hosts()
callbacks()
dropped()
values()
errors()
print(f"1..{count}")
sys.exit(failed != 0)
