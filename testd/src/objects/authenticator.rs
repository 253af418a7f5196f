//! Keys as objects: opening one makes its signatures valid on a connection.

use super::{Attributes, ObjectRef};
use crate::database::Database;
use crate::text::conf::KeyConf;
use omapi::auth::{Algorithm, Key, complete_name};
use omapi::status::Status;
use omapi::wire::{Encoder, Value, WireError};

/// A configured key.
pub(crate) struct Authenticator {
    name: Vec<u8>,
    pub(crate) key: Key,
}

impl Authenticator {
    pub(crate) fn new(conf: &KeyConf) -> Self {
        Self {
            name: conf.name.clone(),
            key: Key::new(conf.algorithm, &conf.secret),
        }
    }
}

pub(super) fn find(db: &Database, keys: &Attributes<'_>) -> Result<Option<ObjectRef>, Status> {
    if keys.is_empty() {
        return Ok(None);
    }
    let name = keys.key("name").ok_or(Status::NOT_FOUND)?;
    let algorithm = keys.key("algorithm").ok_or(Status::NOT_FOUND)?;
    let algorithm = Algorithm::from_wire_name(algorithm).ok_or(Status::NOT_FOUND)?;
    let at = db
        .authenticators
        .iter()
        .position(|a| a.name.eq_ignore_ascii_case(name) && a.key.algorithm() == algorithm);
    at.map(|at| Some(ObjectRef::Authenticator(at)))
        .ok_or(Status::NOT_FOUND)
}

/// Whether the server serves messages signed with this key.
pub(crate) fn is_selected(db: &Database, at: usize) -> bool {
    match &db.omapi_key {
        Some(wanted) => db.authenticators[at].name.eq_ignore_ascii_case(wanted),
        None => true,
    }
}

pub(super) fn publish(db: &Database, at: usize, out: &mut Encoder<'_>) -> Result<(), WireError> {
    let Authenticator { name, key } = &db.authenticators[at];
    out.value(b"name", Value::Bytes(name))?;
    let algorithm = complete_name(key.algorithm().name().as_bytes());
    out.value(b"algorithm", Value::Bytes(&algorithm))
}
