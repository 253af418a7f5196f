//! A real Kea on loopback: no privileges, no namespace, nothing of it outside
//! its folder.

pub mod agent;
pub mod fake;
mod found;

pub use found::{Program, expected, missing, programs};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A running Kea; ended when dropped.
pub struct Kea {
    /// What was started.
    pub program: Program,
    /// Everything that it reads and writes.
    pub folder: PathBuf,
    /// For TCP, instead of `@PORT@` in the set-up.
    pub port: u16,
    /// It has commands for hosts, and groups.
    pub has_host_cmds: bool,
    /// Where it listens for DHCP, and its only client: a relay.
    dhcp: (u16, UdpSocket),
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
    /// Without the commands for hosts and groups that 3.0 has: changed by new
    /// configurations then.
    pub plain: bool,
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

impl Setup<'_> {
    /// [`Default`], for constants.
    pub const USUAL: Self = Self {
        more: "",
        dhcp: false,
        plain: false,
        hooks: "",
        sockets: "",
        reservations: "",
        subnet: None,
    };
}

/// What `server.conf` has, for Kea.
const CLASSES: &str = r#""ip-reservations-unique": false,
  "client-classes": [ { "name": "omapi-group-gstatic", "option-data": [ { "name": "domain-name", "data": "g.example" } ] } ],"#;
const RESERVATIONS: &str = r#"
  { "hw-address": "00:11:22:33:44:55", "ip-address": "10.0.200.5", "client-classes": [ "omapi-group-gstatic" ],
    "user-context": { "omapi": { "name": "static1" } } },
  { "hw-address": "00:11:22:33:44:66", "ip-address": "10.0.200.6",
    "user-context": { "omapi": { "name": "static2", "twin": { "client-id": "61:62:63" } } } },
  { "client-id": "61:62:63", "ip-address": "10.0.200.6",
    "user-context": { "omapi": { "name": "static2", "twin": { "hw-address": "00:11:22:33:44:66" } } } }"#;

/// A Kea with what `server.conf` and `server.leases` have.
pub fn as_dhcpd() -> Setup<'static> {
    Setup {
        more: CLASSES,
        reservations: RESERVATIONS,
        subnet: Some((
            "10.0.0.0/16",
            "10.0.0.10 - 10.0.0.40",
            include_str!("../../../c-tests/kea-leases.csv"),
        )),
        ..Setup::default()
    }
}

/// Seconds since 1970.
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
        let n = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("dhcpctl-kea-{}-{n}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        let d = folder.display();
        let hooks: Vec<String> = ["lease_cmds", "stat_cmds", "host_cmds", "class_cmds"]
            .iter()
            .filter(|h| !setup.plain || !["host_cmds", "class_cmds"].contains(h))
            .map(|h| program.hook(h))
            .filter(|path| path.exists())
            .map(|path| format!("{{ \"library\": \"{}\" }}", path.display()))
            .collect();
        let mut socket = format!(r#"{{ "socket-type": "unix", "socket-name": "{d}/ctrl.sock" }}"#);
        socket = match setup.sockets {
            "" => format!(r#""control-socket": {socket}"#),
            more => format!(r#""control-sockets": [ {socket} {more} ]"#),
        };
        let interfaces = if setup.dhcp {
            r#""interfaces": [ "lo" ], "dhcp-socket-type": "udp""#
        } else {
            r#""interfaces": [ ]"#
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
            .replace("@HOOKS@", &program.hooks().display().to_string())
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
        let dhcp = dhcp_ports();
        let child = Self::spawn(program, &folder, &dhcp);
        let kea = Self {
            program: program.clone(),
            folder,
            port: tcp,
            has_host_cmds: program.has_host_cmds() && !setup.plain,
            dhcp,
            child,
        };
        kea.wait();
        kea
    }

    fn spawn(program: &Program, folder: &Path, (port, client): &(u16, UdpSocket)) -> Child {
        let client = client.local_addr().unwrap().port();
        let mut command = Command::new(&program.command()[0]);
        command.args(&program.command()[1..]);
        command.args(["-p", &port.to_string(), "-P", &client.to_string()]);
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

    /// What it has said since it was started last.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its control socket.
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

    /// A command past the library, which has to be answered.
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

    /// All its leases, as it tells them.
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
            self.child = Self::spawn(&self.program, &self.folder, &self.dhcp);
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

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A DISCOVER of a client; the offered address and the options, or nothing.
    pub fn discover(&self, hardware: [u8; 6], wanted: &[u8]) -> Option<Offer> {
        let (port, socket) = &self.dhcp;
        // What came too late for the exchange before.
        socket.set_nonblocking(true).unwrap();
        while socket.recv(&mut [0; 1]).is_ok() {}
        socket.set_nonblocking(false).unwrap();
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
        socket.send_to(&packet, ("127.0.0.1", *port)).unwrap();
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
    /// In network byte order.
    pub address: [u8; 4],
    /// The boot file of the fixed part.
    pub file: String,
    /// Codes and values.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Offer {
    /// The value of that option.
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

/// For DHCP, below those that the system gives to anybody: a free port for the
/// server, and the client's socket beside it.
fn dhcp_ports() -> (u16, UdpSocket) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(38);
    loop {
        let n = first.wrapping_add(NEXT.fetch_add(2, Ordering::Relaxed));
        let port = 10_000 + (n % 22_000) as u16;
        let bind = |p| UdpSocket::bind(("127.0.0.1", p));
        if let (Ok(_), Ok(client)) = (bind(port), bind(port + 1)) {
            return (port, client);
        }
    }
}

/// One that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
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
