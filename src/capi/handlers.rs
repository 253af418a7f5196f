//! The handlers of remote and callback objects, which programs that define
//! types of their own may call.

use super::guard;
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::remote::{callback, remote_object};
use core::ffi::{c_char, c_int};
use omapi::status::Status;

/// `set_value` of the type: "remote-handle" sets the handle; the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(remote_object::set_handler(h, id, name, value)).ok() })
}

/// `get_value` of the type: the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(remote_object::get_handler(h, id, name, value)).ok() })
}

/// `signal_handler` of the type: "updated" and "status" end a request, the inner objects hear "ready".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(remote_object::signal_handler(h, name, ap)).ok() })
}

/// `destroy` of the type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(remote_object::destroy_handler(h, file, line)).ok() })
}

/// `stuff_values` of the type: the inner objects have the attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(remote_object::stuff_handler(c, id, h)).ok() })
}

/// `set_value` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(callback::set_handler(h, id, name, value)).ok() })
}

/// `get_value` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(callback::get_handler(h, id, name, value)).ok() })
}

/// `signal_handler` of the type: "ready" calls the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(callback::signal_handler(h, name, ap)).ok() })
}

/// `destroy` of the type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_destroy(
    h: *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(callback::destroy_handler(h, file, line)).ok() })
}

/// `stuff_values` of the type: nothing is its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_callback_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(callback::stuff_handler(c, id, h)).ok() })
}
