"""Kea servers for the measurements: without privileges, on loopback, each in a folder
of its own."""

import json
import os
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from lab import Missing, TOP

HOOKS = "usr/lib/x86_64-linux-gnu/kea/hooks"
LEASES = 10_000
FIRST_LEASE = 0x0A000100
CTRL_AGENT = "kea-ctrl-agent"


def dotted(number):
    return socket.inet_ntoa(number.to_bytes(4, "big"))


class Program:
    """A Kea that is installed, or unpacked by ci/unpack-kea.sh."""

    def __init__(self, folder=None):
        self.folder = folder
        self.hooks = (folder or Path("/")) / HOOKS
        version = subprocess.run(
            self.command("kea-dhcp4") + ["-v"], capture_output=True, text=True, check=True
        ).stdout
        self.version = ".".join(version.strip().split(".")[:2])

    def command(self, name):
        return [str(self.folder / "run"), name] if self.folder else [f"/usr/sbin/{name}"]

    def has(self, name):
        return ((self.folder or Path("/")) / "usr/sbin" / name).exists()


def programs():
    """By version: the system's Kea, and those in DHCPCTL_KEA or where ci/kea
    unpacks them for the tests."""
    folders = [Path(f) for f in os.environ.get("DHCPCTL_KEA", "").split(":") if f]
    cache = TOP / os.environ.get("CARGO_TARGET_DIR", "target") / "cache"
    if os.environ.get("XDG_CACHE_HOME"):
        cache = Path(os.environ["XDG_CACHE_HOME"]) / "dhcpctl"
    cache = Path(os.environ.get("DHCPCTL_CACHE") or cache)
    folders += [cache / f"kea-{version}" for version in ("2.6", "3.0")]
    found = [Program()] if Path("/usr/sbin/kea-dhcp4").exists() else []
    found += [Program(folder) for folder in folders if (folder / "run").exists()]
    return {program.version: program for program in reversed(found)}


def reservation(number):
    return {
        "hw-address": f"02:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        "ip-address": dotted(0x0A200000 + number),
        "hostname": f"h{number}",
    }


def free_port(lab):
    code = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    out = subprocess.run(
        lab.inside(["python3", "-c", code]), capture_output=True, text=True, check=True
    )
    return int(out.stdout)


