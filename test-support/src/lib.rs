//! What the tests of the workspace share: servers of every kind, C programs
//! compiled against our libraries and run with a time limit, counts.

pub mod c_tests;
mod counts;
pub mod dhcpd;
pub mod kea;
pub mod testd;
mod workshop;

pub use counts::{Row, Tap, leave_out, nothing_may_be_missing, row, row_reason, tally};
pub use workshop::{Build, Linkage, Printed, Program, Run, Workshop};

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// The folder of the workspace.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("a package inside the workspace")
}

/// Where tests put their files: `tmp` in the folder of built things, as cargo
/// gives it to integration tests.
pub fn scratch() -> PathBuf {
    // target/PROFILE/deps/test
    let me = std::env::current_exe().expect("the path of this test");
    let target = me.ancestors().nth(3).expect("its target folder");
    let folder = target.join("tmp");
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    folder
}

/// The key as `c-tests/client.h` wants it.
pub fn key_for_c(name: &str, algorithm: &str, secret: &[u8]) -> String {
    let hex: String = secret.iter().map(|b| format!("{b:02x}")).collect();
    format!("{name}:{algorithm}:{hex}")
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

/// The value of a step that the test cannot go on without.
pub fn must<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|e| panic!("{e}"))
}
