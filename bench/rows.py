"""The measurements, one function for each group of rows."""

import re
import subprocess
import time

from lab import FIRST, HERE, Missing, tool
from table import Figure, interleaved

MANY = 10_000
STALL = 0.030


def speed(lab, table):
    """One lookup at a time, and all at once, next to the raw client."""
    server, count = "dhcpd", 2000
    sides = {
        "raw 1": lambda: lab.seconds(server, *lab.raw("lookup", count, 1, 0)),
        "ours 1": lambda: lab.seconds(server, *lab.client("lookup", count)),
        "raw many": lambda: lab.seconds(server, *lab.raw("lookup", MANY, 128, 1)),
        "ours many": lambda: lab.seconds(server, *lab.client("many", MANY, MANY)),
    }
    s = interleaved(15, sides)
    ones, many = s.rate("ours 1", count), s.rate("ours many", MANY)
    table.row(
        "sequential lookups/s, ours : raw client, window 1",
        s.ratio("ours 1", "raw 1"),
        at_least=0.95,
        note=f", {ones:,.0f}/s",
    )
    table.row(
        "10 000 opened, then waited for, ours : raw client, sliding window, TCP_QUICKACK",
        s.ratio("ours many", "raw many"),
        at_least=0.85,
        note=f", {many:,.0f}/s",
    )
    fair = s.ratio("ours many", "ours 1")
    scale = MANY / count
    table.row(
        "the same : our sequential lookups",
        Figure(*(x * scale for x in (fair.value, fair.least, fair.most))),
        at_least=5,
    )


