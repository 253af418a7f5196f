//! Texts of result codes.

use super::guard_or;
use crate::object::layout::isc_result_t;
use crate::status::Status;
use core::ffi::c_char;

/// The text of a result code, never NULL. It needs no initialisation and is
/// not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn isc_result_totext(result: isc_result_t) -> *const c_char {
    guard_or(c"".as_ptr(), || Status(result).text().as_ptr())
}
