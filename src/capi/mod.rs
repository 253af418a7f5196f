//! The C API: entry points that check pointers, guard against panics, and call
//! inward. What a function promises is documented on it; cbindgen turns that
//! into the header.
//!
//! # Safety, for every entry point
//! The C contract: a pointer that is not NULL points to what its type says; a
//! handle was made by this library and the caller holds a reference on it; a
//! string ends with NUL. Everything else is checked here: NULL anywhere, wrong
//! kinds of object, use before initialisation give a result code.

mod array;
mod auth_key;
mod connection;
mod data_string;
mod dhcpctl;
mod dispatch;
mod generic;
mod handle;
mod handlers;
mod io;
mod kea;
mod make_value;
mod memory;
mod message;
mod object;
mod result;
mod value;
mod variadic;

use crate::abi::layout::isc_result_t;
use crate::abi::layout::omapi_object_t;
use crate::builtin;
use core::ffi::{CStr, c_char};
use omapi::status::Status;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of an entry point. A panic, which would be a bug of ours,
/// becomes `ISC_R_UNEXPECTED` instead of ending the program.
fn guard(body: impl FnOnce() -> Result<(), Status>) -> isc_result_t {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Status::from(result).0,
        Err(_) => Status::UNEXPECTED.0,
    }
}

/// As [`guard`], for entry points that wait, look up names or run callbacks:
/// a cancellation of the thread takes effect after the call. In the middle of
/// it, in the resolver or in a callback, it would unwind through Rust.
fn guard_calling(body: impl FnOnce() -> Result<(), Status>) -> isc_result_t {
    let _held_off = crate::environment::NoCancellation::begin();
    guard(body)
}

/// As [`guard`], for functions that do not return a result code.
fn guard_or<R>(on_panic: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(on_panic)
}

/// A C string that must be there.
///
/// # Safety
/// `p` is NULL or a C string that outlives the use.
unsafe fn text<'a>(p: *const c_char) -> Result<&'a CStr, Status> {
    if p.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    // SAFETY: not NULL, so a C string.
    Ok(unsafe { CStr::from_ptr(p) })
}

/// An object that must be there and have a type.
///
/// # Safety
/// `h` is NULL or live.
unsafe fn object(h: *mut omapi_object_t) -> Result<*mut omapi_object_t, Status> {
    // SAFETY: not NULL, so live.
    if h.is_null() || unsafe { (*h).r#type.is_null() } {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(h)
}

/// A pointer that must be there.
fn some<T>(p: *mut T) -> Result<*mut T, Status> {
    if p.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(p)
}

/// Registers the types; see `dhcpctl_initialize`.
fn initialize() -> Result<(), Status> {
    crate::environment::read();
    builtin::initialize()
}
