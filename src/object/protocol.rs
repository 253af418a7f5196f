//! The kinds of objects around a connection handle, and what their handlers do:
//! mostly pass everything inward, to the handle's own attributes. The protocol
//! object also has the list of authenticators.

use super::layout::{
    isc_result_t, omapi_connection_object_t, omapi_data_string_t, omapi_io_object_t,
    omapi_object_t, omapi_object_type_t, omapi_protocol_object_t, omapi_remote_auth_t,
    omapi_typed_data_t, omapi_value_t, va_list,
};
use super::{data, refs, types};
use crate::status::Status;
use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;

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

/// The type of protocol objects, as it is registered.
pub(super) fn protocol_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(protocol_set),
        destroy: Some(protocol_destroy),
        ..passing(types::bare(
            c"protocol",
            size_of::<omapi_protocol_object_t>(),
        ))
    }
}

/// A type whose handlers pass everything to the inner object.
fn passing(t: omapi_object_type_t) -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(pass_set),
        get_value: Some(pass_get),
        signal_handler: Some(pass_signal),
        stuff_values: Some(pass_stuff),
        ..t
    }
}

/// Makes `auth` the default authenticator of the protocol object.
///
/// # Safety
/// Both are live.
pub(super) unsafe fn remember_auth(p: *mut omapi_protocol_object_t, auth: *mut omapi_object_t) {
    let entry: *mut omapi_remote_auth_t =
        data::allocate_block(size_of::<omapi_remote_auth_t>()).cast();
    if entry.is_null() {
        return;
    }
    // SAFETY: a fresh zeroed block; p and auth are live.
    unsafe {
        refs::reference(&raw mut (*entry).a, auth);
        (*entry).next = (*p).remote_auth_list;
        (*p).remote_auth_list = entry;
        (*p).default_auth = entry;
    }
}

/// Gives up all authenticators of the protocol object.
///
/// # Safety
/// `p` is live, and nobody else changes its list.
pub(super) unsafe fn forget_auth(p: *mut omapi_protocol_object_t) {
    // SAFETY: as the function's; entries are from malloc.
    unsafe {
        (*p).default_auth = null_mut();
        while !(*p).remote_auth_list.is_null() {
            let entry = (*p).remote_auth_list;
            (*p).remote_auth_list = (*entry).next;
            refs::dereference(&raw mut (*entry).a);
            libc::free(entry.cast());
        }
    }
}

unsafe extern "C" fn pass_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::set_inner(h, id, name, value) }.0
}

unsafe extern "C" fn pass_get(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::get_inner(h, id, name, value) }.0
}

unsafe extern "C" fn pass_signal(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::signal_inner(h, name, ap) }.0
}

unsafe extern "C" fn pass_stuff(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::stuff_inner(c, id, h) }.0
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

/// "default-authenticator" chooses among the authenticators of the connection.
unsafe extern "C" fn protocol_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects of this type.
    unsafe {
        if data::data_string_bytes(name) != b"default-authenticator" {
            return types::set_inner(h, id, name, value).0;
        }
        let wanted = match value.is_null() {
            true => data::Datum::Other,
            false => data::view(value),
        };
        let data::Datum::Object(wanted) = wanted else {
            return Status::INVALID_ARGUMENT.0;
        };
        let p = h.cast::<omapi_protocol_object_t>();
        let mut entry = (*p).remote_auth_list;
        while !entry.is_null() {
            if (*entry).a == wanted {
                (*p).default_auth = entry;
                return Status::SUCCESS.0;
            }
            entry = (*entry).next;
        }
        Status::NOT_FOUND.0
    }
}

unsafe extern "C" fn protocol_destroy(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the object is dying, so its list is ours.
    unsafe { forget_auth(h.cast()) };
    Status::SUCCESS.0
}
