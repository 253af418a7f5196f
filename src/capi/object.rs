//! `omapi_object_*` and `omapi_auth_key_*` references.

use super::{guard, initialize};
use crate::object::layout::{isc_result_t, omapi_auth_key_t, omapi_object_t};
use crate::object::refs;
use core::ffi::{c_char, c_int};

/// Registers the types of the library, as dhcpctl_initialize does.
#[unsafe(no_mangle)]
pub extern "C" fn omapi_init() -> isc_result_t {
    guard(initialize)
}

/// Stores another reference to `h` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_reference(
    r: *mut *mut omapi_object_t,
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { refs::reference(r, h).ok() })
}

/// Gives up the reference in `*h` and clears it. The last one from outside its
/// chain frees the object and what is linked to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_dereference(
    h: *mut *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { refs::dereference(h).ok() })
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
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; an authenticator starts as an object does.
    guard(|| unsafe { refs::dereference(a.cast()).ok() })
}
