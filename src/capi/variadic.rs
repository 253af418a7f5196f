//! Functions with variable arguments. Rust cannot define them, and a C function
//! of that name would not be exported from the shared library; so each name is
//! a jump to a hidden C function (`variadic.c`), which leaves every register
//! as it is.

use crate::object::layout::{
    isc_result_t, omapi_datatype_t, omapi_object_t, omapi_typed_data_t, va_list,
};
use crate::object::{data, types};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::null_mut;
use omapi::status::Status;

unsafe extern "C" {
    fn dhcpctl_c_typed_data_new(
        file: *const c_char,
        line: c_int,
        t: *mut *mut omapi_typed_data_t,
        kind: omapi_datatype_t,
        ...
    ) -> isc_result_t;
    fn dhcpctl_c_signal(h: *mut omapi_object_t, name: *const c_char, ...) -> isc_result_t;
    fn dhcpctl_c_signal_in(h: *mut omapi_object_t, name: *const c_char, ...) -> isc_result_t;
    fn dhcpctl_c_next_unsigned(ap: va_list) -> c_uint;
    fn dhcpctl_c_next_pointer(ap: va_list) -> *mut c_void;
}

#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    ($target:path) => {
        core::arch::naked_asm!("jmp {}", sym $target)
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    ($target:path) => {
        core::arch::naked_asm!("b {}", sym $target)
    };
}
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("tell src/capi/variadic.rs how this architecture jumps");

/// See omapi_typed_data_new in the header.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn omapi_typed_data_new() {
    jump!(dhcpctl_c_typed_data_new)
}

/// See omapi_signal in the header.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn omapi_signal() {
    jump!(dhcpctl_c_signal)
}

/// See omapi_signal_in in the header.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn omapi_signal_in() {
    jump!(dhcpctl_c_signal_in)
}

// What variadic.c calls. A plain no_mangle function would be exported; an
// alias with hidden visibility is not.
macro_rules! hidden {
    ($name:literal, $target:path) => {
        #[cfg(target_arch = "x86_64")]
        core::arch::global_asm!(
            concat!(".globl ", $name), concat!(".hidden ", $name), concat!($name, ": jmp {}"),
            sym $target
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::global_asm!(
            concat!(".globl ", $name), concat!(".hidden ", $name), concat!($name, ": b {}"),
            sym $target
        );
    };
}
hidden!("dhcpctl_rs_typed_data_new", typed_data_new);
hidden!("dhcpctl_rs_outermost", outermost);

unsafe extern "C" fn typed_data_new(
    t: *mut *mut omapi_typed_data_t,
    kind: c_uint,
    integer: c_int,
    pointer: *mut c_void,
) -> isc_result_t {
    // SAFETY: the C contract of omapi_typed_data_new.
    super::guard(|| unsafe {
        let slot = super::some(t)?;
        if !(*slot).is_null() {
            return Err(Status::INVALID_ARGUMENT);
        }
        *slot = match kind {
            0 => data::typed_int(integer)?,
            1 => data::typed_from(super::text(pointer.cast())?.to_bytes(), true)?,
            2 => data::typed_buffer(integer as c_uint as usize, false)?,
            3 => data::typed_object(pointer.cast())?,
            _ => return Err(Status::INVALID_ARGUMENT),
        };
        Ok(())
    })
}

unsafe extern "C" fn outermost(h: *mut omapi_object_t) -> *mut omapi_object_t {
    if h.is_null() {
        return null_mut();
    }
    // SAFETY: the C contract of omapi_signal: h is live.
    super::guard_or(null_mut(), || unsafe { types::outermost(h) })
}

/// Sends the signal `name` without arguments inward, starting at `h`.
///
/// # Safety
/// `h` is live; no lock is held.
pub(crate) unsafe fn signal_in(h: *mut omapi_object_t, name: &core::ffi::CStr) -> Status {
    // SAFETY: as the function's.
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
    // SAFETY: as the function's; handlers of "status" read these two.
    Status(unsafe { dhcpctl_c_signal_in(h, c"status".as_ptr(), status.0, message) })
}

/// Sends the signal `name` without arguments along the chain of `h`.
///
/// # Safety
/// `h` is live; no lock is held.
pub(crate) unsafe fn signal(h: *mut omapi_object_t, name: &core::ffi::CStr) -> Status {
    // SAFETY: as the function's.
    Status(unsafe { dhcpctl_c_signal(h, name.as_ptr()) })
}

/// The arguments of the signal "status".
///
/// # Safety
/// `ap` is what a handler got with that signal.
pub(crate) unsafe fn status_arguments(ap: va_list) -> (Status, *mut omapi_typed_data_t) {
    // SAFETY: as the function's: an unsigned, then a pointer.
    unsafe {
        (
            Status(dhcpctl_c_next_unsigned(ap)),
            dhcpctl_c_next_pointer(ap).cast(),
        )
    }
}
