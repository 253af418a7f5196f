//! The classes that reservations name: groups, and what only a class can
//! express.

use crate::config::has_class;
use crate::json::{self, Map, Value};
use crate::model::{KeaError, refused};
use omapi::status::Status;

/// The class that a group is.
#[must_use]
pub(super) fn class_of(group: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    if group.iter().all(plain) {
        format!("omapi-group-{}", json::text(group))
    } else {
        format!("omapi-group-0x{}", json::hex(group))
    }
}

/// Adds a class to a reservation.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when its classes are no list.
pub(super) fn add_class(map: &mut Map, class: &str) -> Result<(), KeaError> {
    let classes = map
        .entry("client-classes")
        .or_insert_with(|| Value::Array(Vec::new()));
    let classes = classes.as_array_mut().ok_or(Status::PROTOCOL_ERROR)?;
    if !classes.iter().any(|c| c.as_str() == Some(class)) {
        classes.push(class.into());
    }
    Ok(())
}

/// Adds a class to a reservation, in front of all others.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when its classes are no list.
pub(super) fn put_class_first(map: &mut Map, class: &str) -> Result<(), KeaError> {
    add_class(map, class)?;
    if let Some(Value::Array(classes)) = map.get_mut("client-classes") {
        classes.retain(|c| c.as_str() != Some(class));
        classes.insert(0, class.into());
    }
    Ok(())
}

/// Makes a reservation a member of a group, in place of any other.
///
/// # Errors
/// `ISC_R_NOTFOUND` when there is no such group.
pub(super) fn join(dhcp4: &Map, map: &mut Map, group: &[u8]) -> Result<(), KeaError> {
    let class = class_of(group);
    if !has_class(dhcp4, &class) {
        return Err(refused(Status::NOT_FOUND));
    }
    if let Some(Value::Array(classes)) = map.get_mut("client-classes") {
        let is_group = |c: &Value| c.as_str().is_some_and(|c| c.starts_with("omapi-group-"));
        classes.retain(|c| !is_group(c));
    }
    add_class(map, &class)
}
