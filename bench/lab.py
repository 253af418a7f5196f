"""What the measurements need: programs, servers, a network of their own."""

import base64
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
HERE = TOP / "bench"
FIRST, LAST = "10.0.1.0", "10.0.40.255"
SECRET = "0123456789abcdef0123456789abcdef"

CONF = f"""
omapi-port 7911;
authoritative;
ddns-update-style none;
subnet 10.0.0.0 netmask 255.255.0.0 {{ range {FIRST} {LAST}; }}
host bench {{ hardware ethernet 00:11:22:33:44:55; fixed-address 10.0.200.5; }}
"""


class Missing(Exception):
    """A tool or a privilege is not there."""


def tool(name):
    """Path of a program, also where administrators' programs are."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Missing(f"no {name}")
    return found


class Lab:
    """Use it in a `with` statement: the end removes everything again."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="dhcpctl-bench-"))
        self.servers = []
        self.namespace = None
        self.ports = {}
        # Names of servers that are not 127.0.0.1.
        self.hosts = {}
        self.left_out = []

    def __enter__(self):
        try:
            self.build()
            self.enter_namespace()
            self.start_testd()
            self.start_dhcpd()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in reversed(self.servers):
            server.terminate()
            server.wait()
        if self.namespace:
            subprocess.run([tool("ip"), "netns", "del", self.namespace], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    # Programs

    def build(self):
        cargo = os.environ.get("CARGO", "cargo")
        subprocess.run(
            [cargo, "build", "--quiet", "--release", "--workspace"], cwd=TOP, check=True
        )
        target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
        self.release = TOP / target / "release"
        library = self.dir / "libdhcpctl.so.0"
        shutil.copy(self.release / "libdhcpctl.so", library)
        self.compile("raw", "raw.c")
        self.compile("raw_kea", "raw_kea.c")
        self.compile("steps", "steps.c")
        # All symbols are bound at the start: what is counted between two
        # lengths of a run has nothing of the dynamic linker.
        shared = [library, f"-Wl,-rpath,{self.dir},-z,now", "-pthread"]
        self.compile("client", "client.c", *shared)
        self.compile("client_kea", "client_kea.c", *shared)
        try:
            archive = self.release / "libdhcpctl.a"
            self.compile("client-static", "client.c", "-static", archive, "-pthread", "-ldl", "-lm")
        except subprocess.CalledProcessError:
            self.left_out.append("static client: the C library has no static archive")

    def compile(self, name, source, *more):
        command = [os.environ.get("CC", "cc"), "-O2", "-Wall", f"-I{TOP}/include"]
        command += ["-o", self.dir / name, HERE / source, *more]
        subprocess.run(command, check=True, stderr=subprocess.PIPE)

    def path(self, name):
        return str(self.dir / name)

    # Servers

    def enter_namespace(self):
        """dhcpd needs a network interface of its own that is not loopback."""
        if os.geteuid() != 0:
            self.left_out.append("dhcpd: a network namespace needs root")
            return
        try:
            ip = tool("ip")
        except Missing as why:
            self.left_out.append(f"dhcpd: {why}")
            return
        name = f"dhcpctl-bench-{os.getpid()}"
        made = subprocess.run([ip, "netns", "add", name], stderr=subprocess.DEVNULL)
        if made.returncode != 0:
            self.left_out.append("dhcpd: no network namespace allowed here")
            return
        self.namespace = name
        for command in [
            "link set lo up",
            "link add v0 type veth peer name v1",
            "addr add 10.0.0.1/16 dev v0",
            "link set v0 up",
            "link set v1 up",
        ]:
            subprocess.run([ip, "-n", name, *command.split()], check=True)

    def inside(self, command):
        if not self.namespace:
            return [str(c) for c in command]
        return [tool("ip"), "netns", "exec", self.namespace, *map(str, command)]

    def serve(self, command, log, environment=None):
        with open(self.dir / log, "wb") as out:
            server = subprocess.Popen(
                self.inside(command),
                env=dict(os.environ, **(environment or {})),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.servers.append(server)
        return server

    def await_line(self, log, word):
        for _ in range(100):
            for line in (self.dir / log).read_text(errors="replace").splitlines():
                if word in line:
                    return line
            if self.servers[-1].poll() is not None:
                break
            time.sleep(0.1)
        text = (self.dir / log).read_text(errors="replace")
        raise RuntimeError(f"the server did not start:\n{text}")

    def start_testd(self):
        conf = self.dir / "testd.conf"
        conf.write_text(CONF)
        key = base64.b64encode(SECRET.encode()).decode()
        self.serve(
            [self.release / "omapi-testd", "--listen", "127.0.0.1:0", "--config", conf]
            + ["--key", f"bench:hmac-sha256:{key}", "--key-optional"],
            "testd.log",
        )
        line = self.await_line("testd.log", "listening on ")
        self.ports["own server"] = line.rsplit(":", 1)[1]

    def start_dhcpd(self):
        if not self.namespace:
            return
        try:
            dhcpd = tool("dhcpd")
        except Missing as why:
            self.left_out.append(f"dhcpd: {why}")
            return
        conf, leases = self.dir / "dhcpd.conf", self.dir / "dhcpd.leases"
        conf.write_text(CONF)
        leases.touch()
        command = [dhcpd, "-4", "-f", "-d", "-cf", conf, "-lf", leases]
        self.serve(command + ["-pf", self.dir / "dhcpd.pid", "v0"], "dhcpd.log")
        self.await_line("dhcpd.log", "Server starting service")
        self.ports["dhcpd"] = "7911"

    # Runs

    def output(self, server, *command, key=False, stdin=None):
        """A finished command that finds `server` in its environment."""
        if server not in self.ports:
            raise Missing(f"no {server}")
        host = self.hosts.get(server, "127.0.0.1")
        environment = dict(os.environ, OMAPI_HOST=host, OMAPI_PORT=self.ports[server])
        environment.pop("OMAPI_KEY", None)
        if key:
            environment["OMAPI_KEY"] = f"bench:hmac-sha256:{SECRET}"
        done = subprocess.run(
            self.inside(command),
            cwd=self.dir,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command}: {done.stderr[-2000:]}")
        return done

    def run(self, server, *command, **more):
        """What the command printed."""
        return self.output(server, *command, **more).stdout

    def seconds(self, server, *command, **more):
        """The first number that a client prints."""
        return float(self.run(server, *command, **more).split()[0])

    def client(self, *arguments):
        return [self.path("client"), *map(str, arguments)]

    def raw(self, *arguments):
        return [self.path("raw"), *map(str, arguments)]

    def raw_kea(self, *arguments):
        return [self.path("raw_kea"), *map(str, arguments)]
