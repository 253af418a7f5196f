//! `omapi_*_io_object`: a program's own descriptors in the library's waits.

use super::{guard, object};
use crate::abi::layout::{isc_result_t, omapi_object_t};
use crate::remote::io::{self, Functions};
use core::ffi::{c_int, c_void};
use omapi::status::Status;

/// Has waits and dispatches serve descriptors of `h`: `readfd` and `writefd`
/// return them (-1 for none at the moment), `reader` and `writer` are called
/// when they are ready; then `reaper`, which ends the registration by a result
/// other than 0. All are called with `h`; any may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_register_io_object(
    h: *mut omapi_object_t,
    readfd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    writefd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    reader: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    writer: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    reaper: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
) -> isc_result_t {
    let functions = Functions {
        readfd,
        writefd,
        reader,
        writer,
        reaper,
    };
    // SAFETY: the C contract.
    guard(|| unsafe { io::register(object(h)?, functions).ok() })
}

/// Replaces the functions of a registered object; registers any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_reregister_io_object(
    h: *mut omapi_object_t,
    readfd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    writefd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    reader: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    writer: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    reaper: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
) -> isc_result_t {
    let functions = Functions {
        readfd,
        writefd,
        reader,
        writer,
        reaper,
    };
    // SAFETY: the C contract.
    guard(|| unsafe { io::reregister(object(h)?, functions).ok() })
}

/// Ends the registration of `h`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_unregister_io_object(h: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { io::unregister(object(h)?).ok() })
}

/// Calls `func` with every connection object, every registered object, and
/// `p`, until it returns something other than 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_io_state_foreach(
    func: Option<unsafe extern "C" fn(*mut omapi_object_t, *mut c_void) -> isc_result_t>,
    p: *mut c_void,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let func = func.ok_or(Status::INVALID_ARGUMENT)?;
        for object in io::served() {
            Status(func(object.as_ptr(), p)).ok()?;
        }
        Ok(())
    })
}
