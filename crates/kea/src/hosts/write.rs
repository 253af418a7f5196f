//! The reservations that hosts are made of, as they are written.

use super::classes::{add_class, put_class_first};
use super::edit::Edit;
use super::reservation::Reservation;
use crate::config::{self, has_class};
use crate::json::{self, Map, Value};
use crate::model::{HostKey, KeaError, refused};
use crate::server::ServerInfo;
use crate::statements::{self, Translation};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// A new one, with its identifier, its address and the host's name.
#[must_use]
pub(super) fn new(key: &HostKey, name: &[u8], address: Option<Ipv4Addr>) -> Reservation {
    let omapi = json::map([("name", json::text(name).into())]);
    let context = json::map([("omapi", Value::Object(omapi))]);
    let mut map = json::map([(key.kind, json::colons(&key.id).into())]);
    set_address(&mut map, address);
    map.insert("user-context".into(), Value::Object(context));
    Reservation {
        subnet: key.subnet,
        map,
    }
}

/// The same reservation for another identifier.
#[must_use]
pub(super) fn with_identifier(part: &Reservation, old: &str, key: &HostKey) -> Reservation {
    let mut map = json::map([(key.kind, json::colons(&key.id).into())]);
    let others = part.map.iter().filter(|(name, _)| *name != old);
    map.extend(others.map(|(name, value)| (name.to_owned(), value.clone())));
    Reservation {
        subnet: key.subnet,
        map,
    }
}

/// Gives it an address, or takes it away.
pub(super) fn set_address(map: &mut Map, address: Option<Ipv4Addr>) {
    match address {
        Some(address) => drop(map.insert("ip-address".into(), address.into())),
        None => drop(map.shift_remove("ip-address")),
    }
}

/// Says what the other identifier of the same host is.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when another client's data is in the way.
pub(super) fn link_pair(map: &mut Map, twin: &HostKey) -> Result<(), KeaError> {
    let id = json::map([(twin.kind, json::colons(&twin.id).into())]);
    omapi(map)?.insert("twin".into(), Value::Object(id));
    Ok(())
}

/// Says whether it is one of several in different subnets.
///
/// # Errors
/// As [`link_pair`].
pub(super) fn set_copy(map: &mut Map, copy: bool) -> Result<(), KeaError> {
    let is = config::omapi(map).is_some_and(|o| o.contains_key("copy"));
    match copy {
        true => drop(omapi(map)?.insert("copy".into(), true.into())),
        false if is => drop(omapi(map)?.shift_remove("copy")),
        // What another client made is not to get anything of ours.
        false => {}
    }
    Ok(())
}

/// Kea 2.2 refuses a reservation of nothing, but dhcpd has hosts that are only
/// known. A class that nobody defines has no effect.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when its classes are no list.
pub(super) fn ensure_not_empty(map: &mut Map) -> Result<(), KeaError> {
    let gives = |key: &&str| match map.get(key) {
        Some(Value::String(s)) => !s.is_empty() && s != "0.0.0.0",
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    const RESOURCES: [&str; 7] = [
        "ip-address",
        "hostname",
        "client-classes",
        "option-data",
        "next-server",
        "server-hostname",
        "boot-file-name",
    ];
    if RESOURCES.iter().any(gives) {
        Ok(())
    } else {
        add_class(map, "omapi-known")
    }
}

/// Translates statements, of which there must be one.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for none, `ISC_R_NOTIMPLEMENTED` for a raw option 43 that
/// the server would lose; or as [`statements::translate`] fails.
pub(super) fn translate(server: &ServerInfo, text: &[u8]) -> Result<Translation, KeaError> {
    if text.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let translation = statements::translate(text)?;
    if translation.has_option_43() && server.capabilities().version > (2, 2) {
        return Err(KeaError::because(
            Status::NOT_IMPLEMENTED,
            "this Kea server would lose a raw option 43",
        ));
    }
    Ok(translation)
}

/// Puts statements into a reservation, with a class for what only a class can
/// express.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when another client's data is in the way.
pub(super) fn put_statements(
    dhcp4: &Map,
    map: &mut Map,
    text: &[u8],
    translation: &Translation,
    edits: &mut Vec<Edit>,
) -> Result<(), KeaError> {
    translation.put(map);
    if translation.drop {
        add_class(map, "DROP")?;
    }
    if let Some(name) = translation.lifetime_class() {
        // The first class with a time wins; a group may have one too.
        put_class_first(map, &name)?;
        let mut class = json::map([("name", name[..].into())]);
        translation.put_lifetimes(&mut class);
        let class = Edit::AddClass(class);
        if !has_class(dhcp4, &name) && !edits.contains(&class) {
            edits.push(class);
        }
    }
    omapi(map)?.insert("statements".into(), json::text(text).into());
    Ok(())
}

/// What this library keeps in a reservation.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when another client's data is in the way.
pub(super) fn omapi(map: &mut Map) -> Result<&mut Map, KeaError> {
    let context = map
        .entry("user-context")
        .or_insert_with(|| Value::Object(Map::new()));
    let omapi = json::child(context, "omapi")?;
    omapi.as_object_mut().ok_or(Status::INVALID_ARGUMENT.into())
}
