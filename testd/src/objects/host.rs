//! Host declarations: their attributes, how they are found and changed.

use super::group::{self, GroupId};
use super::{Attributes, Kind, ObjectRef, Published, Search, int, lease, not_null};
use crate::database::Database;
use crate::text::conf::HostConf;
use crate::text::statements::{Known, check};
use omapi::status::Status;
use omapi::wire::{Value, WireError};
use std::collections::{BTreeMap, HashMap};

pub(crate) type HostId = u32;

/// Longest hardware address that dhcpd stores.
const HARDWARE_MAX: usize = 20;

#[derive(Clone, Debug, Default)]
struct Host {
    name: Option<Vec<u8>>,
    /// A host without a type has type 0.
    hardware_type: u8,
    hardware: Option<Vec<u8>>,
    /// The hardware key under which the host was entered.
    indexed_hardware: Option<Vec<u8>>,
    client_id: Option<Vec<u8>>,
    /// Fixed addresses, one after the other.
    addresses: Vec<u8>,
    group: Option<GroupId>,
    has_statements: bool,
    deleted: bool,
    /// dhcpd counts a reference too many to it: it stays, even deleted.
    kept: bool,
}

impl Host {
    fn hardware_key(&self) -> Option<Vec<u8>> {
        let address = self.hardware.as_deref()?;
        Some([&[self.hardware_type], address].concat())
    }

    /// Sets one value; the group is found by the caller.
    fn set(&mut self, name: &[u8], value: &[u8], known: &Known<'_>) -> Result<(), Status> {
        match name {
            b"name" => set_once(&mut self.name, value),
            b"hardware-address" => {
                if self.hardware.is_none() && value.len() > HARDWARE_MAX {
                    return Err(Status::INVALID_ARGUMENT);
                }
                set_once(&mut self.hardware, value)
            }
            b"hardware-type" => {
                // dhcpd keeps one octet of it.
                self.hardware_type = (int(value)? & 0xff) as u8;
                Ok(())
            }
            b"dhcp-client-identifier" => set_once(&mut self.client_id, value),
            b"ip-address" => {
                // One or two bytes kill dhcpd; other odd lengths are stored.
                if matches!(value.len(), 1 | 2) {
                    return Err(Status::INVALID_ARGUMENT);
                }
                self.addresses = value.to_vec();
                Ok(())
            }
            b"statements" => {
                if self.has_statements {
                    return Err(Status::EXISTS);
                }
                check(not_null(value)?, known)?;
                self.has_statements = true;
                Ok(())
            }
            // Taken, and ignored.
            b"known" => Ok(()),
            _ => Err(Status::UNKNOWN_ATTRIBUTE),
        }
    }
}

/// The identifiers cannot be changed, not even to the same value.
fn set_once(field: &mut Option<Vec<u8>>, value: &[u8]) -> Result<(), Status> {
    if field.is_some() {
        return Err(Status::EXISTS);
    }
    *field = Some(not_null(value)?.to_vec());
    Ok(())
}

/// All hosts, and how they are found. With several hosts of one identifier
/// the first counts.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    all: BTreeMap<HostId, Host>,
    by_name: HashMap<Vec<u8>, HostId>,
    by_hardware: HashMap<Vec<u8>, Vec<HostId>>,
    by_client_id: HashMap<Vec<u8>, Vec<HostId>>,
    last: HostId,
}

impl Hosts {
    /// The first host with this hardware key. Like dhcpd's, the index is not
    /// told when the type of a host is changed: the host is then lost to it.
    fn first_by_hardware(&self, key: &[u8]) -> Option<HostId> {
        let ids = self.by_hardware.get(key)?;
        let found = ids.iter().find(|id| {
            let host = self.all.get(id);
            host.and_then(Host::hardware_key).as_deref() == Some(key)
        });
        found.copied()
    }

    fn first_by_client_id(&self, id: &[u8]) -> Option<HostId> {
        self.by_client_id.get(id)?.first().copied()
    }

