//! Everything the server knows, behind one lock.

use crate::objects::authenticator::Authenticator;
use crate::objects::class::Classes;
use crate::objects::failover::Peer;
use crate::objects::group::Groups;
use crate::objects::host::Hosts;
use crate::objects::interface::Interfaces;
use crate::objects::lease::Leases;
use crate::objects::network::Network;
use crate::objects::{Kind, ObjectRef};
use crate::text::conf::Conf;
use crate::text::statements::{Known, check};
use omapi::status::Status;
use std::collections::{BTreeSet, HashMap};

/// The objects, their handles and the clock.
pub(crate) struct Database {
    pub(crate) handles: Handles,
    pub(crate) network: Network,
    pub(crate) leases: Leases,
    pub(crate) hosts: Hosts,
    pub(crate) groups: Groups,
    pub(crate) classes: Classes,
    /// Names of the options that the configuration defines.
    pub(crate) options: BTreeSet<Vec<u8>>,
    pub(crate) peers: Vec<Peer>,
    pub(crate) interfaces: Interfaces,
    pub(crate) authenticators: Vec<Authenticator>,
    /// Name of the key that every client must sign with.
    pub(crate) omapi_key: Option<Vec<u8>>,
    /// A client has asked for the end of the server.
    pub(crate) shutdown: bool,
    /// Seconds since 1970; see [`crate::Config::now`].
    pub(crate) now: u32,
}

impl Database {
    /// Fills the database from the parts of a configuration.
    pub(crate) fn new(config: &crate::Config, now: u32) -> Self {
        let mut db = Self {
            handles: Handles::default(),
            network: Network::new(&config.conf, &config.ranges),
            leases: Leases::default(),
            hosts: Hosts::default(),
            groups: Groups::default(),
            classes: Classes::default(),
            options: config.conf.options.clone(),
            peers: config
                .conf
                .peers
                .iter()
                .map(|p| Peer::new(p, now))
                .collect(),
            interfaces: Interfaces::new(&config.interfaces),
            authenticators: config.conf.keys.iter().map(Authenticator::new).collect(),
            omapi_key: config.conf.omapi_key.clone(),
            shutdown: false,
            now,
        };
        // What was made over OMAPI in an earlier life comes behind the conf.
        db.declare(&config.conf);
        db.declare(&config.leases.made);
        for (ip, entry) in &config.leases.entries {
            db.load_lease(u32::from(*ip), entry);
        }
        db
    }

    fn declare(&mut self, conf: &Conf) {
        for name in &conf.groups {
            self.groups.declare(name);
        }
        for class in &conf.classes {
            self.classes.declare(class);
        }
        for host in &conf.hosts {
            self.declare_host(host);
        }
    }

    /// Refuses statements that dhcpd refuses.
    pub(crate) fn check_statements(&self, text: &[u8]) -> Result<(), Status> {
        let class = |name: &[u8]| self.classes.has(name);
        let known = Known {
            options: &self.options,
            class: &class,
        };
        check(text, &known)
    }

    /// The object that a handle names, unless it is gone.
    pub(crate) fn resolve(&self, handle: u32) -> Option<ObjectRef> {
        self.handles.by_handle.get(&handle).copied()
    }

    /// The object named by a `handle` key, which must be of this kind.
    pub(crate) fn by_handle_key(
        &self,
        kind: Kind,
        value: &[u8],
    ) -> Result<Option<ObjectRef>, Status> {
        let handle = <[u8; 4]>::try_from(value).map_err(|_| Status::INVALID_ARGUMENT)?;
        match self.resolve(u32::from_be_bytes(handle)) {
            Some(object) if object.kind() != kind => Err(Status::INVALID_ARGUMENT),
            found => Ok(found),
        }
    }
}

/// Handles of objects: given when an object is first sent, never given again.
#[derive(Default)]
pub(crate) struct Handles {
    last: u32,
    by_object: HashMap<ObjectRef, u32>,
    by_handle: HashMap<u32, ObjectRef>,
}

impl Handles {
    /// The object's handle, a new one if it has none.
    pub(crate) fn of(&mut self, object: ObjectRef) -> u32 {
        if let Some(handle) = self.known(object) {
            return handle;
        }
        let handle = self.transient();
        self.by_object.insert(object, handle);
        self.by_handle.insert(handle, object);
        handle
    }

    /// The handle, if the object has one.
    pub(crate) fn known(&self, object: ObjectRef) -> Option<u32> {
        self.by_object.get(&object).copied()
    }

    /// A handle of an object that is gone as soon as it was sent.
    pub(crate) fn transient(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1).max(1);
        self.last
    }

    /// The object is no more; so is its handle.
    pub(crate) fn forget(&mut self, object: ObjectRef) {
        if let Some(handle) = self.by_object.remove(&object) {
            self.by_handle.remove(&handle);
        }
    }
}
