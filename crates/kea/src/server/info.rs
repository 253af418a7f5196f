//! What all requests of a connection know.

use crate::config::Config;
use crate::model::lease::Page;
use crate::model::{HostKey, Identity, KeaError, Process};
use crate::protocol::commands::hook;
use crate::protocol::{Options, Target};
use omapi::status::Status;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// What all requests of a connection know: the server, what it can do, and what
/// was read from it.
#[derive(Debug)]
pub struct ServerInfo {
    /// The server.
    pub target: Target,
    /// Its name in the table of handles.
    key: String,
    /// What it can do; set when the connection is made.
    capabilities: OnceLock<Capabilities>,
    /// The configuration read last.
    pub(crate) config: Mutex<Option<Arc<Config>>>,
    /// Leases read ahead while a program walks through all of them.
    pub(crate) page: Mutex<Option<Page>>,
    /// All hosts, for the same.
    pub(crate) hosts: Mutex<Option<Arc<Vec<HostKey>>>>,
    process: Arc<Process>,
    process_id: u32,
}

impl ServerInfo {
    /// Before anything is known. `process` is what all connections of the
    /// process have in common; its number makes invented names differ.
    #[must_use]
    pub fn new(target: Target, process: &Arc<Process>, process_id: u32) -> Arc<Self> {
        Arc::new(Self {
            key: target.key(),
            target,
            capabilities: OnceLock::new(),
            config: Mutex::default(),
            page: Mutex::default(),
            hosts: Mutex::default(),
            process: Arc::clone(process),
            process_id,
        })
    }

    /// The handle of an object; 0 when there is none.
    #[must_use]
    pub(crate) fn handle(&self, identity: Identity) -> u32 {
        self.process.handles.handle(&self.key, identity)
    }

    /// What a handle stands for.
    #[must_use]
    pub(crate) fn identity(&self, handle: u32) -> Option<Identity> {
        self.process.handles.identity(&self.key, handle)
    }

    /// Handles of `old` stand for `new` from now on.
    pub(crate) fn replace(&self, old: Identity, new: Identity) {
        self.process.handles.replace(&self.key, old, new);
    }

    /// A name for a host, as dhcpd invents them: from the time in seconds
    /// since 1970, the process, and a number.
    #[must_use]
    pub(crate) fn invent_name(&self, now: u64) -> Vec<u8> {
        let number = self.process.next_name();
        format!("nh{now:x}{:x}{number:x}", self.process_id).into_bytes()
    }

    /// What is allowed at the server.
    #[must_use]
    pub(crate) fn options(&self) -> &Options {
        &self.target.options
    }

    /// What the server can do; nothing before the probe.
    #[must_use]
    pub(crate) fn capabilities(&self) -> &Capabilities {
        static NONE: Capabilities = Capabilities {
            commands: BTreeSet::new(),
            version: (0, 0),
        };
        self.capabilities.get().unwrap_or(&NONE)
    }

    /// True if the server has the command.
    #[must_use]
    pub(crate) fn can(&self, command: &str) -> bool {
        self.capabilities().commands.contains(command)
    }

    /// Bytes of the longest identifier of that kind.
    #[must_use]
    pub(crate) fn longest_identifier(&self, kind: &str) -> usize {
        match (kind, self.capabilities().version) {
            ("hw-address", _) => 20,
            (_, (0..=2, 0..=2)) => 128,
            _ => 255,
        }
    }

    /// Checks that the server has a command.
    ///
    /// # Errors
    /// `ISC_R_NOTIMPLEMENTED` if it has not, with the hook library to load.
    pub(crate) fn require(&self, command: &str) -> Result<(), KeaError> {
        if self.can(command) {
            Ok(())
        } else {
            Err(KeaError::because(
                Status::NOT_IMPLEMENTED,
                &match hook(command) {
                    Some(hook) => format!("this Kea server has no {command}: load {hook}"),
                    None => format!("this Kea server has no {command}"),
                },
            ))
        }
    }

    /// Forgets what was read from the server.
    pub(crate) fn forget(&self) {
        *self.config.lock() = None;
        *self.page.lock() = None;
        *self.hosts.lock() = None;
    }

    /// Sets what the server can do, once.
    pub(crate) fn set_capabilities(&self, capabilities: Capabilities) {
        let _ = self.capabilities.set(capabilities);
    }
}

/// What a server can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Its commands.
    pub(crate) commands: BTreeSet<String>,
    /// Major and minor version.
    pub(crate) version: (u32, u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_commands_name_their_library() {
        let target = Target::parse("kea:/s").unwrap().unwrap();
        let info = ServerInfo::new(target, &Arc::default(), 1);
        info.set_capabilities(Capabilities {
            commands: ["lease4-get".to_owned()].into(),
            version: (2, 2),
        });
        assert!(info.require("lease4-get").is_ok());
        for (command, why) in [
            (
                "lease4-del",
                "this Kea server has no lease4-del: load libdhcp_lease_cmds.so",
            ),
            ("config-write", "this Kea server has no config-write"),
        ] {
            let error = info.require(command).err().unwrap();
            let KeaError::Status(Status::NOT_IMPLEMENTED, Some(said)) = error else {
                panic!("{command}");
            };
            assert_eq!(&said[..], why.as_bytes());
        }
    }
}