    /// Enters what the host can be found by, where `before` was not yet.
    fn index(&mut self, id: HostId, before: &Host) {
        let Some(host) = self.all.get_mut(&id) else {
            return;
        };
        if before.name.is_none()
            && let Some(name) = &host.name
        {
            self.by_name.insert(name.clone(), id);
        }
        if before.hardware.is_none()
            && let Some(key) = host.hardware_key()
        {
            self.by_hardware.entry(key.clone()).or_default().push(id);
            host.indexed_hardware = Some(key);
        }
        if before.client_id.is_none()
            && let Some(client_id) = &host.client_id
        {
            self.by_client_id
                .entry(client_id.clone())
                .or_default()
                .push(id);
        }
    }

    fn add(&mut self, host: Host) -> HostId {
        self.last += 1;
        self.all.insert(self.last, host);
        self.index(self.last, &Host::default());
        self.last
    }
}

impl Database {
    /// Takes in a statement of a file. A later one of the same name wins. To
    /// hosts that were not made over OMAPI dhcpd counts a reference too many.
    pub(crate) fn declare_host(&mut self, conf: &HostConf) {
        if let Some(old) = self.hosts.by_name.get(&conf.name) {
            delete(self, *old);
        }
        if conf.deleted {
            return;
        }
        // The group around a host does not know it.
        let group = conf.group.as_ref().filter(|_| conf.joins);
        let group = group.and_then(|g| self.groups.by_name(g));
        if let Some(group) = group {
            group::join(self, group);
        }
        let (hardware_type, hardware) = match &conf.hardware {
            Some((kind, address)) => (*kind, Some(address.clone())),
            None => (0, None),
        };
        self.hosts.add(Host {
            name: Some(conf.name.clone()),
            hardware_type,
            hardware,
            indexed_hardware: None,
            client_id: conf.client_id.clone(),
            addresses: conf.addresses.iter().flat_map(|a| a.octets()).collect(),
            group,
            has_statements: false,
            deleted: false,
            kept: !conf.dynamic,
        });
    }
}

/// A lookup has counted the host too often.
pub(super) fn keep(db: &mut Database, id: HostId) {
    if let Some(host) = db.hosts.all.get_mut(&id) {
        host.kept = true;
    }
}

pub(super) fn find(
    db: &Database,
    keys: &Attributes<'_>,
    search: &mut Search,
) -> Result<(), Status> {
    let hosts = &db.hosts;
    if let Some(handle) = keys.key("handle") {
        let hit = db.by_handle_key(Kind::Host, handle)?;
        let deleted = |id| hosts.all.get(&id).is_some_and(|h| h.deleted);
        match hit {
            // The handle of a removed host is no key.
            Some(ObjectRef::Host(id)) if deleted(id) => {}
            _ => search.add(hit)?,
        }
    }
    if let Some(id) = keys.key("dhcp-client-identifier") {
        search.add(hosts.first_by_client_id(id).map(ObjectRef::Host))?;
    }
    if let Some(hw) = keys.hardware_key().inspect_err(|_| search.keep())? {
        search.add(hosts.first_by_hardware(&hw).map(ObjectRef::Host))?;
    }
    if keys.key("ip-address").is_some() {
        // Not the fixed address: the address of a lease of this hardware. The
        // other keys have to fit the lease as well, but once there is a host
        // the lease may be missing.
        let lease = lease::find_without_handle(db, keys, None);
        let hw = match &lease {
            Ok(Some(ObjectRef::Lease(ip))) => {
                (db.leases.get(*ip)).and_then(|lease| lease.hardware.as_deref())
            }
            _ => None,
        };
        let host = hw.and_then(|hw| hosts.first_by_hardware(hw));
        match (host, search.found) {
            (Some(_), _) => search.add(host.map(ObjectRef::Host))?,
            (None, None) => return Err(lease.err().unwrap_or(Status::NOT_FOUND)),
            (None, Some(_)) => {}
        }
    }
    if let Some(name) = keys.key("name") {
        let hit = hosts.by_name.get(name);
        search.add(hit.map(|id| ObjectRef::Host(*id)))?;
    }
    Ok(())
}

