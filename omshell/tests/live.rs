//! Every script through the original and through ours, each against a fresh
//! dhcpd of its own. Needs root, dhcpd, ip, and ISC's omshell; what is missing
//! is named and the comparison left out, unless DHCPCTL_REQUIRE_LIVE is 1.
//!
//! With OMSHELL_RECORD=1 the outputs become the recorded ones of `golden.rs`.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::*;

const ORIGINAL: &str = "/usr/bin/omshell";
/// The original hangs on some scripts.
const LIMIT: Duration = Duration::from_secs(8);

fn ip(arguments: &str) -> bool {
    Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .is_ok_and(|o| o.status.success())
}

/// A network of our own: dhcpd refuses to serve loopback alone.
struct Network(String);

impl Network {
    fn new(tag: &str) -> Option<Self> {
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
    fn command(&self, program: &str) -> Command {
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
struct Dhcpd {
    child: Child,
    directory: PathBuf,
}

impl Dhcpd {
    fn start(network: &Network, server: &Server) -> Self {
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

/// One session with a fresh server.
fn session(network: &Network, script: &Script, program: &str, merged: bool) -> Output {
    let _server = script.server.as_ref().map(|s| Dhcpd::start(network, s));
    let mut command = match merged {
        false => network.command(program),
        true => {
            let mut shell = network.command("/bin/sh");
            shell.args(["-c", "exec \"$0\" 2>&1", program]);
            shell
        }
    };
    run(&mut command, &script.text, LIMIT)
}

fn missing() -> Option<&'static str> {
    let runs = |program: &str| Command::new(program).arg("-h").output().is_ok();
    if !runs("ip") {
        return Some("no ip");
    }
    if !runs("dhcpd") {
        return Some("no dhcpd");
    }
    // Ours answers --version; the original does not know it.
    match Command::new(ORIGINAL).arg("--version").output() {
        Ok(o) if !o.status.success() => {}
        _ => return Some("/usr/bin/omshell is not ISC's"),
    }
    None
}

/// Says what was left out, and adds the counts to those of all tests.
fn tally(passed: usize, failed: usize, skipped: usize, why: &str) {
    let mut text = format!("omshell-scripts\t{passed}\t{failed}\t{skipped}\n");
    if skipped > 0 {
        let left_out = format!("left out: omshell-scripts ({why})");
        // Not println!: it is not shown for a test that passes.
        let _ = writeln!(std::io::stderr(), "{left_out}");
        text.push_str(&format!("# {left_out}\n"));
    }
    let Some(path) = std::env::var_os("DHCPCTL_TALLY") else {
        return;
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn original_and_ours_print_the_same() {
    let scripts = scripts();
    let networks = match missing() {
        None => Network::new("a")
            .zip(Network::new("b"))
            .ok_or("no network namespaces"),
        Some(what) => Err(what),
    };
    let (one, other) = match networks {
        Ok(networks) => networks,
        Err(what) => {
            tally(0, 0, scripts.len(), what);
            let required = std::env::var("DHCPCTL_REQUIRE_LIVE").is_ok_and(|v| v == "1");
            assert!(!required, "{what}");
            return;
        }
    };
    let record_them = std::env::var("OMSHELL_RECORD").is_ok_and(|v| v == "1");
    let differences = Differences::load();
    let program = env!("CARGO_BIN_EXE_omshell");
    let mut failures = Vec::new();
    for script in &scripts {
        let both = |merged| {
            std::thread::scope(|scope| {
                let original = scope.spawn(|| session(&one, script, ORIGINAL, merged));
                let ours = session(&other, script, program, merged);
                (original.join().unwrap(), ours)
            })
        };
        let (original, ours) = both(false);
        if record_them {
            record("golden", &script.name, &original);
            if differences.of(&script.name).is_some() {
                record("expected", &script.name, &ours);
            }
        }
        let mut result = compare(script, &original, &ours, &differences);
        if result.is_ok() && differences.of(&script.name).is_none() && !original.err.is_empty() {
            // The order of both outputs in one pipe, as tools read it.
            let (original, ours) = both(true);
            result = compare(script, &original, &ours, &differences)
                .map_err(|e| format!("both outputs merged: {e}"));
        }
        failures.extend(result.err());
    }
    tally(scripts.len() - failures.len(), failures.len(), 0, "");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
