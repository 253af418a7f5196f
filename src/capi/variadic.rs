//! Functions with variable arguments. Rust cannot define them, and a C function
//! of that name would not be exported from the shared library; so each name is
//! a jump to a hidden C function (`variadic.c`), which leaves every register
//! as it is.

use crate::abi::layout::{isc_result_t, omapi_object_t, omapi_typed_data_t};
use crate::abi::variadic::{dhcpctl_c_signal, dhcpctl_c_signal_in, dhcpctl_c_typed_data_new};
use crate::object::refs::ObjectRef;
use crate::object::{data, types};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null_mut;
use omapi::status::Status;

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
hidden!("dhcpctl_rs_release", release);

unsafe extern "C" fn typed_data_new(
    t: *mut *mut omapi_typed_data_t,
    kind: c_uint,
    integer: c_int,
    pointer: *mut c_void,
) -> isc_result_t {
    // SAFETY: the C contract of omapi_typed_data_new.
    super::guard(|| unsafe {
        let slot = super::vacant(t)?;
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
    super::guard_or(null_mut(), || unsafe {
        types::outermost(h).map_or(h, ObjectRef::into_raw)
    })
}

unsafe extern "C" fn release(outermost: *mut omapi_object_t) {
    if !outermost.is_null() {
        // SAFETY: a reference that `outermost` returned.
        super::guard_or((), || unsafe { drop(ObjectRef::from_raw(outermost)) });
    }
}
