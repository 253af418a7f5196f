//! Memory that C may own: zeroed blocks from `malloc`, and the numbers in shared
//! structs that several threads use at a time.

use super::answer_block;
use core::ffi::{c_int, c_uint};
use core::sync::atomic::{AtomicI32, AtomicU32};

/// The reference count of a counted block or object member.
///
/// # Safety
/// `count` points into a live block.
pub(crate) unsafe fn count<'a>(count: *mut c_int) -> &'a AtomicI32 {
    // SAFETY: the block is live and aligned, by the caller's promise. The
    // library accesses counts atomically, except of blocks that nobody else
    // knows yet.
    unsafe { AtomicI32::from_ptr(count) }
}

/// A number in a struct that several threads may use at a time. C reads it
/// after a wait, or orders its reads itself.
///
/// # Safety
/// `field` points into a live block.
pub(crate) unsafe fn shared<'a>(field: *mut c_uint) -> &'a AtomicU32 {
    // SAFETY: the block is live and aligned, by the caller's promise. The
    // library accesses such members atomically, except of blocks that nobody
    // else knows yet.
    unsafe { AtomicU32::from_ptr(field) }
}

/// Zero-filled memory from `malloc`, which C may free; NULL when there is none.
#[must_use]
pub(crate) fn allocate_block(size: usize) -> *mut u8 {
    // SAFETY: malloc has no preconditions; what it gives has that size.
    unsafe { zeroed(libc::malloc(size).cast(), size) }
}

/// The same for a block whose first member is a reference count: a value, a
/// datum, a data string, a list of addresses.
#[must_use]
pub(crate) fn counted_block(size: usize) -> *mut u8 {
    // SAFETY: the block has that size.
    unsafe { zeroed(answer_block::alone(size), size) }
}

/// Not inlined, because the compiler would make a calloc of it and malloc, and
/// glibc's passes by the thread's cache of small blocks: 7 % of the benchmark's
/// row "instructions per sequential lookup".
///
/// # Safety
/// `block` is NULL, or has `size` bytes.
#[inline(never)]
unsafe fn zeroed(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        // SAFETY: not NULL, so it has `size` bytes.
        unsafe { block.write_bytes(0, size) };
    }
    block
}
