//! Groups: a name, and statements that clients cannot read back.

use super::{Attributes, Kind, ObjectRef, Published, Search, not_null};
use crate::database::Database;
use omapi::status::Status;
use omapi::wire::{Value, WireError};
use std::collections::{BTreeMap, HashMap};

pub(crate) type GroupId = u32;

#[derive(Debug)]
struct Group {
    name: Vec<u8>,
    /// How many hosts refer to it.
    members: usize,
    /// A deleted group stays for as long as it has members.
    deleted: bool,
    /// A lookup has counted it too often: it stays, even deleted.
    kept: bool,
}

/// The groups with a name.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: BTreeMap<GroupId, Group>,
    by_name: HashMap<Vec<u8>, GroupId>,
    last: GroupId,
}

impl Groups {
    /// Takes in a statement; a second one of that name is the same group.
    pub(crate) fn declare(&mut self, name: &[u8]) {
        if !self.by_name.contains_key(name) {
            self.add(name.to_vec());
        }
    }

    fn add(&mut self, name: Vec<u8>) -> GroupId {
        self.last += 1;
        self.by_name.insert(name.clone(), self.last);
        let group = Group {
            name,
            members: 0,
            deleted: false,
            kept: false,
        };
        self.all.insert(self.last, group);
        self.last
    }

    pub(super) fn by_name(&self, name: &[u8]) -> Option<GroupId> {
        self.by_name.get(name).copied()
    }
}

/// A host refers to the group.
pub(super) fn join(db: &mut Database, id: GroupId) {
    if let Some(group) = db.groups.all.get_mut(&id) {
        group.members += 1;
    }
}

/// A host refers to the group no longer.
pub(super) fn leave(db: &mut Database, id: GroupId) {
    let Some(group) = db.groups.all.get_mut(&id) else {
        return;
    };
    group.members = group.members.saturating_sub(1);
    if group.deleted && group.members == 0 && !group.kept {
        remove(db, id);
    }
}

fn remove(db: &mut Database, id: GroupId) {
    db.groups.all.remove(&id);
    db.handles.forget(ObjectRef::Group(id));
}

/// A lookup has counted the group too often.
pub(super) fn keep(db: &mut Database, id: GroupId) {
    if let Some(group) = db.groups.all.get_mut(&id) {
        group.kept = true;
    }
}

pub(super) fn find(
    db: &Database,
    keys: &Attributes<'_>,
    search: &mut Search,
) -> Result<(), Status> {
    if let Some(handle) = keys.key("handle") {
        let hit = db.by_handle_key(Kind::Group, handle)?;
        let there = |group: &ObjectRef| match group {
            ObjectRef::Group(id) => db.groups.all.get(id).is_some_and(|g| !g.deleted),
            _ => false,
        };
        search.add(hit.filter(there))?;
    }
    if let Some(name) = keys.key("name") {
        search.add(db.groups.by_name(name).map(ObjectRef::Group))?;
    }
    Ok(())
}

pub(super) fn create(db: &mut Database, values: &Attributes<'_>) -> Result<ObjectRef, Status> {
    let (mut name, mut complete) = (None, false);
    for (attribute, value) in values.iter() {
        match attribute {
            // Null in either kills dhcpd.
            b"name" => {
                if db.groups.by_name(not_null(value)?).is_some() {
                    return Err(Status::EXISTS);
                }
                name = Some(value.to_vec());
            }
            b"statements" => {
                db.check_statements(not_null(value)?)?;
                complete = true;
            }
            _ => return Err(Status::NOT_FOUND),
        }
    }
    if !complete {
        return Err(Status::INVALID_ARGUMENT);
    }
    // dhcpd makes a name of the time and an address of its memory.
    let made = || format!("ng{:08x}{:016x}", db.now, db.groups.last + 1).into_bytes();
    let name = name.unwrap_or_else(made);
    Ok(ObjectRef::Group(db.groups.add(name)))
}

/// Name and statements can be set once, and every group has them.
pub(super) fn update(_db: &Database, _id: GroupId, values: &Attributes<'_>) -> Result<(), Status> {
    values
        .iter()
        .try_for_each(|(attribute, _)| match attribute {
            b"name" | b"statements" => Err(Status::EXISTS),
            _ => Err(Status::NOT_FOUND),
        })
}

pub(super) fn delete(db: &mut Database, id: GroupId) -> Result<(), Status> {
    let Some(group) = db.groups.all.get_mut(&id) else {
        return Ok(());
    };
    if group.deleted {
        // The second deletion of a group with members kills dhcpd.
        return match group.members {
            0 => Ok(()),
            _ => Err(Status::INVALID_ARGUMENT),
        };
    }
    group.deleted = true;
    db.groups.by_name.remove(&group.name);
    if group.members == 0 && !group.kept {
        remove(db, id);
    }
    Ok(())
}

pub(super) fn publish(db: &Database, id: GroupId, out: &mut Published) -> Result<(), WireError> {
    match db.groups.all.get(&id) {
        Some(group) if !group.deleted => out.value(b"name", Value::Bytes(&group.name)),
        _ => Ok(()),
    }
}
