//! The C half of functions with variable arguments (`variadic.c`): what it
//! offers, and signals that the library itself sends through it.

use super::layout::{isc_result_t, omapi_datatype_t, omapi_object_t, omapi_typed_data_t, va_list};
use core::ffi::{c_char, c_int, c_uint, c_void};
use omapi::status::Status;

unsafe extern "C" {
    pub(crate) fn dhcpctl_c_typed_data_new(
        file: *const c_char,
        line: c_int,
        t: *mut *mut omapi_typed_data_t,
        kind: omapi_datatype_t,
        ...
    ) -> isc_result_t;
    pub(crate) fn dhcpctl_c_signal(
        h: *mut omapi_object_t,
        name: *const c_char,
        ...
    ) -> isc_result_t;
    pub(crate) fn dhcpctl_c_signal_in(
        h: *mut omapi_object_t,
        name: *const c_char,
        ...
    ) -> isc_result_t;
    pub(crate) fn dhcpctl_c_next_unsigned(ap: va_list) -> c_uint;
    pub(crate) fn dhcpctl_c_next_pointer(ap: va_list) -> *mut c_void;
}

/// Sends the signal `name` without arguments inward, starting at `h`.
///
/// # Safety
/// `h` is live; no lock is held.
pub(crate) unsafe fn signal_in(h: *mut omapi_object_t, name: &core::ffi::CStr) -> Status {
    // SAFETY: live, by the caller's promise; handlers of a signal without
    // arguments read none.
    Status(unsafe { dhcpctl_c_signal_in(h, name.as_ptr()) })
}

/// Sends the signal "status" with its arguments inward, starting at `h`.
///
/// # Safety
/// `h` is live, `message` NULL or live; no lock is held.
pub(crate) unsafe fn signal_status(
    h: *mut omapi_object_t,
    status: Status,
    message: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: live, by the caller's promise; handlers of "status" read an
    // unsigned and a pointer, which these two are.
    Status(unsafe { dhcpctl_c_signal_in(h, c"status".as_ptr(), status.0, message) })
}

/// Sends the signal `name` without arguments along the chain of `h`.
///
/// # Safety
/// `h` is live; no lock is held.
pub(crate) unsafe fn signal(h: *mut omapi_object_t, name: &core::ffi::CStr) -> Status {
    // SAFETY: live, by the caller's promise; handlers of a signal without
    // arguments read none.
    Status(unsafe { dhcpctl_c_signal(h, name.as_ptr()) })
}

/// The arguments of the signal "status".
///
/// # Safety
/// `ap` is what a handler got with that signal.
pub(crate) unsafe fn status_arguments(ap: va_list) -> (Status, *mut omapi_typed_data_t) {
    // SAFETY: that signal has an unsigned and then a pointer, and nobody else
    // reads the list: each is read once, in this order.
    unsafe {
        (
            Status(dhcpctl_c_next_unsigned(ap)),
            dhcpctl_c_next_pointer(ap).cast(),
        )
    }
}
