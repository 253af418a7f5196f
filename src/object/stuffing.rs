//! The message being built while `stuff_values` handlers run: handlers of a
//! program's own types stand between ours, and C gives them no place to write
//! to. One per thread, because a build never leaves its thread.

use crate::status::Status;
use std::cell::{Cell, RefCell};

thread_local! {
    static OUT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer for a request's attributes that need no handlers: an empty one,
/// with the room that the last one needed.
pub fn spare() -> Vec<u8> {
    SPARE.try_with(Cell::take).unwrap_or_default()
}

/// Gives a buffer back for the next [`spare`].
pub fn give_back(mut buffer: Vec<u8>) {
    const KEEP: usize = 4096;
    buffer.clear();
    if buffer.capacity() <= KEEP {
        // Without its place, when the thread ends, it is simply dropped.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

/// Collects what `build` makes handlers append, in wire form.
pub fn collect(build: impl FnOnce() -> Status) -> Result<Vec<u8>, Status> {
    let before = OUT.replace(Some(Vec::new()));
    let status = build();
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
