//! The kinds of objects, and what is common to them.
//!
//! Each kind has a file with up to four things: how it is found (`find`),
//! how a value is set (`set`), how it is deleted, and what is published.
//! A lookup answers `Ok(Some)` for a hit, `Ok(None)` when the request has no
//! key at all, `Err(NOT_FOUND)` for a miss, and other errors as they are.

pub(crate) mod authenticator;
pub(crate) mod class;
pub(crate) mod control;
pub(crate) mod failover;
pub(crate) mod group;
pub(crate) mod host;
pub(crate) mod interface;
pub(crate) mod lease;
pub(crate) mod network;

use crate::database::Database;
use omapi::status::Status;
use omapi::wire::{Encoder, ValueList, WireError};
use std::collections::HashMap;

/// A type of object that a client can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Lease,
    Host,
    Group,
    Class,
    Subclass,
    Control,
    FailoverState,
    Interface,
    Pool,
    Subnet,
    SharedNetwork,
    Authenticator,
    /// The types that dhcpd registers and cannot search.
    Unsearchable,
}

impl Kind {
    /// From the name on the wire, which is exact.
    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"lease" => Self::Lease,
            b"host" => Self::Host,
            b"group" => Self::Group,
            b"class" => Self::Class,
            b"subclass" => Self::Subclass,
            b"control" => Self::Control,
            b"failover-state" => Self::FailoverState,
            b"interface" => Self::Interface,
            b"pool" => Self::Pool,
            b"subnet" => Self::Subnet,
            b"shared-network" => Self::SharedNetwork,
            b"authenticator" => Self::Authenticator,
            b"failover-link" | b"failover-listener" | b"message" | b"protocol"
            | b"protocol-listener" | b"connection" | b"generic" | b"listener" | b"io"
            | b"waiter" | b"icmp" => Self::Unsearchable,
            _ => return None,
        })
    }
}

/// Names one object for as long as the server lives; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ObjectRef {
    /// By address.
    Lease(u32),
    Host(host::HostId),
    Group(group::GroupId),
    Class(class::ClassId),
    Subclass(class::ClassId),
    Control,
    FailoverState(usize),
    Interface(interface::InterfaceId),
    Pool(usize),
    Subnet(usize),
    Authenticator(usize),
}

impl ObjectRef {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Lease(_) => Kind::Lease,
            Self::Host(_) => Kind::Host,
            Self::Group(_) => Kind::Group,
            Self::Class(_) => Kind::Class,
            Self::Subclass(_) => Kind::Subclass,
            Self::Control => Kind::Control,
            Self::FailoverState(_) => Kind::FailoverState,
            Self::Interface(_) => Kind::Interface,
            Self::Pool(_) => Kind::Pool,
            Self::Subnet(_) => Kind::Subnet,
            Self::Authenticator(_) => Kind::Authenticator,
        }
    }
}

/// The values of a request: of duplicate names the last value counts, at the
/// place of the first.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'a>(Vec<(&'a [u8], &'a [u8])>);

impl<'a> Attributes<'a> {
    pub(crate) fn new(list: ValueList<'a>) -> Self {
        let mut values: Vec<(&[u8], &[u8])> = Vec::new();
        let mut places = HashMap::new();
        for (name, value) in list {
            let place = *places.entry(name).or_insert(values.len());
            match values.get_mut(place) {
                Some(old) => old.1 = value,
                None => values.push((name, value)),
            }
        }
        Self(values)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.0.iter().copied()
    }

    /// A value that is not null: a null key is a key that was not given.
    pub(crate) fn key(&self, name: &str) -> Option<&'a [u8]> {
        let (_, value) = self.0.iter().find(|(n, _)| *n == name.as_bytes())?;
        (!value.is_empty()).then_some(*value)
    }

    /// `hardware-address` with its `hardware-type` (Ethernet if missing) in
    /// front, as one key.
    pub(crate) fn hardware_key(&self) -> Result<Option<Vec<u8>>, Status> {
        let Some(address) = self.key("hardware-address") else {
            return Ok(None);
        };
        let kind = match self.key("hardware-type") {
            None => 1,
            Some([0, 0, 0, kind]) => *kind,
            Some(_) => return Err(Status::INVALID_ARGUMENT),
        };
        Ok(Some([&[kind], address].concat()))
    }
}

/// Takes the result of one more key into a lookup. All keys of a request have
/// to name the same object; a miss ends the lookup.
pub(crate) fn agree(
    found: Option<ObjectRef>,
    hit: Option<ObjectRef>,
) -> Result<Option<ObjectRef>, Status> {
    match (found, hit) {
        (None, None) => Err(Status::NOT_FOUND),
        (None, hit) => Ok(hit),
        (Some(a), Some(b)) if a == b => Ok(found),
        (Some(_), _) => Err(Status::KEY_CONFLICT),
    }
}

/// A lookup of objects that can be removed. dhcpd counts a reference too many
/// to an object that a second key names as well: it then outlives its removal.
#[derive(Default)]
pub(crate) struct Search {
    pub(crate) found: Option<ObjectRef>,
    /// The object that is never let go.
    pub(crate) kept: Option<ObjectRef>,
}

impl Search {
    /// Takes in the result of one more key; see [`agree`].
    pub(crate) fn add(&mut self, hit: Option<ObjectRef>) -> Result<(), Status> {
        if hit.is_some() && self.found == hit {
            self.keep();
        }
        self.found = agree(self.found, hit)?;
        Ok(())
    }

    /// Keeps what was found so far.
    pub(crate) fn keep(&mut self) {
        self.kept = self.found;
    }
}

