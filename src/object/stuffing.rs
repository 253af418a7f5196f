//! The message being built while `stuff_values` handlers run: handlers of a
//! program's own types stand between ours, and C gives them no place to write
//! to. One per thread, because a build never leaves its thread.

use super::layout::omapi_object_t;
use super::refs::ObjectRef;
use super::{connection, types};
use crate::status::Status;
use core::ptr::null_mut;
use std::cell::RefCell;

thread_local! {
    static OUT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Collects what the `stuff_values` handlers of a chain append, in wire form.
/// They are given the connection object around `sender`.
///
/// # Safety
/// `sender` and `object` are live, `id` is NULL or live; no lock is held.
///
/// # Errors
/// What a handler answers.
pub unsafe fn collect(
    sender: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Result<Vec<u8>, Status> {
    let before = OUT.replace(Some(Vec::new()));
    // SAFETY: as the function's.
    let status = unsafe {
        let connection = connection::around(sender);
        let c = connection.as_ref().map_or(null_mut(), ObjectRef::as_ptr);
        types::stuff_values(c, id, object)
    };
    let out = OUT.replace(before).unwrap_or_default();
    status.ok().map(|()| out)
}

/// Lets a handler append.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when no message is being built; else `append`'s.
pub fn with(append: impl FnOnce(&mut Vec<u8>) -> Result<(), Status>) -> Result<(), Status> {
    OUT.with_borrow_mut(|out| append(out.as_mut().ok_or(Status::INVALID_ARGUMENT)?))
}
