//! `dmalloc`, `dfree`: the allocator that programs of the original share with
//! it. Blocks are interchangeable with malloc's.

use super::guard_or;
use crate::abi::memory;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

/// Allocates `size` zero bytes; NULL when there are none. File and line are
/// not looked at.
#[unsafe(no_mangle)]
pub extern "C" fn dmalloc(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    guard_or(null_mut(), || memory::allocate_block(size).cast())
}

/// Frees a block of dmalloc or malloc; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dfree(ptr: *mut c_void, _file: *const c_char, _line: c_int) {
    // SAFETY: the C contract: from malloc, or NULL.
    unsafe { libc::free(ptr) }
}
