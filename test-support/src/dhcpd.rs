//! A real dhcpd in a network namespace of its own.
//!
//! dhcpd wants an interface with a subnet and listens on every address, so it
//! gets a private namespace with a pair of virtual interfaces: nothing of it
//! can be seen outside, and no DHCP client can reach it.

use crate::testd::{Address, KEY_NAME, SECRET, SECRET_BASE64};
use crate::{have, key_for_c, root, wait_at_most};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The port of `c-tests/server.conf`, also what programs use by default.
const PORT: u16 = 7911;

/// What is missing for these tests on this machine.
pub fn missing() -> Option<String> {
    for program in ["dhcpd", "ip"] {
        if !have(program) {
            return Some(format!("{program} is not installed"));
        }
    }
    // Only root may; asking is better than guessing.
    match Namespace::new() {
        Ok(_) => None,
        Err(why) => Some(format!("no network namespace: {why}")),
    }
}

/// A network namespace; removed when dropped.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// With a pair of interfaces, v0 and v1, and 10.0.0.1/16.
    ///
    /// # Errors
    /// What `ip` says; most often, that only root may.
    pub fn new() -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "dhcpctl-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        ip(&["netns", "add", &name])?;
        let made = Self { name };
        let n = made.name.as_str();
        for line in [
            "link set lo up",
            "link add v0 type veth peer name v1",
            "addr add 10.0.0.1/16 dev v0",
            "link set v0 up",
            "link set v1 up",
        ] {
            let mut args = vec!["-n", n];
            args.extend(line.split(' '));
            ip(&args)?;
        }
        Ok(made)
    }

    /// What to put in front of a program to run it inside.
    pub fn prefix(&self) -> Vec<OsString> {
        ["ip", "netns", "exec", &self.name].map(Into::into).to_vec()
    }

    /// A command that runs inside. `ip` becomes the program: its process id
    /// is the program's.
    pub fn command(&self, program: &str) -> Command {
        let prefix = self.prefix();
        let mut command = Command::new(&prefix[0]);
        command.args(&prefix[1..]).arg(program);
        command
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip")
        .args(args)
        .output()
        .map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("ip {}: {}", args.join(" "), words.trim()))
}

/// A running dhcpd; ended when dropped, with its namespace.
pub struct Dhcpd {
    child: Child,
    key: Option<String>,
    folder: PathBuf,
    // Behind the child: fields are dropped in this order, after drop().
    namespace: Arc<Namespace>,
}

impl Dhcpd {
    /// With the leases and the configuration of `c-tests`, and one key if an
    /// algorithm is given. It writes into a folder below `scratch`.
    pub fn start(scratch: &Path, algorithm: Option<&str>) -> Self {
        let namespace = Arc::new(Namespace::new().expect("a network namespace"));
        let c_tests = root().join("c-tests");
        let read = |f| fs::read_to_string(c_tests.join(f)).unwrap_or_else(|e| panic!("{f}: {e}"));
        let mut conf = read("server.conf");
        if let Some(algorithm) = algorithm {
            conf.push_str(&format!(
                "key {KEY_NAME} {{ algorithm {algorithm}; secret {SECRET_BASE64}; }};\n\
                 omapi-key {KEY_NAME};\n"
            ));
        }
        let mut server = Self::with(&namespace, scratch, &conf, &read("server.leases"));
        server.key = algorithm.map(|a| key_for_c(KEY_NAME, a, SECRET));
        server
    }

    /// With these files, in a namespace that it does not end with. It writes
    /// into a folder below `scratch`, which is removed at its end.
    pub fn with(namespace: &Arc<Namespace>, scratch: &Path, conf: &str, leases: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = scratch.join(format!("dhcpd-{}-{number}", namespace.name));
        fs::create_dir_all(&folder).expect("a folder for dhcpd");
        let [conf_file, lease_file, pid, log] =
            ["dhcpd.conf", "dhcpd.leases", "dhcpd.pid", "dhcpd.log"].map(|f| folder.join(f));
        fs::write(&conf_file, conf).expect("dhcpd.conf is written");
        fs::write(&lease_file, leases).expect("dhcpd.leases is written");
        let child = namespace
            .command("dhcpd")
            .args(["-4", "-f", "-d", "-cf"])
            .arg(&conf_file)
            .arg("-lf")
            .arg(&lease_file)
            .arg("-pf")
            .arg(&pid)
            .arg("v0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file for dhcpd's words"))
            .spawn()
            .expect("dhcpd starts");
        let mut server = Self {
            child,
            key: None,
            folder,
            namespace: Arc::clone(namespace),
        };
        server.wait_until_it_listens(&log);
        server
    }

    /// Looks at the namespace's own list of sockets: a connection made only to
    /// see whether it answers would stay in dhcpd's short queue.
    fn wait_until_it_listens(&mut self, log: &Path) {
        let list = format!("/proc/{}/net/tcp", self.child.id());
        let listening = format!(":{PORT:04X} 00000000:0000 0A");
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if fs::read_to_string(&list).is_ok_and(|text| text.contains(&listening)) {
                return;
            }
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let words = fs::read_to_string(log).unwrap_or_default();
        panic!("dhcpd does not listen on port {PORT}:\n{words}");
    }

    /// Where it listens.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The end of what dhcpd has said, for failures.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.join("dhcpd.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Still running? Some requests are known to crash it; ours must not.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Address for Dhcpd {
    fn port(&self) -> u16 {
        PORT
    }
    fn key(&self) -> Option<String> {
        self.key.clone()
    }
    fn prefix(&self) -> Vec<OsString> {
        self.namespace.prefix()
    }
}

impl Drop for Dhcpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// tshark on the loopback of a namespace.
pub struct Capture {
    child: Option<Child>,
    file: PathBuf,
}

impl Capture {
    /// Its files go to `folder`.
    pub fn start(namespace: &Namespace, folder: &Path) -> Self {
        let file = folder.join("capture.pcapng");
        let log = folder.join("tshark.log");
        let child = namespace
            .command("tshark")
            .args(["-q", "-i", "lo", "-f"])
            .arg(format!("tcp port {PORT}"))
            .arg("-w")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a file for tshark's words"))
            .spawn()
            .expect("tshark starts");
        let capture = Self {
            child: Some(child),
            file,
        };
        // It says so when it is ready; the file appears a moment later.
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            let ready = fs::read_to_string(&log).is_ok_and(|t| t.contains("Capturing on"));
            if ready && fs::metadata(&capture.file).is_ok_and(|m| m.len() > 0) {
                std::thread::sleep(Duration::from_millis(300));
                return capture;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "tshark does not capture: {}",
            fs::read_to_string(&log).unwrap_or_default()
        );
    }

    /// Ends the capture as Ctrl-C does, so that the file is complete, and
    /// returns what `tshark -r` prints with these arguments.
    pub fn finish(mut self) -> impl Fn(&[&str]) -> String {
        // The last packets reach the file in batches.
        std::thread::sleep(Duration::from_millis(700));
        if let Some(child) = self.child.take() {
            let pid = child.id().to_string();
            let _ = Command::new("kill").args(["-INT", &pid]).status();
            wait_at_most(child, Duration::from_secs(20));
        }
        let file = self.file.clone();
        move |args| {
            let output = Command::new("tshark")
                .arg("-r")
                .arg(&file)
                .args(args)
                .output()
                .expect("tshark runs");
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
