//! The types of what is around a protocol object: connection and io objects.
//! Their handlers pass everything on to the inner object.

use super::layout::{
    isc_result_t, omapi_connection_object_t, omapi_data_string_t, omapi_io_object_t,
    omapi_object_t, omapi_object_type_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use super::{data, refs, types};
use core::ffi::c_char;
use core::mem::size_of;
use omapi::status::Status;

/// The type of connection objects, as it is registered.
pub(super) fn connection_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(connection_set),
        ..passing(types::bare(
            c"connection",
            size_of::<omapi_connection_object_t>(),
        ))
    }
}

/// The type of io objects, as it is registered.
pub(super) fn io_type() -> omapi_object_type_t {
    passing(types::bare(c"io", size_of::<omapi_io_object_t>()))
}

/// A type whose handlers pass everything to the inner object.
pub(super) fn passing(t: omapi_object_type_t) -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(pass_set),
        get_value: Some(pass_get),
        signal_handler: Some(pass_signal),
        stuff_values: Some(pass_stuff),
        ..t
    }
}

unsafe extern "C" fn pass_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects; what is inside stays alive.
    unsafe {
        let _inner = refs::inner(h);
        types::set_inner(h, id, name, value).0
    }
}

unsafe extern "C" fn pass_get(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects; what is inside stays alive.
    unsafe {
        let _inner = refs::inner(h);
        types::get_inner(h, id, name, value).0
    }
}

unsafe extern "C" fn pass_signal(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects; what is inside stays alive.
    unsafe {
        let _inner = refs::inner(h);
        types::signal_inner(h, name, ap).0
    }
}

unsafe extern "C" fn pass_stuff(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects; what is inside stays alive.
    unsafe {
        let _inner = refs::inner(h);
        types::stuff_inner(c, id, h).0
    }
}

/// Names that mean the signing of bytes in the original's buffers are not
/// attributes, and nothing that a program can set.
unsafe extern "C" fn connection_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe {
        let _inner = refs::inner(h);
        match data::data_string_bytes(name) {
            b"input-authenticator"
            | b"output-authenticator"
            | b"input-signature"
            | b"output-signature"
            | b"output-signature-size" => Status::INVALID_ARGUMENT.0,
            _ => types::set_inner(h, id, name, value).0,
        }
    }
}
