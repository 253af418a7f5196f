//! `omapi_data_string_*`, `omapi_typed_data_*` and comparisons.

use super::{guard, guard_or, some, text, vacant};
use crate::abi::layout::{isc_result_t, omapi_data_string_t, omapi_typed_data_t};
use crate::object::data::{self, Datum};
use core::ffi::{c_char, c_int, c_uint, c_ulong};
use omapi::status::Status;

/// Makes a data string of `len` zero bytes with one reference. `*d` must be
/// NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_data_string_new(
    d: *mut *mut omapi_data_string_t,
    len: c_uint,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(d)?;
        *slot = data::new_data_string(len as usize)?;
        Ok(())
    })
}

/// Stores another reference to `s` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_data_string_reference(
    r: *mut *mut omapi_data_string_t,
    s: *mut omapi_data_string_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::reference(r, s).ok() })
}

/// Gives up the reference in `*s` and clears it; the last one frees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_data_string_dereference(
    s: *mut *mut omapi_data_string_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::dereference(s).ok() })
}

/// Stores another reference to `t` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_typed_data_reference(
    r: *mut *mut omapi_typed_data_t,
    t: *mut omapi_typed_data_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::reference(r, t).ok() })
}

/// Gives up the reference in `*t` and clears it; the last one frees, and gives
/// up the object that the datum holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_typed_data_dereference(
    t: *mut *mut omapi_typed_data_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::dereference(t).ok() })
}

/// The bytes of a data string; none for NULL.
///
/// # Safety
/// `d` is NULL or live and outlives the use.
unsafe fn contents<'a>(d: *const omapi_data_string_t) -> &'a [u8] {
    if d.is_null() {
        return &[];
    }
    // SAFETY: not NULL, so live.
    unsafe { data::data_string_bytes(d) }
}

/// The bytes of a C string; none for NULL.
///
/// # Safety
/// `s` is NULL or a C string and outlives the use.
unsafe fn characters<'a>(s: *const c_char) -> &'a [u8] {
    // SAFETY: NULL, or a C string that outlives the use, by the caller's
    // promise.
    unsafe { text(s).map_or(&[], core::ffi::CStr::to_bytes) }
}

/// Compares two data strings: 0 when equal; else the sign of the first
/// difference, or of the lengths. NULL counts as empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_data_string_cmp(
    s1: *mut omapi_data_string_t,
    s2: *mut omapi_data_string_t,
) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe { data::compare(contents(s1), contents(s2)) })
}

/// Compares a data string with a C string, as omapi_data_string_cmp does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_ds_strcmp(s1: *mut omapi_data_string_t, s2: *const c_char) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe {
        data::compare(contents(s1), characters(s2))
    })
}

/// Compares a string or data datum with a C string; -1 for other types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_td_strcmp(s1: *mut omapi_typed_data_t, s2: *const c_char) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe {
        match some(s1).map(|t| data::view(t)) {
            Ok(Datum::String(b) | Datum::Data(b)) => data::compare(b, characters(s2)),
            _ => -1,
        }
    })
}

/// As omapi_td_strcmp, without regard to the case of ASCII letters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_td_strcasecmp(
    s1: *mut omapi_typed_data_t,
    s2: *const c_char,
) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe {
        match some(s1).map(|t| data::view(t)) {
            Ok(Datum::String(b) | Datum::Data(b)) => data::compare(
                &b.to_ascii_lowercase(),
                &characters(s2).to_ascii_lowercase(),
            ),
            _ => -1,
        }
    })
}

/// The number of a datum: an integer (sign-extended), or four bytes of string
/// or data in network byte order (zero-extended).
///
/// Returns 0, or DHCP_R_INVALIDARG for any other datum; `*v` is then untouched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_get_int_value(
    v: *mut c_ulong,
    t: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let v = some(v)?;
        let number = data::view(some(t)?)
            .number()
            .ok_or(Status::INVALID_ARGUMENT)?;
        *v = number as c_ulong;
        Ok(())
    })
}