/// Makes a host. With a name that dhcpd cannot write to its file the answer
/// is an I/O error, and yet the host exists afterwards.
pub(super) fn create(db: &mut Database, values: &Attributes<'_>) -> Result<ObjectRef, Status> {
    let mut host = Host::default();
    for (name, value) in values.iter() {
        if name == b"group" {
            host.group = Some(find_group(db, value)?);
            continue;
        }
        let (options, class) = (&db.options, |name: &[u8]| db.classes.has(name));
        host.set(
            name,
            value,
            &Known {
                options,
                class: &class,
            },
        )?;
    }
    if host.hardware.is_none() && host.client_id.is_none() {
        return Err(Status::INVALID_ARGUMENT);
    }
    let taken = |name: &Vec<u8>| db.hosts.by_name.contains_key(name);
    if host.name.as_ref().is_some_and(taken) {
        return Err(Status::EXISTS);
    }
    // dhcpd makes a name of the time and an address of its memory.
    let made = || format!("nh{:08x}{:016x}", db.now, db.hosts.last + 1).into_bytes();
    let name = host.name.get_or_insert_with(made);
    let writable = name.iter().all(|b| b.is_ascii() && *b != b'"');
    if let Some(group) = host.group {
        group::join(db, group);
    }
    let id = db.hosts.add(host);
    if writable {
        Ok(ObjectRef::Host(id))
    } else {
        Err(Status::IO_ERROR)
    }
}

fn find_group(db: &Database, name: &[u8]) -> Result<GroupId, Status> {
    db.groups.by_name(not_null(name)?).ok_or(Status::NOT_FOUND)
}

pub(super) fn update(db: &mut Database, id: HostId, values: &Attributes<'_>) -> Result<(), Status> {
    let Some(before) = db.hosts.all.get(&id).cloned() else {
        return Ok(());
    };
    let result = values.iter().try_for_each(|(name, value)| {
        if name == b"group" {
            return change_group(db, id, value);
        }
        match db.hosts.all.get_mut(&id) {
            Some(host) => {
                let (options, class) = (&db.options, |name: &[u8]| db.classes.has(name));
                host.set(
                    name,
                    value,
                    &Known {
                        options,
                        class: &class,
                    },
                )
            }
            None => Ok(()),
        }
    });
    db.hosts.index(id, &before);
    result
}

fn change_group(db: &mut Database, id: HostId, name: &[u8]) -> Result<(), Status> {
    let group = find_group(db, name)?;
    group::join(db, group);
    let old = db
        .hosts
        .all
        .get_mut(&id)
        .and_then(|h| h.group.replace(group));
    if let Some(old) = old {
        group::leave(db, old);
    }
    Ok(())
}

pub(super) fn delete(db: &mut Database, id: HostId) {
    let Some(host) = db.hosts.all.get_mut(&id).filter(|h| !h.deleted) else {
        return;
    };
    host.deleted = true;
    let host = host.clone();
    if !host.kept {
        db.hosts.all.remove(&id);
        db.handles.forget(ObjectRef::Host(id));
    }
    if let Some(name) = &host.name {
        db.hosts.by_name.remove(name);
    }
    if let Some(key) = &host.indexed_hardware {
        drop_from(&mut db.hosts.by_hardware, key, id);
    }
    if let Some(client_id) = &host.client_id {
        drop_from(&mut db.hosts.by_client_id, client_id, id);
    }
    if let Some(group) = host.group.filter(|_| !host.kept) {
        group::leave(db, group);
    }
}

fn drop_from(index: &mut HashMap<Vec<u8>, Vec<HostId>>, key: &[u8], id: HostId) {
    if let Some(ids) = index.get_mut(key) {
        ids.retain(|other| *other != id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

pub(super) fn publish(db: &Database, id: HostId, out: &mut Published) -> Result<(), WireError> {
    let Some(host) = db.hosts.all.get(&id) else {
        return Ok(());
    };
    if !host.addresses.is_empty() {
        out.value(b"ip-address", Value::Bytes(&host.addresses))?;
    }
    if let Some(client_id) = &host.client_id {
        out.value(b"dhcp-client-identifier", Value::Bytes(client_id))?;
    }
    if let Some(name) = &host.name {
        out.value(b"name", Value::Bytes(name))?;
    }
    if let Some(address) = &host.hardware {
        out.value(b"hardware-address", Value::Bytes(address))?;
        out.value(b"hardware-type", Value::Int(u32::from(host.hardware_type)))?;
    }
    Ok(())
}