class Kea:
    """A running server. Ends with the lab, or by `stop`."""

    def __init__(self, lab, program, name, leases=0, reservations=0, hooks=("lease_cmds",), http=False):
        self.lab, self.name = lab, name
        self.folder = lab.dir / name
        self.folder.mkdir(mode=0o750)
        self.socket = str(self.folder / "ctrl.sock")
        self.environment = {
            variable: str(self.folder)
            for variable in (
                "KEA_PIDFILE_DIR",
                "KEA_LOCKFILE_DIR",
                "KEA_CONTROL_SOCKET_DIR",
                "KEA_DHCP_DATA_DIR",
                "KEA_LOG_FILE_DIR",
            )
        }
        self.write_leases(leases)
        control = {"socket-type": "unix", "socket-name": self.socket}
        sockets = {"control-socket": control}
        if http:
            self.http_port = free_port(lab)
            web = {"socket-type": "http", "socket-address": "127.0.0.1", "socket-port": self.http_port}
            sockets = {"control-sockets": [control, web]}
        libraries = [str(program.hooks / f"libdhcp_{hook}.so") for hook in hooks]
        config = {
            **sockets,
            "interfaces-config": {"interfaces": []},
            "lease-database": {
                "type": "memfile",
                "persist": True,
                "name": str(self.folder / "leases4.csv"),
                "lfc-interval": 0,
            },
            "expired-leases-processing": {"reclaim-timer-wait-time": 0},
            "valid-lifetime": 3600,
            "hooks-libraries": [{"library": library} for library in libraries],
            "subnet4": [
                {
                    "id": 1,
                    "subnet": "10.0.0.0/8",
                    "pools": [{"pool": "10.0.0.10 - 10.0.200.255"}],
                    "reservations": [reservation(n) for n in range(reservations)],
                }
            ],
            "loggers": [self.logger("kea-dhcp4")],
        }
        (self.folder / "kea.json").write_text(json.dumps({"Dhcp4": config}))
        ports = ["-p", str(free_port(lab)), "-P", str(free_port(lab))]
        command = program.command("kea-dhcp4") + ["-c", str(self.folder / "kea.json"), *ports]
        self.process = lab.serve(command, f"{name}.log", self.environment)
        self.await_answer("status-get")
        lab.ports[name] = "0"
        lab.hosts[name] = f"kea:{self.socket}"

    def write_leases(self, count):
        end = int(time.time()) + 86400
        head = (
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,"
            "fqdn_fwd,fqdn_rev,hostname,state,user_context\n"
        )
        lines = (
            f"{dotted(FIRST_LEASE + n)},0a:00:00:00:{n >> 8:02x}:{n & 255:02x},"
            f"01:0a:00:00:00:{n >> 8:02x}:{n & 255:02x},86400,{end},1,0,0,client{n}.example.org,0,\n"
            for n in range(count)
        )
        (self.folder / "leases4.csv").write_text(head + "".join(lines))

    @staticmethod
    def logger(name):
        return {"name": name, "severity": "WARN", "output_options": [{"output": "stdout"}]}

    def start_agent(self, program):
        """Its control agent, with HTTP."""
        port = free_port(self.lab)
        config = {
            "http-host": "127.0.0.1",
            "http-port": port,
            "control-sockets": {"dhcp4": {"socket-type": "unix", "socket-name": self.socket}},
            "loggers": [self.logger("kea-ctrl-agent")],
        }
        path = self.folder / "agent.json"
        path.write_text(json.dumps({"Control-agent": config}))
        command = program.command(CTRL_AGENT) + ["-c", str(path)]
        self.lab.serve(command, f"{self.name}-agent.log", self.environment)
        time.sleep(1)
        return port

    def command(self, command, arguments=None):
        """A command's answer, with nothing of ours in between."""
        text = json.dumps({"command": command, **({"arguments": arguments} if arguments else {})})
        return json.loads(exchange(self.socket, text.encode()))

    def await_answer(self, command):
        limit = time.monotonic() + 20
        while True:
            try:
                if self.command(command)["result"] == 0:
                    return
            except (OSError, ValueError):
                pass
            if time.monotonic() > limit or self.process.poll() is not None:
                log = (self.lab.dir / f"{self.name}.log").read_text(errors="replace")
                raise RuntimeError(f"Kea did not start:\n{log[-2000:]}")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.lab.ports.pop(self.name)


def exchange(path, command):
    """Sends a command and takes its answer; Kea closes behind it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.connect(path)
        s.sendall(command)
        pieces = []
        while piece := s.recv(1 << 20):
            pieces.append(piece)
    return b"".join(pieces)


class Recorder:
    """A socket in front of a Kea server that keeps the commands that pass."""

    def __init__(self, kea):
        self.kea = kea
        self.path = str(kea.folder / "recorded.sock")
        self.commands = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()
        self.name = f"{kea.name} recorded"
        kea.lab.ports[self.name] = "0"
        kea.lab.hosts[self.name] = f"kea:{self.path}"

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        """One command: what arrives until it is whole JSON."""
        with client:
            command = b""
            while True:
                piece = client.recv(1 << 20)
                if not piece:
                    return
                command += piece
                if command.endswith(b"}"):
                    try:
                        json.loads(command)
                        break
                    except ValueError:
                        pass
            self.commands.append(command)
            try:
                client.sendall(exchange(self.kea.socket, command))
            except OSError:
                pass

    def names(self):
        return [json.loads(c)["command"] for c in self.commands]

    def close(self):
        self.listener.close()
        os.unlink(self.path)
        self.kea.lab.ports.pop(self.name)


class Hosts:
    """Our client, which does what it is told and says how long it took."""

    def __init__(self, lab, server):
        environment = dict(os.environ, OMAPI_HOST=lab.hosts[server], OMAPI_PORT="0")
        self.process = subprocess.Popen(
            lab.inside([lab.path("client_kea"), "hosts"]),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not re.match(r"[0-9.]+$", answer):
            raise RuntimeError(f"client_kea: {line}: no answer")
        return float(answer)


def need(found, version):
    if version not in found:
        raise Missing(f"no Kea {version} (ci/kea {version} gets it)")
    return found[version]
