//! The types of the objects outward of a protocol object: connection and io
//! objects.
//! Their handlers pass everything on to the inner object.

use super::{data, types};
use crate::abi::layout::{
    isc_result_t, omapi_connection_object_t, omapi_data_string_t, omapi_io_object_t,
    omapi_object_t, omapi_object_type_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use core::ffi::c_char;
use core::mem::size_of;
use omapi::status::Status;

/// The type of connection objects, as it is registered.
pub(crate) fn connection_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(connection_set),
        ..forwarding(types::bare(
            c"connection",
            size_of::<omapi_connection_object_t>(),
        ))
    }
}

/// The type of io objects, as it is registered.
pub(crate) fn io_type() -> omapi_object_type_t {
    forwarding(types::bare(c"io", size_of::<omapi_io_object_t>()))
}

/// A type whose handlers pass everything to the inner object.
pub(crate) fn forwarding(t: omapi_object_type_t) -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(forward_set),
        get_value: Some(forward_get),
        signal_handler: Some(forward_signal),
        stuff_values: Some(forward_stuff),
        ..t
    }
}

unsafe extern "C" fn forward_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object: the dispatcher does, and
    // C must.
    unsafe { types::set_inner(h, id, name, value).0 }
}

unsafe extern "C" fn forward_get(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object: the dispatcher does, and
    // C must.
    unsafe { types::get_inner(h, id, name, value).0 }
}

unsafe extern "C" fn forward_signal(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object: the dispatcher does, and
    // C must.
    unsafe { types::signal_inner(h, name, ap).0 }
}

unsafe extern "C" fn forward_stuff(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object: the dispatcher does, and
    // C must.
    unsafe { types::stuff_inner(c, id, h).0 }
}

/// Names that mean the signing of bytes in the original's buffers are not
/// attributes, and nothing that a program can set.
unsafe extern "C" fn connection_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object, as above; the name is
    // live and does not change.
    unsafe {
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
