//! C programs: our libraries in a folder of its own, compilers, running with a
//! time limit.

use crate::testd::Address;
use crate::{Tap, root, scratch, tally, wait_at_most};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

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

/// Which of our two libraries a program is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// libdhcpctl.so
    Shared,
    /// libdhcpctl.a
    Static,
}

/// How to make a program.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// What to start.
    pub compiler: &'static str,
    /// For `-std=`; C++ compiles the same sources as C++.
    pub standard: &'static str,
    /// The library to link.
    pub linkage: Linkage,
}

impl Build {
    /// The usual one.
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

/// The compiler's words, if it has failed.
type Compiled = Arc<OnceLock<Result<(), String>>>;

/// A folder for one test, with the libraries under the names that programs
/// look for. (cargo leaves them beside the test binary, fresh, but without
/// the link that the soname asks for.) Removed at the end.
pub struct Workshop {
    folder: PathBuf,
    /// What was compiled here, by its binary.
    compiled: Mutex<HashMap<PathBuf, Compiled>>,
    keep: AtomicBool,
}

impl Default for Workshop {
    fn default() -> Self {
        Self::new()
    }
}

impl Workshop {
    /// Fails where the libraries were not built beside this test.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let all = scratch();
        remove_old(&all);
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
        Self {
            folder,
            compiled: Mutex::default(),
            keep: AtomicBool::new(false),
        }
    }

    /// Leaves what is in the folder for inspection.
    pub fn keep(&self) {
        self.keep.store(true, Ordering::Relaxed);
    }

    /// Where everything is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Compiles a program of the workspace, once for each way to do it; an error
    /// is the compiler's words.
    pub fn compile(&self, source: &str, build: Build) -> Result<Program, String> {
        let source = root().join(source);
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        let parent = source.parent().and_then(Path::file_name);
        let parent = parent.unwrap_or_default().to_string_lossy();
        let file = format!("{parent}-{name}-{}", build.label());
        let binary = self.folder.join(file);
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let once = Arc::clone(compiled.entry(binary.clone()).or_default());
        drop(compiled);
        once.get_or_init(|| {
            let mut cc = compiler(&source, build);
            cc.args(["-x", "none", "-o"]).arg(&binary);
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
            finish(cc, &source, build)
        })
        .clone()?;
        Ok(Program {
            name: format!("{name} {}", build.label()),
            binary,
            library: match build.linkage {
                Linkage::Shared => Some(self.folder.join("libdhcpctl.so.0")),
                Linkage::Static => None,
            },
        })
    }

    /// Compiles one without linking it.
    pub fn compile_only(&self, source: &str, build: Build) -> Result<(), String> {
        let source = root().join(source);
        let mut cc = compiler(&source, build);
        cc.args(["-c", "-o", "/dev/null"]);
        finish(cc, &source, build)
    }
}

/// A compiler with its warnings, our headers, and the source.
fn compiler(source: &Path, build: Build) -> Command {
    let mut cc = Command::new(build.compiler);
    if build.standard.starts_with("c++") {
        cc.args(["-x", "c++"]);
    }
    cc.arg(format!("-std={}", build.standard))
        .args(["-g", "-O1", "-Wall", "-Wextra", "-Werror"])
        .arg("-I")
        .arg(root().join("include"));
    if source.file_stem().is_some_and(|n| n == "manpage") {
        // Its text is not ours to improve.
        cc.args(["-Wno-unused-parameter", "-include"])
            .arg(root().join("c-tests/manpage.h"));
    }
    cc.arg(source);
    cc
}

fn finish(mut cc: Command, source: &Path, build: Build) -> Result<(), String> {
    let output = cc
        .output()
        .map_err(|e| format!("{}: {e}", build.compiler))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{} does not compile as {}:\n{}",
        source.display(),
        build.label(),
        String::from_utf8_lossy(&output.stderr)
    ))
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What the programs printed is wanted when a test failed.
        if !std::thread::panicking() && !self.keep.load(Ordering::Relaxed) {
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
#[derive(Clone)]
pub struct Program {
    /// With how it was built, for counts and messages.
    pub name: String,
    binary: PathBuf,
    library: Option<PathBuf>,
}

/// How to run one.
#[derive(Default)]
pub struct Run {
    /// In front of the program: `ip netns exec NAME`, `valgrind ...`.
    pub prefix: Vec<OsString>,
    /// Names and values.
    pub env: Vec<(String, String)>,
    /// What the program gets.
    pub args: Vec<String>,
    /// Appended to the program's name in the tally.
    pub note: String,
    /// Watched by something that makes it slow: it has four times its time.
    pub slow: bool,
}

impl Run {
    /// With one more variable.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With more arguments.
    pub fn args<S: AsRef<str>>(mut self, args: &[S]) -> Self {
        self.args.extend(args.iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// With this note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// With the server's address and key, as the programs want them.
    pub fn against(server: &impl Address) -> Self {
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
    /// Both outputs, as they came.
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
        let mut limit = LIMIT;
        if how.slow {
            command.env("TAP_SLOW", "1");
            limit *= 4;
        }
        command.envs(how.env.iter().map(|(k, v)| (k, v)));
        let child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", line[0].to_string_lossy()));
        let ending = wait_at_most(child, limit);
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
