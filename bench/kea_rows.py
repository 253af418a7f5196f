"""The measurements with Kea."""

import time

from kea import CTRL_AGENT, Hosts, Kea, LEASES, Recorder, need, programs
from lab import Missing
from rows import collected
from table import Figure, Series, interleaved

LOOKUPS = 3000
MANY_RESERVATIONS = 10_000
# A configuration that is younger than a second is never certainly the same.
SETTLED = 1.1


def kea(lab, table):
    """Kea: lookups and hosts next to a raw client."""
    found = programs()
    if not found:
        raise Missing("no Kea")
    for part in (lookups, http, few_hosts, many_hosts, queued):
        for version in ("2.2", "3.0"):
            try:
                part(lab, table, need(found, version))
            except (Missing, RuntimeError) as why:
                table.left_out(f"Kea {version}, {part.__doc__}", str(why))


def lookups(lab, table, program):
    """leases over the UNIX socket"""
    kea = Kea(lab, program, f"kea-{program.version}-leases", leases=LEASES)
    name, path = kea.name, kea.socket
    s = interleaved(
        11,
        {
            "raw": lambda: lab.seconds(name, *lab.raw_kea("lookup", path, LOOKUPS)),
            "ours": lambda: lab.seconds(name, *lab.client("lookup", LOOKUPS)),
            "raw 8": lambda: lab.seconds(name, *lab.raw_kea("many", path, LOOKUPS, 8)),
            "ours 8": lambda: lab.seconds(name, lab.path("client_kea"), "window", str(LOOKUPS), "8"),
        },
    )
    title = f"Kea {program.version}: "
    table.row(
        title + "sequential lease lookups/s, ours : raw client",
        s.ratio("ours", "raw"),
        at_least=0.95,
        note=f", {s.rate('ours', LOOKUPS):,.0f}/s",
    )
    table.row(
        title + "8 lookups outstanding, ours : raw client with 8 connections",
        s.ratio("ours 8", "raw 8"),
        at_least=0.9,
        note=f", {s.rate('ours 8', LOOKUPS):,.0f}/s",
    )
    try:
        runs = [collected(lab, name, *lab.client("lookup", n)) for n in (500, 1000)]
        table.row(title + "instructions per sequential lookup", Figure((runs[1] - runs[0]) / 500))
    except Missing as why:
        table.left_out(title + "instructions per sequential lookup", str(why))
    kea.stop()


def http(lab, table, program):
    """leases over HTTP"""
    if program.version < "3":
        return
    kea = Kea(lab, program, "kea-http", leases=LEASES, http=True)
    ports = {"Kea's own socket": (kea.http_port,)}
    if program.has(CTRL_AGENT):
        ports[CTRL_AGENT] = (kea.start_agent(program), "dhcp4")
    count = LOOKUPS // 2
    for via, (port, *service) in ports.items():
        lab.ports[via] = "0"
        lab.hosts[via] = f"kea+http://127.0.0.1:{port}/"
        s = interleaved(
            11,
            {
                "raw": lambda: lab.seconds(via, *lab.raw_kea("http", port, count, *service)),
                "ours": lambda: lab.seconds(via, *lab.client("lookup", count)),
            },
        )
        table.row(
            f"Kea {program.version}: lookups/s, HTTP keep-alive, {via}, ours : raw client",
            s.ratio("ours", "raw"),
            at_least=0.9,
            note=f", {s.rate('ours', count):,.0f}/s",
        )
    kea.stop()


def few_hosts(lab, table, program):
    """a host by a new configuration, few reservations"""
    kea = Kea(lab, program, f"kea-{program.version}-few", reservations=10)
    creates(lab, table, kea, program, 10, 9)
    kea.stop()


