//! The message being built while `stuff_values` handlers run: handlers of a
//! program's own types stand between ours, and C gives them no place to write
//! to. One per thread, because a build never leaves its thread.

use crate::status::Status;
use core::mem::ManuallyDrop;
use std::cell::RefCell;

thread_local! {
    /// Not dropped with its thread, so that it is there for the last things a
    /// thread does; it is empty then.
    static OUT: ManuallyDrop<RefCell<Option<Vec<u8>>>> =
        const { ManuallyDrop::new(RefCell::new(None)) };
}

/// Collects what `build` makes handlers append, in wire form.
pub fn collect(build: impl FnOnce() -> Status) -> Result<Vec<u8>, Status> {
    let before = OUT.with(|out| out.replace(Some(Vec::new())));
    let status = build();
    let out = OUT.with(|out| out.replace(before)).unwrap_or_default();
    status.ok().map(|()| out)
}

/// Lets a handler append.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when no message is being built; else `append`'s.
pub fn with(append: impl FnOnce(&mut Vec<u8>) -> Result<(), Status>) -> Result<(), Status> {
    OUT.with(|out| append(out.borrow_mut().as_mut().ok_or(Status::INVALID_ARGUMENT)?))
}
