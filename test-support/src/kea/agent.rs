//! The control agent of a Kea server.

use super::{Kea, free_port, launch};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A real kea-ctrl-agent in front of a Kea server; ended when dropped.
pub struct CtrlAgent {
    command: Vec<PathBuf>,
    folder: PathBuf,
    /// Where it listens, on 127.0.0.1.
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

    /// Ends it and starts it again on the same port.
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