def many_hosts(lab, table, program):
    """hosts among 10 000 reservations"""
    if program.version >= "3":
        return
    kea = Kea(lab, program, "kea-many", reservations=MANY_RESERVATIONS)
    title = f"Kea {program.version}, {MANY_RESERVATIONS:,} reservations: "
    get = lab.dir / "config-get.json"
    get.write_text('{"command":"config-get"}')
    lab.run(kea.name, *lab.raw_kea("send", kea.socket, get))

    def first_lookup(line):
        with Hosts(lab, kea.name) as client:
            seconds = client.tell(line)
            memory.append(client.tell("memory"))
            return seconds

    memory = []
    numbers = iter(range(1000))
    raw = lambda: lab.seconds(kea.name, *lab.raw_kea("send", kea.socket, get))  # noqa: E731
    s = interleaved(
        9, {"raw": raw, "ours": lambda: first_lookup(f"find h{5000 + next(numbers)}")}
    )
    table.row(
        title + "time of a host lookup, nothing known : one config-get",
        s.ratio("raw", "ours"),
        at_most=1.2,
        note=f", {1000 / s.rate('ours', 1):.0f} ms",
    )
    table.row(
        title + "most memory of the client then, MB", Figure(max(memory) / 1024)
    )
    with Hosts(lab, kea.name) as client:
        changed = Series({"raw": [], "ours": []})
        client.tell("find h1")
        for n in range(3):
            configuration = kea.command("config-get")["arguments"]
            configuration["Dhcp4"]["valid-lifetime"] = 7200 + n
            configuration.pop("hash", None)
            kea.command("config-set", configuration)
            changed.rounds["raw"].append(raw())
            changed.rounds["ours"].append(client.tell(f"find h{n}"))
        table.row(
            title + "the same after a change of the configuration",
            changed.ratio("raw", "ours"),
            at_most=1.2,
            note=f", {1000 / changed.rate('ours', 1):.0f} ms",
        )
        time.sleep(SETTLED)
        client.tell("find h1")
        again = sorted(client.tell(f"find h{n}") * 1000 for n in range(200))
    table.row(
        title + "a host lookup when nothing changed, ms",
        Figure(again[100], again[0], again[-1]),
        at_most=1,
    )
    creates(lab, table, kea, program, MANY_RESERVATIONS, 3)
    kea.stop()


def creates(lab, table, kea, program, reservations, rounds):
    """A create against the same commands without us."""
    recorder = Recorder(kea)
    time.sleep(SETTLED)
    with Hosts(lab, recorder.name) as client:
        # What connecting takes is not part of it.
        client.tell("memory")
        recorder.commands.clear()
        client.tell("create 1")
        files = []
        for n, command in enumerate(recorder.commands):
            files.append(lab.dir / f"command-{n}.json")
            files[-1].write_bytes(command)
    sent = ", ".join(recorder.names())
    recorder.close()

    def raw():
        time.sleep(SETTLED)
        out = lab.run(kea.name, *lab.raw_kea("send", kea.socket, *files))
        return sum(map(float, out.split()))

    with Hosts(lab, kea.name) as client:

        def ours():
            # Back to how it was when the commands were recorded.
            client.tell("remove 1")
            time.sleep(SETTLED)
            return client.tell("create 1")

        s = interleaved(rounds, {"raw": raw, "ours": ours})
        memory = client.tell("memory") / 1024
    title = f"Kea {program.version}, {reservations:,} reservations: "
    table.row(
        title + "time of a host create : its commands by themselves",
        s.ratio("raw", "ours"),
        at_most=1.15,
        note=f", {1000 / s.rate('ours', 1):.1f} ms",
    )
    print(f"    {sent}", flush=True)
    if reservations >= MANY_RESERVATIONS:
        table.row(title + "most memory of the client then, MB", Figure(memory))


def queued(lab, table, program):
    """1 000 hosts queued at once"""
    kea = Kea(lab, program, f"kea-{program.version}-queue")
    recorder = Recorder(kea)
    with Hosts(lab, recorder.name) as client:
        seconds = client.tell("queue 1 1000")
    sets = recorder.names().count("config-set")
    recorder.close()
    there = kea.command("config-get")["arguments"]["Dhcp4"]["subnet4"][0]["reservations"]
    if len(there) != 1000:
        raise RuntimeError(f"{len(there)} of 1000 hosts are there")
    table.row(
        f"Kea {program.version}: config-set commands for 1 000 hosts queued together",
        Figure(sets),
        at_most=3,
        note=f", {seconds:.2f} s",
    )
    kea.stop()
