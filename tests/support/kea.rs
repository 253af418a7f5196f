//! A real Kea on loopback: no privileges, no namespace, nothing of it outside
//! its folder.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A Kea that is installed or unpacked here.
#[derive(Clone, Debug)]
pub struct Program {
    /// "2.2", "3.0" ...
    pub label: String,
    command: Vec<PathBuf>,
    hooks: PathBuf,
}

const HOOKS: &str = "usr/lib/x86_64-linux-gnu/kea/hooks";

/// The Keas here: the system's; those in folders that `unpack-kea.sh` made,
/// named by DHCPCTL_KEA=FOLDER[:FOLDER...]; and those that `ci/kea` keeps: 3.0,
/// and with DHCPCTL_SLOW=1 2.6.
pub fn programs() -> &'static [Program] {
    static FOUND: OnceLock<Vec<Program>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut commands = Vec::new();
        if Path::new("/usr/sbin/kea-dhcp4").exists() {
            commands.push(vec![PathBuf::from("/usr/sbin/kea-dhcp4")]);
        }
        let named = std::env::var_os("DHCPCTL_KEA").unwrap_or_default();
        let kept = wanted().map(|version| cache().join(format!("kea-{version}")));
        let folders = std::env::split_paths(&named).chain(kept);
        let folders = folders.filter(|f| f.join("run").exists());
        commands.extend(folders.map(|f| vec![f.join("run"), "kea-dhcp4".into()]));
        let mut found: Vec<Program> = Vec::new();
        for command in commands {
            let program = Program::of(command);
            if found.iter().all(|p| p.label != program.label) {
                found.push(program);
            }
        }
        found
    })
}

/// What should be here and is not, with the way to get it.
pub fn missing() -> Option<String> {
    if programs().is_empty() {
        return Some("kea-dhcp4 is not installed".into());
    }
    let there = |v: &&str| programs().iter().any(|p| p.label == *v);
    let missing: Vec<&str> = wanted().filter(|v| !there(v)).collect();
    let list = missing.join(" ");
    (!missing.is_empty()).then(|| format!("no Kea {list}; get it with `ci/kea {list}`"))
}

fn wanted() -> impl Iterator<Item = &'static str> {
    let slow = std::env::var_os("DHCPCTL_SLOW").is_some_and(|v| v == "1");
    slow.then_some("2.6").into_iter().chain(["3.0"])
}

/// As in `ci/kea`.
fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty());
    match (variable("DHCPCTL_CACHE"), variable("XDG_CACHE_HOME")) {
        (Some(folder), _) => folder.into(),
        (None, Some(all)) => Path::new(&all).join("dhcpctl"),
        (None, None) => Path::new(env!("CARGO_TARGET_TMPDIR")).join("../cache"),
    }
}

impl Program {
    fn of(command: Vec<PathBuf>) -> Self {
        let version = Command::new(&command[0])
            .args(&command[1..])
            .arg("-v")
            .output()
            .expect("Kea says its version");
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let label: Vec<&str> = version.trim().split('.').take(2).collect();
        let root = command[0].parent().filter(|_| command.len() > 1);
        Self {
            label: label.join("."),
            hooks: root.unwrap_or(Path::new("/")).join(HOOKS),
            command,
        }
    }

    /// The one that the system has, not an unpacked one.
    pub fn is_systems(&self) -> bool {
        self.command.len() == 1
    }

    /// Whether it has commands for hosts.
    pub fn has_host_cmds(&self) -> bool {
        self.hook("host_cmds").exists()
    }

    /// The file of a hook library.
    pub fn hook(&self, name: &str) -> PathBuf {
        self.hooks.join(format!("libdhcp_{name}.so"))
    }

    /// Another program of the same Kea, where it is installed.
    pub fn sibling(&self, name: &str) -> Option<Vec<PathBuf>> {
        let mut command = self.command.clone();
        match command.pop()?.parent() {
            Some(folder) if command.is_empty() => command.push(folder.join(name)),
            _ => command.push(name.into()),
        }
        let file = match &command[..] {
            [run, _] => run.with_file_name("usr/sbin").join(name),
            _ => command[0].clone(),
        };
        file.exists().then_some(command)
    }
}

