//! Network interfaces. There are none unless the configuration names some;
//! they only exist for programs that look one up.

use super::{Attributes, Kind, ObjectRef, agree, not_null};
use crate::database::Database;
use omapi::status::Status;
use omapi::wire::{Encoder, Value, WireError};
use std::collections::BTreeMap;

pub(crate) type InterfaceId = u32;

/// Names of the interfaces.
#[derive(Default)]
pub(crate) struct Interfaces {
    names: BTreeMap<InterfaceId, Vec<u8>>,
    last: InterfaceId,
}

impl Interfaces {
    pub(crate) fn new(names: &[String]) -> Self {
        let mut interfaces = Self::default();
        for name in names {
            interfaces.add(name.as_bytes());
        }
        interfaces
    }

    fn add(&mut self, name: &[u8]) -> InterfaceId {
        self.last += 1;
        self.names.insert(self.last, name.to_vec());
        self.last
    }
}

pub(super) fn find(db: &Database, keys: &Attributes<'_>) -> Result<Option<ObjectRef>, Status> {
    let mut found = None;
    if let Some(handle) = keys.key("handle") {
        found = agree(found, db.by_handle_key(Kind::Interface, handle)?)?;
    }
    if let Some(name) = keys.key("name") {
        let mut all = db.interfaces.names.iter();
        let hit = all.find(|(_, n)| n.as_slice() == name);
        found = agree(found, hit.map(|(id, _)| ObjectRef::Interface(*id)))?;
    }
    Ok(found)
}

pub(super) fn create(db: &mut Database, values: &Attributes<'_>) -> Result<ObjectRef, Status> {
    let mut name = None;
    for (attribute, value) in values.iter() {
        name = Some(set(attribute, value)?);
    }
    let id = db.interfaces.add(name.ok_or(Status::INVALID_ARGUMENT)?);
    Ok(ObjectRef::Interface(id))
}

pub(super) fn update(
    db: &mut Database,
    id: InterfaceId,
    values: &Attributes<'_>,
) -> Result<(), Status> {
    for (attribute, value) in values.iter() {
        let name = set(attribute, value)?;
        db.interfaces.names.insert(id, name.to_vec());
    }
    Ok(())
}

/// The one attribute that is stored.
fn set<'a>(attribute: &[u8], value: &'a [u8]) -> Result<&'a [u8], Status> {
    match attribute {
        b"name" => not_null(value),
        _ => Err(Status::UNKNOWN_ATTRIBUTE),
    }
}

pub(super) fn delete(db: &mut Database, id: InterfaceId) {
    db.interfaces.names.remove(&id);
    db.handles.forget(ObjectRef::Interface(id));
}

pub(super) fn publish(
    db: &Database,
    id: InterfaceId,
    out: &mut Encoder<'_>,
) -> Result<(), WireError> {
    if db.interfaces.names.contains_key(&id) {
        publish_state(out)?;
    }
    Ok(())
}

pub(super) fn publish_state(out: &mut Encoder<'_>) -> Result<(), WireError> {
    out.value(b"state", Value::Bytes(b"up"))
}
