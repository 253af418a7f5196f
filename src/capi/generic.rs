//! `omapi_generic_*`: generic objects and the handlers of their type.

use super::{guard, object, some, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_generic_object_t, omapi_object_t, omapi_typed_data_t,
    omapi_value_t, va_list,
};
use crate::object::{generic, refs};
use core::ffi::{c_char, c_int};
use omapi::status::Status;

/// Makes a generic object. `*gen` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_new(
    r#gen: *mut *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(r#gen)?;
        *slot = generic::new()?;
        Ok(())
    })
}

/// As omapi_generic_new, with the type's own pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_allocate(
    p: *mut *mut omapi_generic_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; a generic object starts as an object does.
    unsafe { omapi_generic_new(p.cast(), file, line) }
}

/// As omapi_object_reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_reference(
    p: *mut *mut omapi_generic_object_t,
    a: *mut omapi_generic_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; a generic object starts as an object does.
    guard(|| unsafe { refs::reference(p.cast(), a.cast()).ok() })
}

/// As omapi_object_dereference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_dereference(
    p: *mut *mut omapi_generic_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; a generic object starts as an object does.
    guard(|| unsafe { refs::dereference_at(p.cast(), file, line).ok() })
}

/// Says that all attributes are sent: flags are cleared, null values dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_clear_flags(o: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let g = generic::from_object(object(o)?).ok_or(Status::INVALID_ARGUMENT)?;
        generic::clear_flags(g);
        Ok(())
    })
}

/// `set_value` of the type: replaces in place, or appends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(generic::set_handler(object(h)?, id, some(name)?, value)).ok() })
}

/// `get_value` of the type; what it has not, its inner objects may have.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        Status(generic::get_handler(
            object(h)?,
            id,
            some(name)?,
            some(value)?,
        ))
        .ok()
    })
}

/// `destroy` of the type: drops all attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(generic::destroy_handler(object(h)?, file, line)).ok() })
}

/// `signal_handler` of the type: passes signals inward.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        Status(generic::signal_handler(
            object(h)?,
            some(name.cast_mut())?,
            ap,
        ))
        .ok()
    })
}

/// `stuff_values` of the type: sends the attributes that were set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_generic_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(generic::stuff_handler(c, id, object(h)?)).ok() })
}
