//! What the tests that run C programs share: our library in a folder of its
//! own, compilers, running with a time limit, TAP counts.

#![allow(dead_code)] // each test binary uses its part

pub mod dhcpd;
pub mod hostile;
pub mod server;
pub mod table;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The C programs that ask a live server: dhcpd, and each Kea.
pub const LIVE_PROGRAMS: [&str; 20] = [
    "lookup",
    "host",
    "group",
    "wait",
    "callback",
    "connect",
    "process",
    "badinput",
    "lost",
    "auth",
    "threads",
    "chain",
    "messages",
    "io",
    "poll",
    "sharing",
    "reenter",
    "eventloop",
    "fork",
    "cancel",
];

/// What a static library of Rust needs from the system, as
/// `--print native-static-libs` tells it.
const NATIVE_LIBS: [&str; 7] = [
    "-lgcc_s",
    "-lutil",
    "-lrt",
    "-lpthread",
    "-lm",
    "-ldl",
    "-lc",
];

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The key as `c-tests/client.h` wants it.
pub fn key_for_c(name: &str, algorithm: &str, secret: &[u8]) -> String {
    let hex: String = secret.iter().map(|b| format!("{b:02x}")).collect();
    format!("{name}:{algorithm}:{hex}")
}

/// Which of our two libraries a program is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    Shared,
    Static,
}

/// How to make a program.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub compiler: &'static str,
    pub standard: &'static str,
    pub linkage: Linkage,
}

impl Build {
    pub const PLAIN: Self = Self {
        compiler: "cc",
        standard: "c11",
        linkage: Linkage::Shared,
    };

    /// In one word, for names of files and results.
    pub fn label(&self) -> String {
        let library = match self.linkage {
            Linkage::Shared => "so",
            Linkage::Static => "a",
        };
        format!("{}-{}-{library}", self.compiler, self.standard)
    }
}

