//! `omapi_auth_key_*`: authenticators, and the table in which a program may
//! enter them by name.

use super::{guard, object, some, text, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_auth_key_t, omapi_data_string_t, omapi_object_t, omapi_value_t,
};
use crate::object::{auth_key, refs};
use core::ffi::{c_char, c_int};
use omapi::status::Status;

/// Makes an authenticator whose members the program fills with memory of
/// dmalloc. `*o` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_new(
    o: *mut *mut omapi_auth_key_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(o)?;
        *slot = auth_key::empty()?.into_raw();
        Ok(())
    })
}

/// As omapi_auth_key_new.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_allocate(
    p: *mut *mut omapi_auth_key_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    unsafe { omapi_auth_key_new(p, file, line) }
}

/// As omapi_object_reference, for an authenticator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_reference(
    r: *mut *mut omapi_auth_key_t,
    a: *mut omapi_auth_key_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; an authenticator starts as an object does.
    guard(|| unsafe { refs::reference(r.cast(), a.cast()).ok() })
}

/// As omapi_object_dereference, for an authenticator. Its secret is erased
/// with it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_dereference(
    a: *mut *mut omapi_auth_key_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; an authenticator starts as an object does.
    guard(|| unsafe { refs::dereference_at(a.cast(), file, line).ok() })
}

/// Enters an authenticator in the table, by its name; one of the same name is
/// replaced. The table holds a reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_enter(a: *mut omapi_auth_key_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { auth_key::enter(object(a.cast())?) })
}

/// Stores a reference to the authenticator of that name (in any case) in `*a`,
/// which must be NULL before.
///
/// Returns 0, or ISC_R_NOTFOUND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_lookup_name(
    a: *mut *mut omapi_auth_key_t,
    name: *const c_char,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(a)?;
        let found = auth_key::look_up(text(name)?.to_bytes()).ok_or(Status::NOT_FOUND)?;
        *slot = found.into_raw();
        Ok(())
    })
}

/// `lookup` of the type: the authenticator whose name and algorithm `ref` has
/// as attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_lookup(
    h: *mut *mut omapi_object_t,
    _id: *mut omapi_object_t,
    r#ref: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(h)?;
        if r#ref.is_null() {
            return Err(Status::NO_KEYS);
        }
        *slot = auth_key::look_up_like(object(r#ref)?)?
            .into_object()
            .into_raw();
        Ok(())
    })
}

/// `destroy` of the type: erases the secret, frees the members.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(auth_key::destroy_handler(object(h)?, file, line)).ok() })
}

/// `get_value` of the type: "name", "algorithm", "key".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        Status(auth_key::get_handler(
            object(h)?,
            id,
            some(name)?,
            some(value)?,
        ))
        .ok()
    })
}

/// `stuff_values` of the type: sends name and algorithm, never the key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_auth_key_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(auth_key::stuff_handler(c, id, object(h)?)).ok() })
}
