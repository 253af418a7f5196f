//! Classes and subclasses. A subclass is found by its class's name and the
//! bytes that it matches.

use super::{Attributes, Kind, ObjectRef, Published, agree, lease, not_null};
use crate::database::Database;
use crate::text::conf::ClassConf;
use omapi::status::Status;
use omapi::wire::{Value, WireError};
use std::collections::{BTreeMap, HashMap};

pub(crate) type ClassId = u32;

/// A class, or a subclass when it has a parent.
#[derive(Debug, Default)]
struct Class {
    name: Vec<u8>,
    parent: Option<ClassId>,
    /// What a subclass matches; empty for a class.
    data: Vec<u8>,
    lease_limit: u32,
    leases_used: u32,
}

/// All classes and subclasses.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    all: BTreeMap<ClassId, Class>,
    by_name: HashMap<Vec<u8>, ClassId>,
    by_data: HashMap<(ClassId, Vec<u8>), ClassId>,
    last: ClassId,
}

impl Classes {
    /// The class, or with `data` its subclass.
    pub(super) fn find(&self, name: &[u8], data: Option<&[u8]>) -> Option<ObjectRef> {
        let class = *self.by_name.get(name)?;
        match data {
            None => Some(ObjectRef::Class(class)),
            Some(data) => {
                let sub = self.by_data.get(&(class, data.to_vec()))?;
                Some(ObjectRef::Subclass(*sub))
            }
        }
    }

    /// Takes in a statement. The name of a subclass has to be known, and a
    /// second one of the same name changes nothing.
    pub(crate) fn declare(&mut self, conf: &ClassConf) {
        if self.find(&conf.name, conf.data.as_deref()).is_some() {
            return;
        }
        let parent = self.by_name.get(&conf.name).copied();
        if conf.data.is_some() && parent.is_none() {
            return;
        }
        self.add(parent, &conf.name, conf.data.as_deref().unwrap_or(&[]));
        if let Some(limit) = conf.lease_limit
            && let Some(class) = self.all.get_mut(&self.last)
        {
            class.lease_limit = limit;
        }
    }

    /// A subclass has the limit of its class.
    fn add(&mut self, parent: Option<ClassId>, name: &[u8], data: &[u8]) -> ClassId {
        self.last += 1;
        let lease_limit = parent
            .and_then(|p| self.all.get(&p))
            .map_or(0, |p| p.lease_limit);
        match parent {
            None => self.by_name.insert(name.to_vec(), self.last),
            Some(parent) => self.by_data.insert((parent, data.to_vec()), self.last),
        };
        let class = Class {
            name: name.to_vec(),
            parent,
            data: data.to_vec(),
            lease_limit,
            leases_used: 0,
        };
        self.all.insert(self.last, class);
        self.last
    }

    /// Is there a class of this name?
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.by_name.contains_key(name)
    }

    pub(super) fn count_lease(&mut self, id: ClassId, more: bool) {
        if let Some(class) = self.all.get_mut(&id) {
            class.leases_used = if more {
                class.leases_used.saturating_add(1)
            } else {
                class.leases_used.saturating_sub(1)
            };
        }
    }
}

pub(super) fn find(
    db: &Database,
    kind: Kind,
    keys: &Attributes<'_>,
) -> Result<Option<ObjectRef>, Status> {
    let Some(name) = keys.key("name") else {
        return Ok(None);
    };
    let class = db.classes.find(name, None).ok_or(Status::NOT_FOUND)?;
    match (kind, keys.key("hashstring")) {
        // Half of a subclass's key is none, but the class has to exist.
        (Kind::Subclass, None) => Ok(None),
        (Kind::Subclass, data) => agree(None, db.classes.find(name, data)),
        _ => Ok(Some(class)),
    }
}

pub(super) fn create(
    db: &mut Database,
    kind: Kind,
    values: &Attributes<'_>,
) -> Result<ObjectRef, Status> {
    let (mut name, mut data) = (None, None);
    for (attribute, value) in values.iter() {
        match attribute {
            b"name" => {
                let exists = db.classes.has(not_null(value)?);
                match kind {
                    Kind::Subclass if !exists => return Err(Status::NOT_FOUND),
                    Kind::Class if exists => return Err(Status::EXISTS),
                    _ => name = Some(value),
                }
            }
            b"hashstring" if kind == Kind::Subclass => data = Some(not_null(value)?),
            _ => set(db, attribute, value)?,
        }
    }
    let name = name.ok_or(Status::INVALID_ARGUMENT)?;
    if kind == Kind::Class {
        return Ok(ObjectRef::Class(db.classes.add(None, name, &[])));
    }
    let data = data.ok_or(Status::INVALID_ARGUMENT)?;
    if db.classes.find(name, Some(data)).is_some() {
        return Err(Status::EXISTS);
    }
    let parent = db.classes.by_name.get(name).copied();
    Ok(ObjectRef::Subclass(db.classes.add(parent, name, data)))
}

pub(super) fn update(db: &Database, id: ClassId, values: &Attributes<'_>) -> Result<(), Status> {
    let is_subclass = db.classes.all.get(&id).is_some_and(|c| c.parent.is_some());
    for (attribute, value) in values.iter() {
        match attribute {
            b"name" => return Err(Status::EXISTS),
            b"hashstring" if is_subclass => return Err(Status::EXISTS),
            _ => set(db, attribute, value)?,
        }
    }
    Ok(())
}

/// The attributes that are neither name nor match value. None of them leaves
/// a trace that a client could see. Nulls kill dhcpd here.
fn set(db: &Database, attribute: &[u8], value: &[u8]) -> Result<(), Status> {
    match attribute {
        b"match" if b"hardware".starts_with(not_null(value)?) => Ok(()),
        b"match" | b"option" => Err(Status::INVALID_ARGUMENT),
        b"group" => match db.groups.by_name(not_null(value)?) {
            Some(_) => Ok(()),
            None => Err(Status::NOT_FOUND),
        },
        _ => Err(Status::UNKNOWN_ATTRIBUTE),
    }
}

pub(super) fn delete(db: &mut Database, id: ClassId) {
    let Some(class) = db.classes.all.remove(&id) else {
        return;
    };
    match class.parent {
        None => {
            db.classes.by_name.remove(&class.name);
            db.handles.forget(ObjectRef::Class(id));
        }
        Some(parent) => {
            db.classes.by_data.remove(&(parent, class.data));
            db.handles.forget(ObjectRef::Subclass(id));
        }
    }
    lease::unbill(db, id);
}

pub(super) fn publish(db: &Database, id: ClassId, out: &mut Published) -> Result<(), WireError> {
    let Some(class) = db.classes.all.get(&id) else {
        return Ok(());
    };
    publish_counts(class.lease_limit, class.leases_used, out)
}

pub(super) fn publish_counts(limit: u32, used: u32, out: &mut Published) -> Result<(), WireError> {
    out.value(b"lease-limit", Value::Int(limit))?;
    out.value(b"leases-used", Value::Int(used))
}
