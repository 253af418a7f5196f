//! `omapi_value_*` and setting and getting attributes by name.

use super::{guard, object, some, text, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_typed_data_t, omapi_value_t,
};
use crate::object::value::{self, Owned};
use crate::object::{data, types};
use core::ffi::{c_char, c_int};

/// Makes a value without name and content. `*v` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_value_new(
    v: *mut *mut omapi_value_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(v)?;
        *slot = value::empty()?;
        Ok(())
    })
}

/// Stores another reference to `v` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_value_reference(
    r: *mut *mut omapi_value_t,
    v: *mut omapi_value_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::reference(r, v).ok() })
}

/// Gives up the reference in `*v` and clears it; the last one frees name and
/// content too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_value_dereference(
    v: *mut *mut omapi_value_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::dereference(v).ok() })
}

/// Sets an attribute of `h` to `value` (shared, not copied), or to null when
/// it is NULL. The outermost object of the chain is asked first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { types::set_value(object(h)?, id, some(name)?, value).ok() })
}

/// As omapi_set_value, with a C string as name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_value_str(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let name = Owned(data::data_string_from(text(name)?.to_bytes())?);
        types::set_value(object(h)?, id, name.0, value).ok()
    })
}

/// Gets an attribute of `h`: a reference in `*value`, which must be NULL
/// before.
///
/// Returns 0, or ISC_R_NOTFOUND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(value)?;
        types::get_value(object(h)?, id, some(name)?, slot).ok()
    })
}

/// As omapi_get_value, with a C string as name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_get_value_str(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(value)?;
        let name = Owned(data::data_string_from(text(name)?.to_bytes())?);
        types::get_value(object(h)?, id, name.0, slot).ok()
    })
}
