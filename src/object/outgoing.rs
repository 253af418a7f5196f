//! The message being built while `stuff_values` handlers run: handlers of a
//! program's own types stand between ours, and C gives them no place to write
//! to. One per thread, because a build never leaves its thread.

use super::refs::ObjectRef;
use super::types;
use crate::abi::layout::omapi_object_t;
use core::mem::ManuallyDrop;
use core::ptr::null_mut;
use omapi::status::Status;
use std::cell::{Cell, RefCell};

thread_local! {
    /// Not dropped with its thread, so that it is there for the last things a
    /// thread does; it is empty then.
    static OUT: ManuallyDrop<RefCell<Option<Vec<u8>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer for a request's attributes that need no handlers: an empty one,
/// with the room that the last one needed.
pub(crate) fn spare() -> Vec<u8> {
    SPARE.try_with(Cell::take).unwrap_or_default()
}

/// Gives a buffer back for the next [`spare`].
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    const KEEP: usize = 4096;
    buffer.clear();
    if buffer.capacity() <= KEEP {
        // Without its place, when the thread ends, it is simply dropped.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

/// Collects what the `stuff_values` handlers of a chain append, in wire form.
/// They are given the connection object, if there is one.
///
/// # Safety
/// `object` is live, `id` is NULL or live; no lock is held.
///
/// # Errors
/// What a handler answers.
pub(crate) unsafe fn collect(
    connection: Option<&ObjectRef>,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Result<Vec<u8>, Status> {
    let before = OUT.with(|out| out.replace(Some(Vec::new())));
    let connection = connection.map_or(null_mut(), ObjectRef::as_ptr);
    // SAFETY: as the function's; the caller's reference keeps the connection
    // object alive.
    let status = unsafe { types::stuff_values(connection, id, object) };
    let out = OUT.with(|out| out.replace(before)).unwrap_or_default();
    status.ok().map(|()| out)
}

/// Lets a handler append.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when no message is being built; else `append`'s.
pub(crate) fn with(append: impl FnOnce(&mut Vec<u8>) -> Result<(), Status>) -> Result<(), Status> {
    OUT.with(|out| append(out.borrow_mut().as_mut().ok_or(Status::INVALID_ARGUMENT)?))
}
