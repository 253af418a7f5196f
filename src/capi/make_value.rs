//! `omapi_make_*_value` and `omapi_set_*_value`: values from C types.

use super::{guard, object, some, text, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_typed_data_t, omapi_value_t,
};
use crate::object::value::{self, Owned};
use crate::object::{data, handles, types};
use core::ffi::{c_char, c_int, c_uchar, c_uint};
use core::ptr::null_mut;
use omapi::status::Status;

/// Stores a new value of that name in `*slot`, which must be NULL before.
///
/// # Safety
/// The C contract of the functions below.
unsafe fn make(
    slot: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    datum: Result<*mut omapi_typed_data_t, Status>,
) -> Result<(), Status> {
    let datum = Owned(datum?);
    // SAFETY: NULL or an out-pointer, by the C contract.
    let (slot, name) = (unsafe { vacant(slot) }?, some(name)?);
    // SAFETY: the name is live; the slot holds NULL, and is writable.
    unsafe { *slot = value::new(name, datum.0)? };
    Ok(())
}

/// Makes a value that shares `name` and `value`; NULL is the null value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let mut shared = null_mut();
        if !value.is_null() {
            data::reference(&raw mut shared, value).ok()?;
        }
        make(vp, name, Ok(shared))
    })
}

/// Makes a value with a copy of `len` bytes; NULL is the null value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_const_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *const c_uchar,
    len: c_uint,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let datum = if value.is_null() {
            Ok(null_mut())
        } else {
            data::typed_from(core::slice::from_raw_parts(value, len as usize), false)
        };
        make(vp, name, datum)
    })
}

/// Makes a value with a copy of a string; NULL is the null value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_string_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *const c_char,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let datum = if value.is_null() {
            Ok(null_mut())
        } else {
            data::typed_from(text(value)?.to_bytes(), true)
        };
        make(vp, name, datum)
    })
}

/// Makes a value with a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_int_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: c_int,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { make(vp, name, data::typed_int(value)) })
}

/// Makes a value with a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_uint_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: c_uint,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { make(vp, name, data::typed_int(value as c_int)) })
}

/// Makes a value with a reference on an object; NULL is the null value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_object_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let datum = if value.is_null() {
            Ok(null_mut())
        } else {
            data::typed_object(value)
        };
        make(vp, name, datum)
    })
}

/// Makes a value with the local handle of an object; NULL is the null value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_make_handle_value(
    vp: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let datum = if value.is_null() {
            Ok(null_mut())
        } else {
            data::typed_int(handles::of(object(value)?)? as c_int)
        };
        make(vp, name, datum)
    })
}

/// Sets a named attribute to a new datum.
///
/// # Safety
/// The C contract of the functions below.
unsafe fn set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    datum: Result<*mut omapi_typed_data_t, Status>,
) -> Result<(), Status> {
    // SAFETY: the C contract: the object is NULL or live, the name NULL or a C
    // string; our own name and datum live until the handlers have returned.
    unsafe {
        let datum = Owned(datum?);
        let name = Owned(data::data_string_from(text(name)?.to_bytes())?);
        types::set_value(object(h)?, id, name.0, datum.0).ok()
    }
}

/// Sets an attribute to a number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_int_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, id, name, data::typed_int(value)) })
}

/// Sets an attribute to a number; it is not reduced to 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_boolean_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, id, name, data::typed_int(value)) })
}

/// Sets an attribute to a copy of a string, or to null for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_string_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: *const c_char,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let datum = if value.is_null() {
            Ok(null_mut())
        } else {
            data::typed_from(text(value)?.to_bytes(), true)
        };
        set(h, id, name, datum)
    })
}

/// Sets an attribute to a reference on an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_set_object_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *const c_char,
    value: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, id, name, data::typed_object(value)) })
}
