//! What the Rust API (`client`) needs of the objects, without `unsafe` on its
//! side: every function takes counted references, which keep their objects
//! alive for the call.

use crate::object::data::{self, Datum};
use crate::object::refs::{self, ObjectRef};
use crate::object::value::Owned;
use crate::object::{auth_key, generic, links, types};
use crate::remote::remote_object::{self, RequestKind};
use crate::remote::{completion, connection};
use crate::{builtin, servers};
use core::ffi::CStr;
use core::ptr::null_mut;
use omapi::status::Status;
use std::ffi::OsStr;
use std::time::Instant;

/// Registers the types; more than once is fine.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) fn initialize() -> Result<(), Status> {
    builtin::initialize()
}

/// A new authenticator.
///
/// # Errors
/// As [`auth_key::new`].
pub(crate) fn new_key(name: &CStr, algorithm: &CStr, secret: &[u8]) -> Result<ObjectRef, Status> {
    let key = auth_key::new(name, algorithm, secret)?;
    // SAFETY: a new object, whose reference is ours.
    Ok(unsafe { ObjectRef::from_raw(key) })
}

/// A new remote object.
///
/// # Errors
/// As [`remote_object::new`].
pub(crate) fn new_remote(object_type: &CStr) -> Result<ObjectRef, Status> {
    let object = remote_object::new(object_type)?;
    // SAFETY: a new object, whose reference is ours.
    Ok(unsafe { ObjectRef::from_raw(object) })
}

/// Connects; the result is a connection handle.
///
/// # Errors
/// As [`servers::find`] and [`connection::connect`].
pub(crate) fn connect(
    host: impl AsRef<OsStr>,
    port: u16,
    key: Option<&ObjectRef>,
    deadline: Option<Instant>,
) -> Result<ObjectRef, Status> {
    let auth = key.map_or(null_mut(), ObjectRef::as_ptr);
    let destination = servers::find(host, port)?;
    // SAFETY: auth is NULL or kept alive by `key`; the handle's reference is
    // ours.
    unsafe { connection::connect(destination, auth, deadline).map(|h| ObjectRef::from_raw(h)) }
}

/// As [`servers::complaint`].
#[must_use]
pub(crate) fn map_complaint() -> Option<String> {
    servers::complaint()
}

/// Whether a connection handle is still connected, as far as is known without
/// asking the network.
#[must_use]
pub(crate) fn is_connected(handle: &ObjectRef) -> bool {
    // SAFETY: a counted reference.
    unsafe { connection::engine_of(handle.as_ptr()) }.is_ok()
}

/// Whether a connection handle is to a Kea server.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is not connected.
pub(crate) fn is_kea(handle: &ObjectRef) -> Result<bool, Status> {
    // SAFETY: a counted reference.
    unsafe { connection::engine_of(handle.as_ptr()) }.map(|engine| engine.is_kea())
}

/// Closes a connection handle.
///
/// # Errors
/// As [`connection::disconnect_handle`].
pub(crate) fn disconnect(handle: &ObjectRef, force: bool) -> Result<(), Status> {
    let mut slot = handle.clone().into_raw();
    // SAFETY: the slot holds a counted reference, unless it was given up.
    unsafe {
        let result = connection::disconnect_handle(&raw mut slot, force);
        refs::dereference(&raw mut slot);
        result
    }
}

/// Queues a request about `object`.
///
/// # Errors
/// As [`remote_object::send`].
pub(crate) fn send(object: &ObjectRef, handle: &ObjectRef, ask: RequestKind) -> Result<(), Status> {
    // SAFETY: counted references.
    unsafe { remote_object::send(object.as_ptr(), handle.as_ptr(), ask) }.ok()
}

/// Waits for a request of `object`; the server's status.
///
/// # Errors
/// As [`completion::wait`].
pub(crate) fn wait(object: &ObjectRef, deadline: Option<Instant>) -> Result<Status, Status> {
    // SAFETY: a counted reference.
    unsafe { completion::wait(object.as_ptr(), deadline) }
}

/// The text that came with the last status of `object`.
#[must_use]
pub(crate) fn message(object: &ObjectRef) -> Option<Vec<u8>> {
    // SAFETY: a counted reference.
    unsafe { remote_object::message(object.as_ptr()) }
}

/// Sets an attribute; no datum makes it null. A datum that holds an object
/// cannot be set here.
///
/// # Errors
/// What the object's handlers answer.
pub(crate) fn set(object: &ObjectRef, name: &[u8], datum: Option<Datum<'_>>) -> Result<(), Status> {
    let value = Owned(match datum {
        None => null_mut(),
        Some(Datum::Int(i)) => data::typed_int(i)?,
        Some(Datum::String(b)) => data::typed_from(b, true)?,
        Some(Datum::Data(b)) => data::typed_from(b, false)?,
        Some(Datum::Object(_) | Datum::Other) => return Err(Status::INVALID_ARGUMENT),
    });
    let name = Owned(data::data_string_from(name)?);
    // SAFETY: a counted reference; name and value are ours.
    unsafe { types::set_value(object.as_ptr(), null_mut(), name.0, value.0) }.ok()
}

/// Shows `f` every attribute of a remote object, in order; a null value as
/// `None`. `f` runs under the lock of the attributes: it must only copy.
pub(crate) fn each_attribute(object: &ObjectRef, f: &mut dyn FnMut(&[u8], Option<Datum<'_>>)) {
    // SAFETY: a counted reference; each object inside is held while it is used.
    unsafe {
        let inside = links::inside(object.as_ptr());
        for o in core::iter::once(object.clone()).chain(inside) {
            if let Some(g) = generic::from_object(o.as_ptr()) {
                generic::each(g, f);
            }
        }
    }
}
