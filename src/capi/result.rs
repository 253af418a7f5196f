//! Texts and names of result codes.

use super::{guard, guard_or};
use crate::abi::layout::{isc_msgcat_t, isc_result_t};
use core::ffi::{c_char, c_int, c_uint};
use omapi::status::{Status, names};
use parking_lot::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Texts that a program registered, newest last. They win over ours.
static TABLES: RwLock<Vec<Table>> = RwLock::new(Vec::new());
/// Spares the lock when there are none.
static ANY: AtomicBool = AtomicBool::new(false);

struct Table {
    base: c_uint,
    count: c_uint,
    texts: *mut *const c_char,
}

// SAFETY: the program promises that its texts live, unchanged, as long as the
// process.
unsafe impl Send for Table {}
// SAFETY: as above.
unsafe impl Sync for Table {}

/// The text that a program registered for a code.
fn registered(result: isc_result_t) -> Option<*const c_char> {
    if !ANY.load(Ordering::Acquire) {
        return None;
    }
    let tables = TABLES.read();
    let table = tables
        .iter()
        .rev()
        .find(|t| result.wrapping_sub(t.base) < t.count)?;
    // SAFETY: the index is below the count that the program gave, and its array
    // lives as long as the process.
    let text = unsafe { *table.texts.add((result - table.base) as usize) };
    (!text.is_null()).then_some(text)
}

/// The text of a result code, never NULL. It needs no initialisation and is
/// not to be freed.
#[unsafe(no_mangle)]
pub extern "C" fn isc_result_totext(result: isc_result_t) -> *const c_char {
    guard_or(c"".as_ptr(), || {
        registered(result).unwrap_or_else(|| Status(result).text().as_ptr())
    })
}

/// The C name of a result code, such as "ISC_R_SUCCESS"; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn isc_result_toid(result: isc_result_t) -> *const c_char {
    guard_or(c"".as_ptr(), || names::name(result).as_ptr())
}

/// Registers texts for the codes from `base` on; they live as long as the
/// program. `msgcat` and `set` are not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn isc_result_register(
    base: c_uint,
    nresults: c_uint,
    text: *mut *const c_char,
    _msgcat: *mut isc_msgcat_t,
    _set: c_int,
) -> isc_result_t {
    guard(|| {
        if text.is_null() {
            return Err(Status::INVALID_ARGUMENT);
        }
        TABLES.write().push(Table {
            base,
            count: nresults,
            texts: text,
        });
        ANY.store(true, Ordering::Release);
        Ok(())
    })
}
