//! Callback objects: innermost in the chain of the object whose completions
//! they report.

use super::{handlers, remote_object};
use crate::abi::layout::{
    dhcpctl_callback_object_t, dhcpctl_status, omapi_object_t, omapi_object_type_t,
};
use crate::abi::symbols;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::links::{self, Links};
use crate::object::refs::ObjectRef;
use crate::object::types;
use core::ffi::c_void;
use core::mem::size_of;
use core::ptr::null_mut;
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
        set_value: Some(handlers::dhcpctl_callback_set_value),
        get_value: Some(handlers::dhcpctl_callback_get_value),
        destroy: Some(handlers::dhcpctl_callback_destroy),
        signal_handler: Some(handlers::dhcpctl_callback_signal_handler),
        stuff_values: Some(handlers::dhcpctl_callback_stuff_values),
        ..types::bare(c"dhcpctl-callback", size_of::<dhcpctl_callback_object_t>())
    }
}

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for dhcpctl_callback_object_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::dhcpctl_callback_type
    }
}

pub(super) type Callback = dhcpctl_callback_object_t;

/// The callback object in the chain inside `object`.
///
/// # Safety
/// `object` is live.
unsafe fn find(links: &Links, object: *mut omapi_object_t) -> Option<Checked<Callback>> {
    let mut o = object;
    // SAFETY: the object is live, by the caller's promise; what is linked to
    // it, one after the other, is live while the structure is locked.
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
    // SAFETY: live, by the caller's promise; what is found is live until the
    // lock is given up, and then by the reference.
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
    // SAFETY: the object is live, by the caller's promise; the members are
    // locked. Function and data belong together, and the program keeps the
    // function callable for as long as its object may complete.
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
    // SAFETY: live, by the caller's promise. The pointer to the owner is not
    // counted: it is compared only, until a link proves that the owner is live
    // under the lock.
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

/// Says "ready" to a callback: its function is called with the present status of
/// the object that it is of, unless the library itself is telling the chain.
///
/// # Safety
/// `c` is live; no lock is held.
pub(super) unsafe fn ready(c: Checked<Callback>) {
    if QUIET.get() {
        return;
    }
    // SAFETY: live, by the caller's promise.
    let Some(owner) = (unsafe { owner(c) }) else {
        return;
    };
    // SAFETY: we own a reference; no lock is held.
    unsafe {
        let status = remote_object::from_object(owner.as_ptr())
            .map_or(Status::SUCCESS, |remote| remote_object::wait_status(remote));
        run(owner.as_ptr(), status);
    }
}

/// Empties a dying callback object, which owns nothing.
///
/// # Safety
/// `c` is live, and nobody else uses it any more.
pub(super) unsafe fn clear(c: Checked<Callback>) {
    let c = c.as_ptr();
    let _guard = FIELDS.lock();
    // SAFETY: live, by the caller's promise; the members are locked.
    unsafe {
        (*c).callback = None;
        (*c).object = null_mut();
    }
}