def silence(lab):
    """The longest silence in a capture of 10 000 lookups, in ms."""
    capture = lab.path("capture.pcap")
    port = f"tcp port {lab.ports['dhcpd']}"
    command = [tool("dumpcap"), "-q", "-i", "lo", "-f", port, "-s", "80", "-w", capture]
    with subprocess.Popen(
        lab.inside(command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as dumpcap:
        try:
            for line in dumpcap.stderr:
                if line.startswith("File:"):
                    break
            time.sleep(0.2)
            lab.run("dhcpd", *lab.client("many", MANY, MANY))
            time.sleep(0.5)
        finally:
            dumpcap.terminate()
            dumpcap.stderr.read()
    fields = [tool("tshark"), "-r", capture, "-Y", "tcp.len > 0", "-T", "fields"]
    times = [float(t) for t in lab.run("dhcpd", *fields, "-e", "frame.time_epoch").split()]
    if len(times) < 100:
        raise RuntimeError("the capture is not complete")
    # The first two packets are the introductions.
    return max(b - a for a, b in zip(times[2:], times[3:])) * 1000


def gaps(lab, table):
    """Longest silence of the server or of ours while much is outstanding."""
    if "dhcpd" not in lab.ports:
        raise Missing("no dhcpd")
    longest = sorted(silence(lab) for _ in range(3))
    name = "longest silence in a capture of these, ms"
    table.row(name, Figure(longest[1], longest[0], longest[-1]), at_most=STALL * 1000)


def others(lab, table):
    """The genuine client and pypureomapi, one lookup at a time."""
    server, count = "dhcpd", 1000
    first = FIRST.rsplit(".", 1)[0]
    lookups = [f"new lease\nset ip-address = {first}.{i % 250}\nopen\nclose\n" for i in range(count)]
    connect = "server 127.0.0.1\nport 7911\nconnect\n"

    def omshell(commands):
        start = time.monotonic()
        lab.run(server, tool("omshell"), stdin=commands)
        return time.monotonic() - start

    def genuine():
        # Without what its start and the connection take.
        return omshell(connect + "".join(lookups)) - omshell(connect)

    sides = {"ours": lambda: lab.seconds(server, *lab.client("lookup", count)), "omshell": genuine}
    pure = ["/usr/bin/python3", HERE / "pure.py", "lookup", count]
    try:
        lab.run(server, *pure[:-1], 1)
        sides["pypureomapi"] = lambda: lab.seconds(server, *pure)
    except (RuntimeError, FileNotFoundError):
        table.left_out("sequential lookups, ours : pypureomapi", "no pypureomapi")
    s = interleaved(7, sides)
    for other in list(sides)[1:]:
        note = f", {s.rate(other, count):,.0f}/s"
        table.row(f"sequential lookups/s, ours : {other}", s.ratio("ours", other), note=note)


def collected(lab, server, *command, key=False, stdin=None):
    """Instructions of a run, by callgrind."""
    out = lab.path("callgrind.out")
    run = [tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={out}", *command]
    lab.run(server, *run, key=key, stdin=stdin)
    with open(out) as text:
        for line in text:
            found = re.match(r"(?:summary|totals): (\d+)", line)
            if found:
                return int(found[1])
    raise RuntimeError("callgrind wrote no total")


def stepped(lab, server, *command, key=False):
    """Instructions of a run on the processor itself."""
    done = lab.output(server, lab.path("steps"), *command, key=key)
    return int(done.stderr.split()[-1])


def instructions(lab, table):
    """Instructions of the whole client process for each lookup."""
    server, n = "own server", 500

    def slope(key):
        runs = [collected(lab, server, *lab.client("lookup", n * k), key=key) for k in (1, 2)]
        return (runs[1] - runs[0]) / n

    table.row("instructions per sequential lookup", Figure(slope(False)), at_most=12000)
    signed = "instructions per lookup with hmac-sha256"
    name = lab.path("client-static")
    try:
        few, more = 4, 14
        runs = [stepped(lab, server, name, "lookup", str(k), key=True) for k in (few, more)]
        figure = Figure((runs[1] - runs[0]) / (more - few))
        table.row(signed, figure, at_most=15000, note=", single-stepped")
    except RuntimeError:
        table.left_out(signed, "no ptrace, or no static archive of the C library")
    table.row(
        "the same as valgrind runs it (without SHA instructions)",
        Figure(slope(True)),
    )
    try:
        total = collected(lab, server, name, "first")
        table.row("instructions from exec to the first answer, static", Figure(total), at_most=10**6)
    except RuntimeError:
        table.left_out("instructions at the start", "no static archive of the C library")


def calls(lab, table):
    """System calls for each lookup."""
    n = 500
    counted = lab.path("strace.out")

    def total(count):
        command = [tool("strace"), "-f", "-c", "-o", counted, *lab.client("lookup", count)]
        lab.run("own server", *command)
        with open(counted) as text:
            # time, seconds, usecs/call, calls[, errors], "total"
            return int([line for line in text if line.endswith("total\n")][0].split()[3])

    per_lookup = (total(2 * n) - total(n)) / n
    table.row("system calls per sequential lookup", Figure(per_lookup), at_most=3)


def outstanding(lab, table):
    """Time for each request with many outstanding against few."""
    for server, target in [("dhcpd", 1.3), ("own server", None)]:
        if server not in lab.ports:
            continue
        sides = {
            "few": lambda s=server: lab.seconds(s, *lab.client("many", 100_000, 1000)),
            "many": lambda s=server: lab.seconds(s, *lab.client("many", 100_000, 100_000)),
        }
        s = interleaved(5, sides)
        per_request = 1e6 / s.rate("many", 100_000)
        table.row(
            f"time per request, 100 000 outstanding : 1 000, {server}",
            s.ratio("few", "many"),
            at_most=target,
            note=f", {per_request:.1f} us",
        )


def memory(lab, table):
    """Bytes of an object with ten attributes."""
    out = lab.run("own server", *lab.client("memory", 1000)).split()
    ours, same = map(float, out)
    table.row(
        "memory of an object with 10 attributes : the same structs from malloc",
        Figure(ours / same),
        at_most=1.25,
        note=f", {ours:.0f} : {same:.0f} bytes",
    )


def connections(lab, table):
    """Connect, one lookup, disconnect."""
    count = 200
    for server in [s for s in ("dhcpd", "own server") if s in lab.ports]:
        sides = {
            "raw": lambda s=server: lab.seconds(s, *lab.raw("connect", count)),
            "ours": lambda s=server: lab.seconds(s, *lab.client("connect", count)),
        }
        if server == "own server":
            sides["signed"] = lambda: lab.seconds(server, *lab.client("connect", count), key=True)
        s = interleaved(7, sides)
        table.row(
            f"connect, look up, disconnect, ours : raw client, {server}",
            s.ratio("ours", "raw"),
            note=f", {s.rate('ours', count):,.0f}/s",
        )
        if "signed" in sides:
            table.row(
                "the same with authentication (hmac-sha256) : without",
                s.ratio("signed", "ours"),
                note=f", {s.rate('signed', count):,.0f}/s",
            )


def threads(lab, table):
    """Several threads against our own server."""
    server, count = "own server", 8000
    sides = {}
    for kind in ("own", "shared"):
        for n in (1, 2, 4, 8):
            if n > 1 or kind == "own":
                command = lab.client(kind, count, n)
                sides[kind, n] = lambda c=command: lab.seconds(server, *c)
    s = interleaved(7, sides)
    for kind, title, targets in [
        ("own", "with a connection each", {4: 1.7}),
        ("shared", "sharing one connection", {4: 1}),
    ]:
        for n in (2, 4, 8):
            table.row(
                f"sequential lookups, {n} threads {title} : one thread",
                s.ratio((kind, n), ("own", 1)),
                at_least=targets.get(n),
                note=f", {s.rate((kind, n), count):,.0f}/s",
            )


ALL = [speed, gaps, others, instructions, calls, outstanding, memory, connections, threads]


def measure(lab, table, groups, only):
    for group in groups:
        if only and group.__name__ not in only:
            continue
        try:
            group(lab, table)
        except (Missing, RuntimeError) as why:
            table.left_out(group.__doc__.splitlines()[0].rstrip("."), str(why))
