//! Checks of values that programs give.

use super::answer::{KeaError, refused};
use super::attributes::{Attributes, number};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// An identifier of at most `longest` bytes, which Kea can have.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another length.
pub(crate) fn identifier(value: &[u8], longest: usize) -> Result<Vec<u8>, KeaError> {
    match value.len() {
        n if (1..=longest).contains(&n) => Ok(value.to_vec()),
        _ => Err(refused(Status::INVALID_ARGUMENT)),
    }
}

/// True if there is an ASCII control character in it.
#[must_use]
pub(crate) fn has_control(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_control)
}

/// Kea matches Ethernet clients, whatever type was meant.
///
/// # Errors
/// `ISC_R_NOTIMPLEMENTED` for other types, `DHCP_R_INVALIDARG` for what is none.
pub(crate) fn check_type(value: &[u8]) -> Result<(), KeaError> {
    match number(value).map_err(refused)? {
        1 => Ok(()),
        0 | 2..=255 => Err(refused(Status::NOT_IMPLEMENTED)),
        _ => Err(refused(Status::INVALID_ARGUMENT)),
    }
}

/// The key `hardware-type`, of which Kea does not care which it is.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for more than one byte's worth.
pub(crate) fn check_hardware_type(keys: &Attributes) -> Result<(), KeaError> {
    match keys.number(b"hardware-type")? {
        Some(256..) => Err(Status::INVALID_ARGUMENT.into()),
        _ => Ok(()),
    }
}

/// One address, or with no bytes none.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for several, and for 0.0.0.0.
pub(crate) fn one_address(value: &[u8]) -> Result<Option<Ipv4Addr>, KeaError> {
    if value.is_empty() {
        return Ok(None);
    }
    let address = <[u8; 4]>::try_from(value).map_err(|_| refused(Status::INVALID_ARGUMENT))?;
    match Ipv4Addr::from(address) {
        a if a.is_unspecified() => Err(refused(Status::INVALID_ARGUMENT)),
        a => Ok(Some(a)),
    }
}
