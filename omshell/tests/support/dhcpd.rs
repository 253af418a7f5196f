//! A real dhcpd in a network namespace, with the configuration of a script.

use super::support::{Server, configuration};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

fn ip(arguments: &str) -> bool {
    Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .is_ok_and(|o| o.status.success())
}

/// A network of our own: dhcpd refuses to serve loopback alone.
pub struct Network(String);

impl Network {
    pub fn new(tag: &str) -> Option<Self> {
        let name = format!("omshell-{}-{tag}", std::process::id());
        if !ip(&format!("netns add {name}")) {
            return None;
        }
        let network = Self(name);
        let made = [
            "link set lo up",
            "link add v0 type veth peer name v1",
            "addr add 10.0.0.1/16 dev v0",
            "link set v0 up",
            "link set v1 up",
        ]
        .iter()
        .all(|arguments| ip(&format!("-n {} {arguments}", network.0)));
        made.then_some(network)
    }

    /// A program inside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.0));
    }
}

/// A running dhcpd with fresh files.
pub struct Dhcpd {
    child: Child,
    directory: PathBuf,
}

impl Dhcpd {
    pub fn start(network: &Network, server: &Server) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "dhcpd-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&directory).unwrap();
        let (conf, leases) = configuration(server);
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut child = network
            .command("dhcpd")
            .args(["-4", "-f", "-d", "-cf"])
            .arg(write("conf", &conf))
            .arg("-lf")
            .arg(write("leases", &leases))
            .arg("-pf")
            .arg(directory.join("pid"))
            .arg("v0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        while !text.contains("Server starting service.") {
            let before = text.len();
            log.read_line(&mut text).unwrap();
            assert!(text.len() > before, "dhcpd does not start:\n{text}");
        }
        // It logs as long as it lives.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, directory }
    }
}

impl Drop for Dhcpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