/// A running Kea; ended when dropped.
pub struct Kea {
    pub program: Program,
    pub folder: PathBuf,
    /// For TCP, instead of `@PORT@` in the set-up.
    pub port: u16,
    ports: (u16, u16),
    child: Child,
}

/// What differs from one test's Kea to the next. `@HOOKS@` is the folder of
/// the hook libraries, `@PORT@` a free TCP port.
#[derive(Clone, Copy, Default)]
pub struct Setup<'s> {
    /// More of `Dhcp4`, with a comma behind.
    pub more: &'s str,
    /// Serve DHCP on loopback.
    pub dhcp: bool,
    /// More hook libraries, each with a comma in front.
    pub hooks: &'s str,
    /// More control sockets (3.0), each with a comma in front.
    pub sockets: &'s str,
    /// Reservations to start with.
    pub reservations: &'s str,
    /// Prefix and pool of the subnet, and the lease file, when they are to be
    /// others.
    pub subnet: Option<(&'s str, &'s str, &'s str)>,
}

pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

impl Kea {
    /// Starts one with four leases: 10.77.0.20 to .23.
    pub fn start(program: &Program, setup: Setup<'_>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        static PORT: AtomicU16 = AtomicU16::new(0);
        let n = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("dhcpctl-kea-{}-{n}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        let first = 20000 + (std::process::id() % 9000) as u16 * 4;
        let port = first + PORT.fetch_add(2, Ordering::Relaxed);
        let d = folder.display();
        let hooks: Vec<String> = ["lease_cmds", "stat_cmds", "host_cmds", "class_cmds"]
            .iter()
            .map(|h| program.hook(h))
            .filter(|path| path.exists())
            .map(|path| format!("{{ \"library\": \"{}\" }}", path.display()))
            .collect();
        let mut socket = format!(r#"{{ "socket-type": "unix", "socket-name": "{d}/ctrl.sock" }}"#);
        socket = match setup.sockets {
            "" => format!(r#""control-socket": {socket}"#),
            more => format!(r#""control-sockets": [ {socket} {more} ]"#),
        };
        let interfaces = match setup.dhcp {
            true => r#""interfaces": [ "lo" ], "dhcp-socket-type": "udp""#,
            false => r#""interfaces": [ ]"#,
        };
        let (prefix, pool, leases) =
            setup
                .subnet
                .unwrap_or(("10.77.0.0/16", "10.77.0.10 - 10.77.9.250", ""));
        let config = format!(
            r#"{{ "Dhcp4": {{ {more}
  "interfaces-config": {{ {interfaces} }},
  {socket},
  "lease-database": {{ "type": "memfile", "persist": true, "name": "{d}/leases4.csv", "lfc-interval": 0 }},
  "expired-leases-processing": {{ "reclaim-timer-wait-time": 0, "hold-reclaimed-time": 3600 }},
  "valid-lifetime": 3600,
  "hooks-libraries": [ {hooks} {more_hooks} ],
  "subnet4": [ {{ "id": 1, "subnet": "{prefix}", "relay": {{ "ip-addresses": [ "127.0.0.1" ] }},
    "pools": [ {{ "pool": "{pool}" }} ], "reservations": [ {reservations} ] }} ],
  "loggers": [ {{ "name": "kea-dhcp4", "severity": "WARN", "output_options": [ {{ "output": "stdout" }} ] }} ]
}} }}
"#,
            more = setup.more,
            hooks = hooks.join(", "),
            more_hooks = setup.hooks,
            reservations = setup.reservations,
        );
        let tcp = free_port();
        let config = config
            .replace("@HOOKS@", &program.hooks.display().to_string())
            .replace("@PORT@", &tcp.to_string());
        fs::write(folder.join("kea.json"), config).unwrap();
        let end = now() + 3000;
        let past = now() - 3000;
        let usual = format!(
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n\
             10.77.0.20,1a:1b:1c:1d:1e:1f,,3600,{end},1,0,0,,0,\n\
             10.77.0.21,02:00:00:00:00:21,01:02:00:00:00:00:21,3600,{end},1,0,0,host21.example.com,0,\n\
             10.77.0.22,,,86400,{end},1,0,0,,1,\n\
             10.77.0.23,02:00:00:00:00:23,,3600,{past},1,0,0,,2,\n"
        );
        let leases = if leases.is_empty() { &usual } else { leases };
        fs::write(folder.join("leases4.csv"), leases).unwrap();
        let ports = (port, port + 1);
        let child = Self::spawn(program, &folder, ports);
        let kea = Self {
            program: program.clone(),
            folder,
            port: tcp,
            ports,
            child,
        };
        kea.wait();
        kea
    }