/// Looks for the object that the keys name.
pub(crate) fn find(
    db: &mut Database,
    kind: Kind,
    keys: &Attributes<'_>,
) -> Result<Option<ObjectRef>, Status> {
    match kind {
        Kind::Lease => lease::find(db, keys),
        Kind::Host | Kind::Group => {
            let mut search = Search::default();
            let result = match kind {
                Kind::Host => host::find(db, keys, &mut search),
                _ => group::find(db, keys, &mut search),
            };
            match search.kept {
                Some(ObjectRef::Host(id)) => host::keep(db, id),
                Some(ObjectRef::Group(id)) => group::keep(db, id),
                _ => {}
            }
            result.map(|()| search.found)
        }
        Kind::Class | Kind::Subclass => class::find(db, kind, keys),
        Kind::Control => Ok(Some(ObjectRef::Control)),
        Kind::FailoverState => failover::find(db, keys),
        Kind::Interface => interface::find(db, keys),
        Kind::Authenticator => authenticator::find(db, keys),
        Kind::Pool | Kind::Subnet | Kind::SharedNetwork | Kind::Unsearchable => Ok(None),
    }
}

/// True for the kinds of which a client can make new objects.
pub(crate) fn can_create(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Host | Kind::Group | Kind::Class | Kind::Subclass | Kind::Interface
    )
}

/// Makes a new object of the values. Nothing is left behind on errors, but
/// see [`host::create`].
pub(crate) fn create(
    db: &mut Database,
    kind: Kind,
    values: &Attributes<'_>,
) -> Result<ObjectRef, Status> {
    if values.is_empty() {
        return Err(Status::INVALID_ARGUMENT);
    }
    match kind {
        Kind::Host => host::create(db, values),
        Kind::Group => group::create(db, values),
        Kind::Class | Kind::Subclass => class::create(db, kind, values),
        Kind::Interface => interface::create(db, values),
        _ => Err(Status::NOT_IMPLEMENTED),
    }
}

/// Sets the values one by one; stops at the first error without taking back
/// the earlier ones, as dhcpd does. `handle` is the one in the header.
pub(crate) fn update(
    db: &mut Database,
    object: ObjectRef,
    values: &Attributes<'_>,
    handle: u32,
) -> Result<(), Status> {
    if values.is_empty() {
        return Err(Status::INVALID_ARGUMENT);
    }
    match object {
        ObjectRef::Lease(ip) => lease::update(db, ip, values, handle),
        ObjectRef::Host(id) => host::update(db, id, values),
        ObjectRef::Group(id) => group::update(db, id, values),
        ObjectRef::Class(id) | ObjectRef::Subclass(id) => class::update(db, id, values),
        ObjectRef::Control => control::update(db, values),
        ObjectRef::FailoverState(at) => failover::update(db, at, values),
        ObjectRef::Interface(id) => interface::update(db, id, values),
        ObjectRef::Pool(_) => Err(Status::UNKNOWN_ATTRIBUTE),
        ObjectRef::Subnet(_) => Err(Status::NOT_FOUND),
        // Its answers are special: see `request`.
        ObjectRef::Authenticator(_) => Err(Status::SUCCESS),
    }
}

/// Removes the object.
pub(crate) fn delete(db: &mut Database, object: ObjectRef) -> Result<(), Status> {
    match object {
        ObjectRef::Host(id) => host::delete(db, id),
        ObjectRef::Group(id) => group::delete(db, id)?,
        ObjectRef::Class(id) | ObjectRef::Subclass(id) => class::delete(db, id),
        ObjectRef::Interface(id) => interface::delete(db, id),
        ObjectRef::Control => return Err(Status::NO_PERMISSION),
        ObjectRef::Lease(_)
        | ObjectRef::FailoverState(_)
        | ObjectRef::Pool(_)
        | ObjectRef::Subnet(_)
        | ObjectRef::Authenticator(_) => return Err(Status::NOT_IMPLEMENTED),
    }
    Ok(())
}

/// Writes what an object shows that exists in one answer only.
pub(crate) fn publish_transient(kind: Kind, out: &mut Encoder<'_>) -> Result<(), WireError> {
    match kind {
        Kind::Class | Kind::Subclass => class::publish_counts(0, 0, out),
        Kind::Interface => interface::publish_state(out),
        _ => Ok(()),
    }
}

/// Writes the attributes that the object shows, in dhcpd's order. Objects
/// mentioned in them get their handles here.
pub(crate) fn publish(
    db: &mut Database,
    object: ObjectRef,
    out: &mut Encoder<'_>,
) -> Result<(), WireError> {
    match object {
        ObjectRef::Lease(ip) => lease::publish(db, ip, out),
        ObjectRef::Host(id) => host::publish(db, id, out),
        ObjectRef::Group(id) => group::publish(db, id, out),
        ObjectRef::Class(id) | ObjectRef::Subclass(id) => class::publish(db, id, out),
        ObjectRef::Control => control::publish(out),
        ObjectRef::FailoverState(at) => failover::publish(db, at, out),
        ObjectRef::Interface(id) => interface::publish(db, id, out),
        ObjectRef::Pool(at) => network::publish_pool(db, at, out),
        ObjectRef::Subnet(_) => Ok(()),
        ObjectRef::Authenticator(at) => authenticator::publish(db, at, out),
    }
}

/// The four bytes of an integer; dhcpd takes no other length.
pub(crate) fn int(value: &[u8]) -> Result<u32, Status> {
    let bytes = value.try_into().map_err(|_| Status::INVALID_ARGUMENT)?;
    Ok(u32::from_be_bytes(bytes))
}

/// A null where dhcpd takes none. Some of these kill dhcpd; here all are
/// refused alike.
pub(crate) fn not_null(value: &[u8]) -> Result<&[u8], Status> {
    if value.is_empty() {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(value)
}
