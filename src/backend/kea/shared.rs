//! What all requests of a connection know: the server, what it can do, the
//! configuration read last.

use super::config::Config;
use super::handles::HostKey;
use super::job::Kea;
use super::json::{self, Value};
use super::lease_walk::Page;
use super::target::{Options, Target};
use super::{Answer, Failure};
use omapi::status::Status;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// See the module.
#[derive(Debug)]
pub struct Shared {
    /// The server.
    pub target: Target,
    /// Its name in the table of handles.
    key: String,
    /// What it can do; set when the connection is made.
    capabilities: OnceLock<Capabilities>,
    /// The configuration read last.
    pub config: Mutex<Option<Arc<Config>>>,
    /// Leases read ahead while a program walks through all of them.
    pub page: Mutex<Option<Page>>,
    /// All hosts, for the same.
    pub hosts: Mutex<Option<Arc<Vec<HostKey>>>>,
    /// A fixed time, for tests.
    pub clock: Option<u64>,
}

impl Shared {
    /// Before anything is known.
    #[must_use]
    pub fn new(target: Target) -> Arc<Self> {
        Arc::new(Self {
            key: target.key(),
            target,
            capabilities: OnceLock::new(),
            config: Mutex::default(),
            page: Mutex::default(),
            hosts: Mutex::default(),
            clock: None,
        })
    }

    /// The server's name in the table of handles.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is allowed at the server.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.target.options
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_secs())
        })
    }

    /// What the server can do; nothing before the probe.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        static NONE: Capabilities = Capabilities {
            commands: BTreeSet::new(),
            version: (0, 0),
        };
        self.capabilities.get().unwrap_or(&NONE)
    }

    /// True if the server has the command.
    #[must_use]
    pub fn can(&self, command: &str) -> bool {
        self.capabilities().commands.contains(command)
    }

    /// `ISC_R_NOTIMPLEMENTED` unless the server has the command.
    ///
    /// # Errors
    /// See above.
    pub fn must(&self, command: &str) -> Result<(), Failure> {
        match self.can(command) {
            true => Ok(()),
            false => Err(Failure::because(
                Status::NOT_IMPLEMENTED,
                &match hook(command) {
                    Some(hook) => format!("this Kea has no {command}: load {hook}"),
                    None => format!("this Kea has no {command}"),
                },
            )),
        }
    }

    /// Forgets what was read from the server.
    pub fn forget(&self) {
        *self.config.lock() = None;
        *self.page.lock() = None;
        *self.hosts.lock() = None;
    }

    /// Sets what the server can do, once.
    pub fn set_capabilities(&self, capabilities: Capabilities) {
        let _ = self.capabilities.set(capabilities);
    }
}

/// What a server can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Its commands.
    pub commands: BTreeSet<String>,
    /// Major and minor version.
    pub version: (u32, u32),
}

/// Finds out what the server can do: the first job of a connection.
pub async fn probe(kea: Kea) -> Vec<Answer> {
    let result: Result<Answer, Failure> = async {
        let commands = kea.ask("list-commands").await?.ok()?.into_arguments();
        let commands = commands.as_array().ok_or(Status::PROTOCOL_ERROR)?;
        let version = kea.ask("version-get").await?.ok()?;
        let version = json::string(&version.whole, "text").map_or((0, 0), version_of);
        kea.shared.set_capabilities(Capabilities {
            commands: commands
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            version,
        });
        Ok(Answer::Status(Status::SUCCESS, None))
    }
    .await;
    vec![result.into()]
}

fn version_of(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// The hook library that has a command.
fn hook(command: &str) -> Option<&'static str> {
    [
        ("lease4-", "libdhcp_lease_cmds.so"),
        ("reservation-", "libdhcp_host_cmds.so"),
        ("class-", "libdhcp_class_cmds.so"),
        ("ha-", "libdhcp_ha.so"),
    ]
    .into_iter()
    .find_map(|(start, library)| command.starts_with(start).then_some(library))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_commands_name_their_library() {
        let target = Target::parse("kea:/s").unwrap().unwrap();
        let shared = Shared::new(target);
        shared.set_capabilities(Capabilities {
            commands: ["lease4-get".to_owned()].into(),
            version: (2, 2),
        });
        assert!(shared.must("lease4-get").is_ok());
        for (command, why) in [
            (
                "lease4-del",
                "this Kea has no lease4-del: load libdhcp_lease_cmds.so",
            ),
            ("config-write", "this Kea has no config-write"),
        ] {
            let failure = shared.must(command).err().unwrap();
            let Failure::Status(Status::NOT_IMPLEMENTED, Some(said)) = failure else {
                panic!("{command}");
            };
            assert_eq!(&said[..], why.as_bytes());
        }
    }
}