    fn spawn(program: &Program, folder: &Path, ports: (u16, u16)) -> Child {
        let mut command = Command::new(&program.command[0]);
        command.args(&program.command[1..]);
        command.args(["-p", &ports.0.to_string(), "-P", &ports.1.to_string()]);
        launch(command, folder, "kea.json", "log")
    }

    fn wait(&self) {
        let limit = Instant::now() + Duration::from_secs(20);
        while self
            .try_command(r#"{"command":"status-get"}"#)
            .is_none_or(|a| !a.contains("\"result\": 0"))
        {
            assert!(
                Instant::now() < limit,
                "Kea does not answer:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join("ctrl.sock")
    }

    /// The server name to connect to.
    pub fn name(&self) -> String {
        format!("kea:{}", self.socket().display())
    }

    /// A command past the library; `None` without an answer.
    pub fn try_command(&self, command: &str) -> Option<String> {
        raw_command(&self.socket(), command.as_bytes())
            .ok()
            .and_then(|a| String::from_utf8(a).ok())
    }

    pub fn command(&self, command: &str) -> String {
        self.try_command(command).expect("an answer")
    }

    /// The configuration without what Kea itself changes.
    pub fn config(&self) -> String {
        self.command(r#"{"command":"config-get"}"#)
    }

    /// The file that config-write writes.
    pub fn file(&self) -> String {
        fs::read_to_string(self.folder.join("kea.json")).unwrap()
    }

    pub fn leases(&self) -> String {
        self.command(r#"{"command":"lease4-get-all"}"#)
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again with what its files have.
    pub fn restart(&mut self) {
        self.kill();
        for left in ["ctrl.sock", "ctrl.sock.lock", "kea.kea-dhcp4.pid"] {
            let _ = fs::remove_file(self.folder.join(left));
        }
        // Kea 2.6 does not start while a clean-up of the lease file, which
        // outlives a kill -9, is still at work.
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            self.child = Self::spawn(&self.program, &self.folder, self.ports);
            std::thread::sleep(Duration::from_millis(50));
            while self.try_command(r#"{"command":"status-get"}"#).is_none()
                && matches!(self.child.try_wait(), Ok(None))
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            if matches!(self.child.try_wait(), Ok(None)) || Instant::now() > limit {
                break;
            }
        }
        self.wait();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A DISCOVER of a client; the offered address and the options, or nothing.
    pub fn discover(&self, hardware: [u8; 6], wanted: &[u8]) -> Option<Offer> {
        let socket = UdpSocket::bind(("127.0.0.1", self.ports.1)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(700)))
            .unwrap();
        let mut packet = vec![1, 1, 6, 1, 0x12, 0x34, 0x56, hardware[5], 0, 0, 0, 0];
        packet.resize(24, 0);
        packet.extend([127, 0, 0, 1]); // giaddr
        packet.extend(hardware);
        packet.resize(236, 0);
        packet.extend([99, 130, 83, 99, 53, 1, 1]);
        if !wanted.is_empty() {
            packet.extend([55, wanted.len() as u8]);
            packet.extend(wanted);
        }
        packet.push(255);
        socket
            .send_to(&packet, ("127.0.0.1", self.ports.0))
            .unwrap();
        let mut answer = [0; 1500];
        let n = socket.recv(&mut answer).ok()?;
        let text = |range: std::ops::Range<usize>| {
            let bytes = &answer[range];
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        let mut options = Vec::new();
        let mut rest = &answer[240..n];
        while let [code, more @ ..] = rest {
            match (code, more) {
                (255, _) => break,
                (0, _) => rest = more,
                (code, [len, more @ ..]) => {
                    let (value, more) = more.split_at((*len as usize).min(more.len()));
                    options.push((*code, value.to_vec()));
                    rest = more;
                }
                _ => break,
            }
        }
        Some(Offer {
            address: [answer[16], answer[17], answer[18], answer[19]],
            file: text(108..236),
            options,
        })
    }
}

/// What a client was offered.
#[derive(Debug)]
pub struct Offer {
    pub address: [u8; 4],
    pub file: String,
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Offer {
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options
            .iter()
            .find(|(c, _)| *c == code)
            .map(|(_, v)| &v[..])
    }
}

impl Drop for Kea {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a program of Kea that keeps to this folder.
fn launch(mut command: Command, folder: &Path, config: &str, log: &str) -> Child {
    command.arg("-c").arg(folder.join(config));
    for name in [
        "KEA_PIDFILE_DIR",
        "KEA_LOCKFILE_DIR",
        "KEA_CONTROL_SOCKET_DIR",
        "KEA_DHCP_DATA_DIR",
        "KEA_LOG_FILE_DIR",
    ] {
        command.env(name, folder);
    }
    let log = fs::File::create(folder.join(log)).unwrap();
    let errors = log.try_clone().unwrap();
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().expect("Kea starts")
}

/// One that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A real kea-ctrl-agent in front of a Kea; ended when dropped.
pub struct CtrlAgent {
    command: Vec<PathBuf>,
    folder: PathBuf,
    pub port: u16,
    child: Child,
}

impl CtrlAgent {
    /// With the user `admin` and the password `pw`. `None` where it is not
    /// installed.
    pub fn start(kea: &Kea) -> Option<Self> {
        let command = kea.program.sibling("kea-ctrl-agent")?;
        let port = free_port();
        let config = format!(
            r#"{{ "Control-agent": {{ "http-host": "127.0.0.1", "http-port": {port},
  "authentication": {{ "type": "basic", "realm": "kea-control-agent",
    "clients": [ {{ "user": "admin", "password": "pw" }} ] }},
  "control-sockets": {{ "dhcp4": {{ "socket-type": "unix", "socket-name": "{}" }} }},
  "loggers": [ {{ "name": "kea-ctrl-agent", "severity": "WARN", "output_options": [ {{ "output": "stdout" }} ] }} ] }} }}
"#,
            kea.socket().display()
        );
        fs::write(kea.folder.join("agent.json"), config).unwrap();
        let child = Self::spawn(&command, &kea.folder);
        let agent = Self {
            command,
            folder: kea.folder.clone(),
            port,
            child,
        };
        agent.wait();
        Some(agent)
    }

    fn spawn(line: &[PathBuf], folder: &Path) -> Child {
        let mut command = Command::new(&line[0]);
        command.args(&line[1..]);
        launch(command, folder, "agent.json", "agent.log")
    }

    fn wait(&self) {
        let limit = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || fs::read_to_string(self.folder.join("agent.log")).unwrap_or_default();
            assert!(Instant::now() < limit, "no agent:\n{}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn restart(&mut self) {
        self.kill();
        let _ = fs::remove_file(self.folder.join("agent.kea-ctrl-agent.pid"));
        self.child = Self::spawn(&self.command, &self.folder);
        self.wait();
    }
}

impl Drop for CtrlAgent {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a command over a UNIX socket, and takes everything up to the end.
pub fn raw_command(socket: &Path, command: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(command)?;
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
