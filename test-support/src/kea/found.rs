//! Which versions of Kea are installed, and where.

use crate::scratch;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A Kea that is installed or unpacked here.
#[derive(Clone, Debug)]
pub struct Program {
    /// "2.2", "3.0" ...
    pub label: String,
    command: Vec<PathBuf>,
    hooks: PathBuf,
}

const HOOKS: &str = "usr/lib/x86_64-linux-gnu/kea/hooks";

/// The versions of Kea that are installed: the system's; those in folders that `unpack-kea.sh` made,
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
        // As it really is: Kea takes no hook library from another path.
        let folders = folders.filter_map(|f| f.canonicalize().ok());
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

/// Labels of what is here and of what should be; without a program, it is
/// missing.
pub fn expected() -> Vec<(String, Option<&'static Program>)> {
    let here = programs().iter().map(|p| (p.label.clone(), Some(p)));
    let mut all: Vec<_> = here.collect();
    for version in wanted() {
        if all.iter().all(|(label, _)| label != version) {
            all.push((version.to_owned(), None));
        }
    }
    all
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
        (None, None) => scratch().join("../cache"),
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

    /// What starts it, without arguments.
    pub fn command(&self) -> &[PathBuf] {
        &self.command
    }

    /// The folder of the hook libraries.
    pub fn hooks(&self) -> &Path {
        &self.hooks
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
