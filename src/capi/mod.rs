//! The C API: entry points that check pointers, guard against panics, and call
//! inward. What a function promises is documented on it; cbindgen turns that
//! into the header.
//!
//! # Safety, for every entry point
//!
//! What "the C contract" in a comment means: each argument is NULL (which is
//! checked here), or what the list says of its type, for the whole call. Wrong
//! kinds of objects, and calls before initialisation, are checked, too.
//!
//! - **An object** (`omapi_object_t *` and the structs that begin as it does,
//!   `dhcpctl_handle`) was made by this library, or prepared by
//!   `omapi_object_initialize`, and is live: the caller owns a reference on it,
//!   or on something that has one. What the program stores in members that it
//!   may fill (an authenticator's name, algorithm and key) is NULL or what the
//!   header says, from `dmalloc`, and does not change once the object is used.
//! - **A value, datum, data string or list** was made by this library, and is
//!   live in the same way. It is as long as its type or its length says, and
//!   nobody changes its contents meanwhile; the library itself does not.
//! - **A type** is registered, and so live until the process ends. The members
//!   that it sets, and its name, do not change; the name is a C string.
//! - **A string** (`const char *`) is valid for reads up to its NUL, which is
//!   less than `isize::MAX` bytes away, and does not change. File names with a
//!   line beside them are handed on without being read.
//! - **A pointer with a length** is valid for reads of that many bytes, which do
//!   not change. It may be NULL, or dangle, when the length is 0.
//! - **An out-pointer** (`T **`, `int *`, `dhcpctl_status *` ...) is aligned, and
//!   valid for reads and writes of a `T *`, `int` ...; it is initialised where
//!   the function says what must be in it before. What a `T **` holds is NULL or
//!   live. Nobody else accesses it during the call.
//! - **A `struct timeval *`** is aligned and valid for reads.
//! - **A function** may be called as its type says, from any thread that is in
//!   the library, with its data pointer, for as long as it can be reached: a
//!   callback until the object that it was set on has died or got another one, a
//!   type's handlers for ever, the functions of an io object until it is
//!   unregistered and calls of them have returned. It does not unwind into the
//!   library: `longjmp` and C++ exceptions stay on its side. The data pointer is
//!   never dereferenced here.
//! - **A `va_list`** is what the caller's `va_start` made, or was handed to it. It
//!   has the arguments of the signal that it comes with, and is not used by
//!   anybody else until the call returns; after it, its value is indeterminate,
//!   as C has it.

mod array;
mod auth_key;
mod connection;
mod data_string;
mod dhcpctl;
mod dispatch;
mod generic;
mod handle;
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

/// An out-pointer that must be there and hold NULL.
///
/// # Safety
/// `p` is NULL, or valid for reads.
unsafe fn vacant<T>(p: *mut *mut T) -> Result<*mut *mut T, Status> {
    let slot = some(p)?;
    // SAFETY: not NULL, so valid for reads.
    if unsafe { (*slot).is_null() } {
        Ok(slot)
    } else {
        Err(Status::INVALID_ARGUMENT)
    }
}

/// Registers the types; see `dhcpctl_initialize`.
fn initialize() -> Result<(), Status> {
    crate::environment::read();
    builtin::initialize()
}
