//! `omapi-testd` of this workspace as a child process.

use crate::{key_for_c, root, scratch};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// What a client has to know of a server.
pub trait Address {
    /// Its TCP port, in host byte order.
    fn port(&self) -> u16;
    /// In the form of `c-tests/client.h`.
    fn key(&self) -> Option<String>;
    /// What to put in front of a program that wants to reach it.
    fn prefix(&self) -> Vec<OsString>;
}

/// A secret for a key of the tests.
pub const SECRET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// The same in base64, as configurations want it.
pub const SECRET_BASE64: &str = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=";
/// Its name.
pub const KEY_NAME: &str = "test_key";

/// A running server; ended when dropped.
pub struct Testd {
    child: Child,
    port: u16,
    key: Option<String>,
}

impl Testd {
    /// With the leases and the configuration of `c-tests`, and one key if an
    /// algorithm is given.
    pub fn start(algorithm: Option<&str>) -> Self {
        let c_tests = root().join("c-tests");
        Self::with(
            &c_tests.join("server.leases"),
            Some(&c_tests.join("server.conf")),
            algorithm,
        )
    }

    /// With a lease file of its own; without a configuration it has the
    /// addresses 10.0.0.10 to 10.0.0.40.
    pub fn with(leases: &Path, config: Option<&Path>, algorithm: Option<&str>) -> Self {
        let mut command = Command::new(binary());
        command
            .args(["--listen", "127.0.0.1:0", "--leases"])
            .arg(leases);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        } else {
            command.args(["--range", "10.0.0.10-10.0.0.40"]);
        }
        let key = algorithm.map(|a| {
            command
                .arg("--key")
                .arg(format!("{KEY_NAME}:{a}:{SECRET_BASE64}"));
            key_for_c(KEY_NAME, a, SECRET)
        });
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("omapi-testd starts");
        let mut line = String::new();
        let mut reader = BufReader::new(child.stdout.take().expect("its output"));
        let read = reader.read_line(&mut line);
        let port = line
            .trim()
            .strip_prefix("listening on ")
            .and_then(|address| address.rsplit_once(':'))
            .and_then(|(_, port)| port.parse().ok());
        // Read on, lest it block on a full pipe.
        std::thread::spawn(move || for _ in reader.lines() {});
        let server = Self {
            child,
            port: port.unwrap_or(0),
            key,
        };
        assert!(
            server.port != 0,
            "omapi-testd said {line:?} ({read:?}) instead of its address"
        );
        server
    }
}

impl Address for Testd {
    fn port(&self) -> u16 {
        self.port
    }
    fn key(&self) -> Option<String> {
        self.key.clone()
    }
    fn prefix(&self) -> Vec<OsString> {
        Vec::new()
    }
}

impl Drop for Testd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `omapi-testd` is. cargo builds the programs of other packages only
/// when asked, so it is asked. Into a folder of its own: built for that package
/// alone, libdhcpctl may have other features of its dependencies, and would
/// take the place of the library under test.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = scratch().join("testd");
        let status = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["build", "--quiet", "-p", "omapi-testd", "--target-dir"])
            .arg(&target)
            .status()
            .expect("cargo runs");
        assert!(status.success(), "omapi-testd does not build");
        target.join("debug/omapi-testd")
    })
}
