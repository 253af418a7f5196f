//! Leases: their attributes, their states, how they are found and changed.

use super::class::ClassId;
use super::{Attributes, Kind, ObjectRef, Published, agree, int, network};
use crate::database::Database;
use crate::text::leases::{LeaseEntry, NEVER, State, Variable};
use omapi::status::Status;
use omapi::wire::{Value, WireError};
use std::collections::{BTreeMap, HashMap};

/// The flags that are kept and shown.
const FLAGS: u8 = 0x4e;

/// A lease.
#[derive(Debug, Default)]
pub(crate) struct Lease {
    pub(crate) state: State,
    next_state: State,
    client_id: Option<Vec<u8>>,
    hostname: Option<Vec<u8>>,
    /// Type octet, then the address.
    pub(super) hardware: Option<Vec<u8>>,
    billing: Option<ObjectRef>,
    starts: u32,
    ends: u32,
    tstp: u32,
    tsfp: u32,
    atsfp: u32,
    cltt: u32,
    flags: u8,
    /// Oldest first.
    variables: Vec<(Vec<u8>, Variable)>,
}

/// The leases that are more than a free, never-used address of a range.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    by_ip: BTreeMap<u32, Lease>,
    /// Neither identifier of a lease can be changed over OMAPI, so these
    /// indexes stand once the file is read.
    by_hardware: HashMap<Vec<u8>, Vec<u32>>,
    by_client_id: HashMap<Vec<u8>, Vec<u32>>,
}

impl Leases {
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Lease)> {
        self.by_ip.iter().map(|(ip, lease)| (*ip, lease))
    }

    pub(super) fn get(&self, ip: u32) -> Option<&Lease> {
        self.by_ip.get(&ip)
    }
}

impl Database {
    /// Takes in an entry of dhcpd.leases.
    pub(crate) fn load_lease(&mut self, ip: u32, entry: &LeaseEntry) {
        let billing = entry.billing.as_ref();
        let mut lease = Lease {
            state: entry.state,
            next_state: entry.next_state,
            client_id: entry.uid.clone(),
            hostname: entry.hostname.clone(),
            hardware: (entry.hardware.as_ref()).map(|(kind, hw)| [&[*kind], &hw[..]].concat()),
            billing: billing.and_then(|(class, data)| self.classes.find(class, data.as_deref())),
            starts: entry.starts,
            ends: entry.ends,
            tstp: entry.tstp,
            tsfp: entry.tsfp,
            atsfp: entry.atsfp,
            cltt: entry.cltt,
            flags: entry.flags,
            variables: entry.variables.clone(),
        };
        self.count_billing(lease.billing, true);
        // What dhcpd does in its first second: leases whose time is over, and
        // leases that were given back, become free.
        let over = lease.ends != NEVER && lease.ends <= self.now;
        match lease.state {
            State::Expired | State::Released | State::Reset => {
                self.transit(&mut lease, State::Free);
            }
            State::Active | State::Abandoned if over => self.transit(&mut lease, State::Free),
            _ => {}
        }
        let leases = &mut self.leases;
        if let Some(hw) = &lease.hardware {
            leases.by_hardware.entry(hw.clone()).or_default().push(ip);
        }
        if let Some(id) = &lease.client_id {
            leases.by_client_id.entry(id.clone()).or_default().push(ip);
        }
        leases.by_ip.insert(ip, lease);
    }

    fn count_billing(&mut self, billing: Option<ObjectRef>, more: bool) {
        if let Some(ObjectRef::Class(id) | ObjectRef::Subclass(id)) = billing {
            self.classes.count_lease(id, more);
        }
    }

    /// Changes the state. A lease that is not active has no host name and is
    /// not counted for any client; its identifiers and times stay.
    fn transit(&mut self, lease: &mut Lease, to: State) {
        lease.state = to;
        lease.next_state = match to {
            State::Backup => State::Backup,
            _ => State::Free,
        };
        if to != State::Active {
            lease.hostname = None;
            self.count_billing(lease.billing.take(), false);
        }
    }
}

pub(super) fn find(db: &Database, keys: &Attributes<'_>) -> Result<Option<ObjectRef>, Status> {
    let mut found = None;
    if let Some(handle) = keys.key("handle") {
        found = agree(found, db.by_handle_key(Kind::Lease, handle)?)?;
    }
    find_without_handle(db, keys, found)
}

/// The lease that the other keys name, and that is the one `found`, if any.
pub(super) fn find_without_handle(
    db: &Database,
    keys: &Attributes<'_>,
    mut found: Option<ObjectRef>,
) -> Result<Option<ObjectRef>, Status> {
    if let Some(ip) = keys.key("ip-address") {
        found = agree(found, by_ip(db, ip).map(ObjectRef::Lease))?;
    }
    if let Some(id) = keys.key("dhcp-client-identifier") {
        found = agree(found, only(db.leases.by_client_id.get(id))?)?;
    }
    if let Some(hw) = keys.hardware_key()? {
        found = agree(found, only(db.leases.by_hardware.get(&hw))?)?;
    }
    Ok(found)
}

/// The lease of an address: every address of a range has one.
fn by_ip(db: &Database, address: &[u8]) -> Option<u32> {
    let ip = u32::from_be_bytes(address.try_into().ok()?);
    let exists = db.network.place(ip).in_range || db.leases.by_ip.contains_key(&ip);
    exists.then_some(ip)
}