/// A folder for one test, with the libraries under the names that programs
/// look for. (cargo leaves them beside the test binary, fresh, but without
/// the link that the soname asks for.) Removed at the end.
pub struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_old(all);
        let folder = all.join(format!(
            "c-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        ));
        fs::create_dir_all(&folder).expect("a folder for the test");
        let built = built_libraries();
        for name in ["libdhcpctl.so", "libdhcpctl.a"] {
            let file = built.join(name);
            // Hard links: cargo may build another libdhcpctl.so in its place
            // while the test runs.
            let linked = fs::hard_link(&file, folder.join(name));
            linked
                .or_else(|_| fs::copy(&file, folder.join(name)).map(drop))
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        }
        symlink("libdhcpctl.so", folder.join("libdhcpctl.so.0")).expect("a link");
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Compiles a program of the workspace; an error is the compiler's words.
    pub fn compile(&self, source: &str, build: Build) -> Result<Program, String> {
        let source = root().join(source);
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        let binary = self.folder.join(format!("{name}-{}", build.label()));
        let mut cc = Command::new(build.compiler);
        if build.standard.starts_with("c++") {
            cc.args(["-x", "c++"]);
        }
        cc.arg(format!("-std={}", build.standard))
            .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror"])
            .arg("-I")
            .arg(root().join("include"));
        if name == "manpage" {
            // Its text is not ours to improve.
            cc.args(["-Wno-unused-parameter", "-include"])
                .arg(root().join("c-tests/manpage.h"));
        }
        cc.arg(&source).args(["-x", "none", "-o"]).arg(&binary);
        // By its file name: `-ldhcpctl` could find another library.
        match build.linkage {
            Linkage::Shared => {
                cc.arg(self.folder.join("libdhcpctl.so"));
                cc.arg(format!("-Wl,-rpath,{}", self.folder.display()));
            }
            Linkage::Static => {
                cc.arg(self.folder.join("libdhcpctl.a")).args(NATIVE_LIBS);
            }
        }
        let output = cc
            .output()
            .map_err(|e| format!("{}: {e}", build.compiler))?;
        if !output.status.success() {
            return Err(format!(
                "{} does not compile as {}:\n{}",
                source.display(),
                build.label(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok(Program {
            name: format!("{name} {}", build.label()),
            binary,
            library: match build.linkage {
                Linkage::Shared => Some(self.folder.join("libdhcpctl.so.0")),
                Linkage::Static => None,
            },
        })
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What the programs printed is wanted when a test failed.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Removes what failed tests of earlier runs left for inspection.
fn remove_old(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix("c-").and_then(|n| n.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Where cargo put the libraries: beside this test binary.
fn built_libraries() -> PathBuf {
    let me = std::env::current_exe().expect("the path of this test");
    me.parent().expect("its folder").to_path_buf()
}

/// A compiled C program.
pub struct Program {
    pub name: String,
    binary: PathBuf,
    library: Option<PathBuf>,
}

/// How to run one.
#[derive(Default)]
pub struct Run {
    /// In front of the program: `ip netns exec NAME`, `valgrind ...`.
    pub prefix: Vec<OsString>,
    pub env: Vec<(String, String)>,
    pub args: Vec<String>,
    /// Appended to the program's name in the tally.
    pub note: String,
}

impl Run {
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn args<S: AsRef<str>>(mut self, args: &[S]) -> Self {
        self.args.extend(args.iter().map(|a| a.as_ref().to_owned()));
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// With the server's address and key, as the programs want them.
    pub fn against(server: &impl server::Address) -> Self {
        let mut run = Self::default().env("OMAPI_PORT", server.port().to_string());
        if let Some(key) = server.key() {
            run = run.env("OMAPI_KEY", key);
        }
        run.prefix = server.prefix();
        run
    }
}

/// What a program printed and how it ended.
pub struct Printed {
    pub text: String,
    /// Exit status 0.
    pub success: bool,
    /// How it ended, in words.
    pub ending: String,
}

/// Seconds for one C program. They bound their own time as well.
const LIMIT: Duration = Duration::from_secs(180);

impl Program {
    /// One that was compiled elsewhere; `library` is the one that it has to
    /// find itself running with.
    pub fn at(name: String, binary: PathBuf, library: Option<PathBuf>) -> Self {
        Self {
            name,
            binary,
            library,
        }
    }

    /// Runs it to its end; kills it, and nothing else, after the limit.
    pub fn run(&self, how: &Run) -> Printed {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let log = self
            .binary
            .with_extension(format!("{}.log", NUMBER.fetch_add(1, Ordering::Relaxed)));
        // Into a file, not a pipe: a program's own children could keep a pipe
        // open when the program is gone.
        let out = File::create(&log).expect("a file for the output");
        let err = out.try_clone().expect("a second handle");
        let mut line = how.prefix.clone();
        line.push(self.binary.clone().into());
        let mut command = Command::new(&line[0]);
        command
            .args(&line[1..])
            .args(&how.args)
            .env_remove("LD_LIBRARY_PATH")
            .env_remove("OMAPI_HOST")
            .env_remove("OMAPI_PORT")
            .env_remove("OMAPI_KEY")
            .env_remove("DHCPCTL_LIBRARY")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        if let Some(library) = &self.library {
            command.env("DHCPCTL_LIBRARY", library);
        }
        command.envs(how.env.iter().map(|(k, v)| (k, v)));
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", line[0].to_string_lossy()));
        let ending = wait_at_most(child, LIMIT);
        let text = fs::read(&log).unwrap_or_default();
        Printed {
            text: String::from_utf8_lossy(&text).into_owned(),
            success: ending.as_ref().is_some_and(|e| e.success()),
            ending: ending.map_or("killed after its time was over".into(), |e| e.to_string()),
        }
    }

    /// Runs a TAP program, counts, and gives what is wrong.
    pub fn check(&self, how: &Run) -> Result<Tap, String> {
        let printed = self.run(how);
        let mut tap = Tap::of(&printed.text);
        if tap.failed == 0 && (!printed.success || !tap.complete) {
            // It crashed, or said less than it planned.
            tap.failed = 1;
        }
        let name = format!("{} {}", self.name, how.note);
        tally(name.trim(), &tap);
        if tap.failed == 0 {
            return Ok(tap);
        }
        Err(format!(
            "{name}: {} of {} failed, {}\n{}",
            tap.failed,
            tap.passed + tap.failed,
            printed.ending,
            excerpt(&printed.text)
        ))
    }
}

/// The failures of a TAP text with what is near them; the end of it otherwise.
fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = String::new();
    for (i, line) in lines.iter().enumerate() {
        let explains = line.starts_with('#')
            && lines[..i]
                .iter()
                .rev()
                .find(|l| !l.starts_with('#'))
                .is_some_and(|l| l.starts_with("not ok"));
        if line.starts_with("not ok") || line.starts_with("Bail out") || explains {
            shown.push_str(&format!("    {line}\n"));
        }
    }
    if shown.is_empty() || !text.contains("\n1..") {
        shown.push_str("  it ended with\n");
        for line in &lines[lines.len().saturating_sub(8)..] {
            shown.push_str(&format!("    {line}\n"));
        }
    }
    shown
}

/// Waits for a child of ours; kills it when the time is over.
pub fn wait_at_most(mut child: Child, limit: Duration) -> Option<std::process::ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

/// Counts of one TAP text.
#[derive(Clone, Debug, Default)]
pub struct Tap {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
    /// Its plan was printed and kept.
    pub complete: bool,
    /// What was skipped, and why.
    pub reasons: Vec<String>,
}

impl Tap {
    pub fn of(text: &str) -> Self {
        let mut tap = Self::default();
        let mut plan = None;
        for line in text.lines() {
            if line.starts_with("not ok ") {
                tap.failed += 1;
            } else if line.starts_with("ok ") {
                if let Some((_, reason)) = line.split_once("# SKIP ") {
                    tap.skipped += 1;
                    tap.reasons.push(reason.to_owned());
                } else {
                    tap.passed += 1;
                }
            } else if let Some(count) = line.strip_prefix("1..") {
                plan = count.trim().parse::<u32>().ok();
            }
        }
        tap.complete = plan == Some(tap.passed + tap.failed + tap.skipped);
        tap
    }

    pub fn skipped(reason: &str) -> Self {
        Self {
            skipped: 1,
            reasons: vec![reason.to_owned()],
            ..Self::default()
        }
    }
}

/// Appends `name passed failed skipped` to the file named by DHCPCTL_TALLY, a
/// tab between each, and the reasons of what was skipped.
pub fn tally(name: &str, tap: &Tap) {
    for reason in &tap.reasons {
        // Not println!: it is not shown for a test that passes.
        let _ = writeln!(std::io::stderr(), "left out: {name} ({reason})");
    }
    let Some(path) = std::env::var_os("DHCPCTL_TALLY") else {
        return;
    };
    let mut text = format!("{name}\t{}\t{}\t{}\n", tap.passed, tap.failed, tap.skipped);
    for reason in &tap.reasons {
        text.push_str(&format!("# left out: {name} ({reason})\n"));
    }
    // One write: several tests append to it.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .expect("DHCPCTL_TALLY can be written");
}

/// Says that a test cannot be run here, and counts it as skipped; with
/// DHCPCTL_REQUIRE_LIVE=1 or DHCPCTL_REQUIRE_TOOLS=1 nothing may be missing.
pub fn leave_out(test: &str, reason: &str) {
    let required = ["DHCPCTL_REQUIRE_LIVE", "DHCPCTL_REQUIRE_TOOLS"];
    let required = required.map(std::env::var_os);
    assert!(
        !required.iter().flatten().any(|v| v == "1"),
        "{test}: {reason}"
    );
    tally(test, &Tap::skipped(reason));
}

/// Runs all and panics with everything that is wrong, not only the first.
pub fn all_pass<T>(results: impl IntoIterator<Item = Result<T, String>>) {
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether a program can be started at all.
pub fn have(program: impl AsRef<OsStr>) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program.as_ref()).is_file())
}
