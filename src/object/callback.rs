//! Callback objects: innermost in the chain of the object whose completions
//! they report.

use super::layout::{
    dhcpctl_callback_object_t, dhcpctl_remote_object_t, dhcpctl_status, isc_result_t,
    omapi_data_string_t, omapi_object_t, omapi_object_type_t, omapi_typed_data_t, omapi_value_t,
    va_list,
};
use super::refs::{self, ObjectRef};
use super::{data, remote, types};
use crate::capi::data as symbols;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::size_of;
use omapi::status::Status;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::atomic::Ordering;

/// The program's function: object, status of the completed request, its data.
pub type Function = unsafe extern "C" fn(*mut omapi_object_t, dhcpctl_status, *mut c_void);

/// Protects function and data of all callback objects, and that an object has
/// one. Only the structure lock is taken under it.
static FIELDS: Mutex<()> = Mutex::new(());

/// The type, as it is registered.
pub(super) fn callback_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(set_handler),
        get_value: Some(get_handler),
        destroy: Some(destroy_handler),
        signal_handler: Some(signal_handler),
        stuff_values: Some(stuff_handler),
        ..types::bare(c"dhcpctl-callback", size_of::<dhcpctl_callback_object_t>())
    }
}

/// The callback object in the chain inside `object`.
///
/// # Safety
/// `object` is live.
pub(super) unsafe fn of(object: *mut omapi_object_t) -> Option<*mut dhcpctl_callback_object_t> {
    let mut o = object;
    // SAFETY: links keep their targets alive.
    unsafe {
        while let Some(inner) = refs::link(&raw mut (*o).inner) {
            if types::is(inner, &symbols::dhcpctl_callback_type) {
                return Some(inner.cast());
            }
            o = inner;
        }
    }
    None
}

/// Sets the callback of `object`; a second one replaces the first.
///
/// # Safety
/// `object` is live; `function` stays callable, with `data`, for as long as
/// requests of the object complete.
pub unsafe fn set(object: *mut omapi_object_t, data: *mut c_void, function: Function) -> Status {
    // SAFETY: as the function's; the new object is live and unlinked.
    unsafe {
        let guard = FIELDS.lock();
        if let Some(existing) = of(object) {
            (*existing).data = data;
            (*existing).callback = Some(function);
            return Status::SUCCESS;
        }
        let new = types::get(&symbols::dhcpctl_callback_type)
            .and_then(|t| refs::allocate(t, size_of::<dhcpctl_callback_object_t>()));
        let new = match new {
            Ok(o) => ObjectRef::from_raw(o),
            Err(status) => return status,
        };
        let c = new.as_ptr().cast::<dhcpctl_callback_object_t>();
        // Not counted: the callback lives in the chain of its object, and a
        // counted reference would keep that chain alive for ever.
        (*c).object = object;
        (*c).data = data;
        (*c).callback = Some(function);
        let mut innermost = object;
        while let Some(inner) = refs::link(&raw mut (*innermost).inner) {
            innermost = inner;
        }
        refs::join(innermost, new.as_ptr());
        drop(guard);
    }
    Status::SUCCESS
}

/// Calls the callback of `object`, if it still has one.
///
/// # Safety
/// `object` is live; no lock is held.
pub(super) unsafe fn run(object: *mut omapi_object_t, status: Status) {
    // SAFETY: as the function's; the program keeps its function callable.
    unsafe {
        let Some(c) = of(object) else { return };
        let (function, data) = {
            let _guard = FIELDS.lock();
            ((*c).callback, (*c).data)
        };
        if let Some(function) = function {
            function(object, status.0, data);
        }
    }
}

thread_local! {
    /// True while the library itself tells a chain of a completion: it calls
    /// the callback by itself, once, whatever the chain does with signals.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Sends signals that must not reach callbacks.
pub(super) fn quietly<R>(send: impl FnOnce() -> R) {
    let before = QUIET.replace(true);
    send();
    QUIET.set(before);
}

/// `set_value` of the type: nothing is its own.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `id` and `value` are NULL or live.
pub unsafe extern "C" fn set_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || !types::is(h, &symbols::dhcpctl_callback_type) {
            return Status::INVALID_ARGUMENT.0;
        }
        types::set_inner(h, id, name, value).0
    }
}

/// `get_value` of the type: nothing is its own.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `value` is writable or NULL.
pub unsafe extern "C" fn get_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null()
            || name.is_null()
            || value.is_null()
            || !types::is(h, &symbols::dhcpctl_callback_type)
        {
            return Status::INVALID_ARGUMENT.0;
        }
        types::get_inner(h, id, name, value).0
    }
}

/// `destroy` of the type: it owns nothing.
///
/// # Safety
/// C: `h` is NULL or live, and nobody else uses it.
pub unsafe extern "C" fn destroy_handler(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || !types::is(h, &symbols::dhcpctl_callback_type) {
            return Status::INVALID_ARGUMENT.0;
        }
        let c = h.cast::<dhcpctl_callback_object_t>();
        (*c).callback = None;
        (*c).object = core::ptr::null_mut();
    }
    Status::SUCCESS.0
}

/// `signal_handler` of the type: "ready" calls the function with the object's
/// present status. (Completions call it by themselves.)
///
/// # Safety
/// C: `h` and `name` are live or NULL.
pub unsafe extern "C" fn signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || !types::is(h, &symbols::dhcpctl_callback_type) {
            return Status::INVALID_ARGUMENT.0;
        }
        if CStr::from_ptr(name) != c"ready" {
            return types::signal_inner(h, name, ap).0;
        }
        if !QUIET.get() {
            let object = (*h.cast::<dhcpctl_callback_object_t>()).object;
            if !object.is_null() {
                let status = match remote::is_remote(object) {
                    true => {
                        let r = object.cast::<dhcpctl_remote_object_t>();
                        Status(data::shared(&raw mut (*r).waitstatus).load(Ordering::Relaxed))
                    }
                    false => Status::SUCCESS,
                };
                let object = ObjectRef::new(object);
                run(object.as_ptr(), status);
            }
        }
        Status::SUCCESS.0
    }
}

/// `stuff_values` of the type: it has nothing to send.
///
/// # Safety
/// C: `h` is live or NULL.
pub unsafe extern "C" fn stuff_handler(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || !types::is(h, &symbols::dhcpctl_callback_type) {
            return Status::INVALID_ARGUMENT.0;
        }
        types::stuff_inner(c, id, h).0
    }
}
