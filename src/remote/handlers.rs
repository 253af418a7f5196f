//! The handlers of remote and callback objects. C finds them in the types and, for
//! types of a program's own, by name: the header has these comments.
//!
//! # Safety
//! The C contract of `capi`, whoever calls. Every argument may be NULL. A
//! `destroy` handler is the last to use its object.

use super::callback::{self, Callback};
use super::pending_request;
use super::remote_object::{self, REMOTE_HANDLE};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::abi::variadic;
use crate::object::checked::Checked;
use crate::object::data::{self, Datum};
use crate::object::{links, types};
use core::ffi::{CStr, c_char, c_int};
use omapi::status::Status;

/// `set_value` of the type: "remote-handle" sets the handle; the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live.
    unsafe {
        let Some(remote) = remote_object::from_object(h).filter(|_| !name.is_null()) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if data::data_string_bytes(name) == REMOTE_HANDLE {
            let datum = if value.is_null() {
                Datum::Other
            } else {
                data::view(value)
            };
            return remote_object::set_remote_handle(remote, datum).0;
        }
        match types::set_inner(h, id, name, value) {
            Status::SUCCESS => Status::SUCCESS.0,
            _ => Status::NOT_FOUND.0,
        }
    }
}

/// `get_value` of the type: the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live, or an out-pointer.
    unsafe {
        if remote_object::from_object(h).is_none() || name.is_null() || value.is_null() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::get_inner(h, id, name, value).0
    }
}

/// `signal_handler` of the type: "updated" and "status" end a request, the inner objects hear "ready".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the C contract; the arguments are those of the signal of that name.
    unsafe {
        let Some(remote) = remote_object::from_object(h).filter(|_| !name.is_null()) else {
            return Status::INVALID_ARGUMENT.0;
        };
        match CStr::from_ptr(name).to_bytes() {
            b"updated" => {
                remote_object::set_wait_status(remote, Status::SUCCESS);
                pending_request::clear_flags(h);
            }
            b"status" => remote_object::note_status(remote, ap),
            _ => return types::signal_inner(h, name, ap).0,
        }
        match links::inner(h) {
            Some(inner) => variadic::signal_in(inner.as_ptr(), c"ready").0,
            None => Status::NOT_FOUND.0,
        }
    }
}

/// `destroy` of the type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    let _ = (file, line);
    // SAFETY: the C contract; nobody else uses the object any more.
    unsafe {
        let Some(remote) = remote_object::from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        remote_object::release_members(remote);
    }
    Status::SUCCESS.0
}

/// `stuff_values` of the type: the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live.
    unsafe {
        if remote_object::from_object(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::stuff_inner(c, id, h).0
    }
}

/// `set_value` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live.
    unsafe {
        if name.is_null() || Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::set_inner(h, id, name, value).0
    }
}

/// `get_value` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live, or an out-pointer.
    unsafe {
        if name.is_null() || value.is_null() || Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::get_inner(h, id, name, value).0
    }
}

/// `signal_handler` of the type: "ready" calls the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the C contract; the arguments are those of the signal of that name.
    // No lock is held while a handler runs.
    unsafe {
        let Some(c) = Checked::<Callback>::new(h).filter(|_| !name.is_null()) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if CStr::from_ptr(name) != c"ready" {
            return types::signal_inner(h, name, ap).0;
        }
        callback::ready(c);
    }
    Status::SUCCESS.0
}

/// `destroy` of the type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    let _ = (file, line);
    // SAFETY: the C contract; nobody else uses the object any more.
    unsafe {
        let Some(c) = Checked::<Callback>::new(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        callback::clear(c);
    }
    Status::SUCCESS.0
}

/// `stuff_values` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract; what is not NULL is live.
    unsafe {
        if Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::stuff_inner(c, id, h).0
    }
}
