//! Callback objects: innermost in the chain of the object whose completions
//! they report.

use super::remote_object;
use crate::abi::layout::{
    dhcpctl_callback_object_t, dhcpctl_status, isc_result_t, omapi_data_string_t, omapi_object_t,
    omapi_object_type_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::abi::symbols;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::links::{self, Links};
use crate::object::refs::ObjectRef;
use crate::object::types;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::size_of;
use core::sync::atomic::AtomicPtr;
use omapi::status::Status;
use parking_lot::Mutex;
use std::cell::Cell;

/// The program's function: object, status of the completed request, its data.
pub(crate) type Function = unsafe extern "C" fn(*mut omapi_object_t, dhcpctl_status, *mut c_void);

/// Protects function and data of all callback objects, and that an object has
/// one. Only the structure lock is taken under it.
static FIELDS: Mutex<()> = Mutex::new(());

/// The type, as it is registered.
pub(crate) fn callback_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(set_handler),
        get_value: Some(get_handler),
        destroy: Some(destroy_handler),
        signal_handler: Some(signal_handler),
        stuff_values: Some(stuff_handler),
        ..types::bare(c"dhcpctl-callback", size_of::<dhcpctl_callback_object_t>())
    }
}

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for dhcpctl_callback_object_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::dhcpctl_callback_type
    }
}

type Callback = dhcpctl_callback_object_t;

/// The callback object in the chain inside `object`.
///
/// # Safety
/// `object` is live.
unsafe fn find(links: &Links, object: *mut omapi_object_t) -> Option<Checked<Callback>> {
    let mut o = object;
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        while let Some(inner) = links.inner(o) {
            if let Some(found) = Checked::new(inner) {
                return Some(found);
            }
            o = inner;
        }
    }
    None
}

/// As [`find`], with a reference.
///
/// # Safety
/// `object` is live.
unsafe fn of(object: *mut omapi_object_t) -> Option<TypedRef<Callback>> {
    let links = Links::lock();
    // SAFETY: as the function's.
    unsafe { find(&links, object).map(|c| TypedRef::another(c)) }
}

/// Whether there is a callback object in the chain inside `object`.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn is_set(object: *mut omapi_object_t) -> bool {
    // SAFETY: as the function's.
    unsafe { find(&Links::lock(), object).is_some() }
}

/// Sets the callback of `object`; a second one replaces the first.
///
/// # Safety
/// `object` is live; `function` stays callable, with `data`, for as long as
/// requests of the object complete.
pub(crate) unsafe fn set(
    object: *mut omapi_object_t,
    data: *mut c_void,
    function: Function,
) -> Status {
    // References are given up behind the lock: objects may die with them.
    let (existing, new);
    let _guard = FIELDS.lock();
    // SAFETY: as the function's; we own references on both callback objects,
    // whose members are protected by the lock.
    unsafe {
        existing = of(object);
        if let Some(existing) = &existing {
            let c = existing.get().as_ptr();
            (*c).data = data;
            (*c).callback = Some(function);
            return Status::SUCCESS;
        }
        new = TypedRef::<Callback>::allocate();
        let new = match &new {
            Ok(new) => new.get(),
            Err(status) => return *status,
        };
        let c = new.as_ptr();
        // Not counted: the callback lives in the chain of its object, and a
        // counted reference would keep that chain alive for ever.
        (*c).object = object;
        (*c).data = data;
        (*c).callback = Some(function);
        links::append(object, new.object());
    }
    Status::SUCCESS
}

/// Calls the callback of `object`, if it still has one.
///
/// # Safety
/// `object` is live; no lock is held.
pub(crate) unsafe fn run(object: *mut omapi_object_t, status: Status) {
    // SAFETY: as the function's; the program keeps its function callable.
    unsafe {
        let (function, data) = {
            let Some(c) = of(object) else { return };
            let _guard = FIELDS.lock();
            let c = c.get().as_ptr();
            ((*c).callback, (*c).data)
        };
        if let Some(function) = function {
            function(object, status.0, data);
        }
    }
}

/// The object that a callback is of, unless it is no longer in its chain.
///
/// # Safety
/// `c` is live.
unsafe fn owner(c: Checked<Callback>) -> Option<ObjectRef> {
    let links = Links::lock();
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        let owner = (*c.as_ptr()).object;
        let mut o = c.object();
        while let Some(outer) = links.outer(o) {
            if outer == owner {
                return Some(ObjectRef::new(owner));
            }
            o = outer;
        }
    }
    None
}

thread_local! {
    /// True while the library itself tells a chain of a completion: it calls
    /// the callback by itself, once, whatever the chain does with signals.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Sends signals that must not reach callbacks.
pub(crate) fn quietly<R>(send: impl FnOnce() -> R) {
    let before = QUIET.replace(true);
    send();
    QUIET.set(before);
}

/// `set_value` of the type: nothing is its own.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `id` and `value` are NULL or live.
pub(crate) unsafe extern "C" fn set_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if name.is_null() || Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::set_inner(h, id, name, value).0
    }
}

/// `get_value` of the type: nothing is its own.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `value` is writable or NULL.
pub(crate) unsafe extern "C" fn get_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if name.is_null() || value.is_null() || Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::get_inner(h, id, name, value).0
    }
}

/// `destroy` of the type: it owns nothing.
///
/// # Safety
/// C: `h` is NULL or live, and nobody else uses it.
pub(crate) unsafe extern "C" fn destroy_handler(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        let Some(c) = Checked::<Callback>::new(h).map(Checked::as_ptr) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let _guard = FIELDS.lock();
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
pub(crate) unsafe extern "C" fn signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        let Some(c) = Checked::<Callback>::new(h).filter(|_| !name.is_null()) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if CStr::from_ptr(name) != c"ready" {
            return types::signal_inner(h, name, ap).0;
        }
        if !QUIET.get()
            && let Some(owner) = owner(c)
        {
            let status = remote_object::from_object(owner.as_ptr())
                .map_or(Status::SUCCESS, |remote| remote_object::wait_status(remote));
            run(owner.as_ptr(), status);
        }
        Status::SUCCESS.0
    }
}

/// `stuff_values` of the type: it has nothing to send.
///
/// # Safety
/// C: `h` is live or NULL.
pub(crate) unsafe extern "C" fn stuff_handler(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if Checked::<Callback>::new(h).is_none() {
            return Status::INVALID_ARGUMENT.0;
        }
        types::stuff_inner(c, id, h).0
    }
}