fn only(leases: Option<&Vec<u32>>) -> Result<Option<ObjectRef>, Status> {
    match leases.map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([ip]) => Ok(Some(ObjectRef::Lease(*ip))),
        Some(_) => Err(Status::MULTIPLE),
    }
}

pub(super) fn update(
    db: &mut Database,
    ip: u32,
    values: &Attributes<'_>,
    handle: u32,
) -> Result<(), Status> {
    // Taken out, so that the classes can be reached at the same time.
    let mut lease = db.leases.by_ip.remove(&ip).unwrap_or_default();
    let mut result = values
        .iter()
        .try_for_each(|(name, value)| set(db, &mut lease, name, value));
    if result.is_ok() && handle != 0 {
        // dhcpd's updates by handle leave this trace on a lease.
        result = set_variable(&mut lease, b"remote-handle", Variable::Number(handle));
    }
    db.leases.by_ip.insert(ip, lease);
    result
}

fn set(db: &mut Database, lease: &mut Lease, name: &[u8], value: &[u8]) -> Result<(), Status> {
    match name {
        // Null in one of these three kills dhcpd; here it is a wrong length.
        b"state" => {
            let state = State::from_code(int(value)?).ok_or(Status::INVALID_ARGUMENT)?;
            if state != lease.state {
                db.transit(lease, state);
            }
        }
        b"ends" => {
            lease.ends = int(value)?;
            lease.tstp = lease.ends;
            // A side effect of dhcpd: the lease goes on to its next state.
            let next = lease.next_state;
            db.transit(lease, next);
        }
        b"flags" => {
            let ([flags] | [_, _, _, flags]) = value else {
                return Err(Status::INVALID_ARGUMENT);
            };
            let flags = flags & FLAGS;
            if flags != lease.flags & FLAGS {
                lease.flags = flags;
                let next = lease.next_state;
                db.transit(lease, next);
            }
        }
        b"ip-address" | b"pool" | b"starts" => return Err(Status::NO_PERMISSION),
        b"subnet" => return Err(Status::INVALID_ARGUMENT),
        // Taken, and ignored.
        b"dhcp-client-identifier"
        | b"client-hostname"
        | b"hostname"
        | b"host"
        | b"billing-class"
        | b"hardware-address"
        | b"hardware-type" => {}
        name if value.is_empty() => {
            let before = lease.variables.len();
            lease.variables.retain(|(n, _)| n != name);
            if lease.variables.len() == before {
                return Err(Status::UNKNOWN_ATTRIBUTE);
            }
        }
        // dhcpd makes a boolean variable out of anything else, and takes its
        // value from stray memory; here it is always true.
        name => return set_variable(lease, name, Variable::Number(1)),
    }
    Ok(())
}

fn set_variable(lease: &mut Lease, name: &[u8], value: Variable) -> Result<(), Status> {
    match lease.variables.iter_mut().find(|(n, _)| n == name) {
        Some((_, old)) => *old = value,
        None => lease.variables.push((name.to_vec(), value)),
    }
    Ok(())
}

pub(super) fn publish(db: &mut Database, ip: u32, out: &mut Published) -> Result<(), WireError> {
    let [subnet, pool] = network::objects(db.network.place(ip)).map(|o| db.handles.of(o));
    let never_used = Lease::default();
    let lease = db.leases.by_ip.get(&ip).unwrap_or(&never_used);
    out.value(b"state", Value::Int(lease.state as u32))?;
    out.value(b"ip-address", Value::Bytes(&ip.to_be_bytes()))?;
    for (name, value) in [
        (&b"dhcp-client-identifier"[..], &lease.client_id),
        (b"client-hostname", &lease.hostname),
    ] {
        if let Some(value) = value {
            out.value(name, Value::Bytes(value))?;
        }
    }
    out.value(b"subnet", Value::Int(subnet))?;
    out.value(b"pool", Value::Int(pool))?;
    if let Some(class) = lease.billing {
        out.value(b"billing-class", Value::Int(db.handles.of(class)))?;
    }
    if let Some([kind, address @ ..]) = lease.hardware.as_deref() {
        out.value(b"hardware-address", Value::Bytes(address))?;
        out.value(b"hardware-type", Value::Int(u32::from(*kind)))?;
    }
    for (name, time) in [
        (&b"ends"[..], lease.ends),
        (b"starts", lease.starts),
        (b"tstp", lease.tstp),
        (b"tsfp", lease.tsfp),
        (b"atsfp", lease.atsfp),
        (b"cltt", lease.cltt),
    ] {
        out.value(name, Value::Int(time))?;
    }
    out.value(b"flags", Value::Bytes(&[lease.flags & FLAGS]))?;
    for (name, value) in lease.variables.iter().rev() {
        match value {
            Variable::Number(n) => out.value(name, Value::Int(*n))?,
            Variable::Data(data) => out.value(name, Value::Bytes(data))?,
        }
    }
    Ok(())
}

/// The lease's class is gone.
pub(super) fn unbill(db: &mut Database, class: ClassId) {
    for lease in db.leases.by_ip.values_mut() {
        if let Some(ObjectRef::Class(id) | ObjectRef::Subclass(id)) = lease.billing
            && id == class
        {
            lease.billing = None;
        }
    }
}
