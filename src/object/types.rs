//! The type registry, and how a call finds its handler along a chain.
//!
//! Set, get, stuff and signal start at the outermost object of a chain; each
//! handler passes on to its inner object what is not its own. Handlers may be a
//! program's, so no lock is held here.

use super::layout::{
    omapi_data_string_t, omapi_object_t, omapi_object_type_t, omapi_typed_data_t, omapi_value_t,
    va_list,
};
use super::value::Owned;
use super::{auth_key, callback, data, generic, message, passing, protocol, refs, remote};
use crate::capi::data as symbols;
use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use omapi::status::Status;
use parking_lot::Mutex;

/// `rc_flag` of every type of the library: "misc" in reference-count histories.
const RC_MISC: c_int = 2;

static REGISTRY: Mutex<()> = Mutex::new(());

/// True when `object` is of the type that `symbol` holds.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn is(object: *const omapi_object_t, symbol: &AtomicPtr<omapi_object_type_t>) -> bool {
    let t = symbol.load(Ordering::Acquire);
    // SAFETY: object is live.
    !t.is_null() && unsafe { (*object).r#type } == t
}

/// The type that `symbol` holds.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation.
pub fn get(symbol: &AtomicPtr<omapi_object_type_t>) -> Result<*mut omapi_object_type_t, Status> {
    let t = symbol.load(Ordering::Acquire);
    if t.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(t)
}

/// Adds a type to the front of the list. The block is never freed, because
/// objects refer to it for as long as they live.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub fn register(prototype: omapi_object_type_t) -> Result<*mut omapi_object_type_t, Status> {
    let t: *mut omapi_object_type_t = data::allocate_block(size_of::<omapi_object_type_t>()).cast();
    if t.is_null() {
        return Err(Status::NO_MEMORY);
    }
    let _guard = REGISTRY.lock();
    // SAFETY: a fresh block of the type's size.
    unsafe {
        t.write(prototype);
        (*t).next = symbols::omapi_object_types.load(Ordering::Acquire);
    }
    symbols::omapi_object_types.store(t, Ordering::Release);
    Ok(t)
}

/// A type with nothing but name and size.
#[must_use]
pub fn bare(name: &'static CStr, size: usize) -> omapi_object_type_t {
    omapi_object_type_t {
        name: name.as_ptr(),
        next: null_mut(),
        set_value: None,
        get_value: None,
        destroy: None,
        signal_handler: None,
        stuff_values: None,
        lookup: None,
        create: None,
        remove: None,
        freer: None,
        allocator: None,
        sizer: None,
        size,
        rc_flag: RC_MISC,
        initialize: None,
    }
}

/// Registers the library's types, once: a second call changes nothing, so that
/// objects made before it keep working.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub fn initialize() -> Result<(), Status> {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock();
    if *done {
        return Ok(());
    }
    // The genuine order; the list shows it newest first.
    for (symbol, prototype) in [
        (&symbols::omapi_type_connection, passing::connection_type()),
        (&symbols::omapi_type_listener, bare(c"listener", 64)),
        (&symbols::omapi_type_io_object, passing::io_type()),
        (&symbols::omapi_type_generic, generic::generic_type()),
        (&symbols::omapi_type_protocol, protocol::protocol_type()),
        (
            &symbols::omapi_type_protocol_listener,
            bare(c"protocol-listener", 48),
        ),
        (&symbols::omapi_type_message, message::message_type()),
        (&symbols::omapi_type_waiter, bare(c"waiter", 48)),
        (&symbols::omapi_type_auth_key, auth_key::auth_key_type()),
        (&symbols::dhcpctl_callback_type, callback::callback_type()),
        (&symbols::dhcpctl_remote_type, remote::remote_type()),
    ] {
        symbol.store(register(prototype)?, Ordering::Release);
    }
    *done = true;
    Ok(())
}

/// The outermost object of the chain.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn outermost(object: *mut omapi_object_t) -> *mut omapi_object_t {
    let mut o = object;
    // SAFETY: a link keeps its target alive.
    unsafe {
        while let Some(next) = refs::link(&raw mut (*o).outer) {
            o = next;
        }
    }
    o
}

/// Sets or, with a NULL value, clears an attribute somewhere along the chain.
///
/// # Safety
/// `object` and `name` are live; `id` and `value` are NULL or live.
pub unsafe fn set_value(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = outermost(object);
        match handlers(o).and_then(|t| (*t).set_value) {
            Some(set) => Status(set(o, id, name, value)),
            None => Status::NOT_FOUND,
        }
    }
}

/// Gets an attribute from somewhere along the chain: a reference for the
/// caller in `*value`, which is NULL before.
///
/// # Safety
/// `object`, `name` and `value` are live; `id` is NULL or live.
pub unsafe fn get_value(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = outermost(object);
        match handlers(o).and_then(|t| (*t).get_value) {
            Some(get) => Status(get(o, id, name, value)),
            None => Status::NOT_FOUND,
        }
    }
}

/// As [`get_value`], by the bytes of the name.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or what a handler answers.
pub unsafe fn get_named(
    object: *mut omapi_object_t,
    name: &[u8],
) -> Result<Owned<omapi_value_t>, Status> {
    let name = Owned(data::data_string_from(name)?);
    let mut value = null_mut();
    // SAFETY: object is live, name is ours.
    unsafe { get_value(object, null_mut(), name.0, &raw mut value) }.ok()?;
    if value.is_null() {
        // A program's handler may claim success without a value.
        return Err(Status::NOT_FOUND);
    }
    Ok(Owned(value))
}

/// Lets the chain send its changed attributes.
///
/// # Safety
/// `object` is live; `connection` and `id` are NULL or live.
pub unsafe fn stuff_values(
    connection: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = outermost(object);
        match handlers(o).and_then(|t| (*t).stuff_values) {
            Some(stuff) => Status(stuff(connection, id, o)),
            None => Status::NOT_FOUND,
        }
    }
}

/// The type of an object, unless it has none.
///
/// # Safety
/// `object` is live.
unsafe fn handlers(object: *mut omapi_object_t) -> Option<*mut omapi_object_type_t> {
    // SAFETY: object is live.
    let t = unsafe { (*object).r#type };
    (!t.is_null()).then_some(t)
}

/// What a handler does with a name that is not its own: ask the inner object.
///
/// # Safety
/// As [`set_value`].
pub unsafe fn set_inner(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        let Some(inner) = refs::link(&raw mut (*object).inner) else {
            return Status::NOT_FOUND;
        };
        match handlers(inner).and_then(|t| (*t).set_value) {
            Some(set) => Status(set(inner, id, name, value)),
            None => Status::NOT_FOUND,
        }
    }
}

/// As [`set_inner`], for getting.
///
/// # Safety
/// As [`get_value`].
pub unsafe fn get_inner(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        let Some(inner) = refs::link(&raw mut (*object).inner) else {
            return Status::NOT_FOUND;
        };
        match handlers(inner).and_then(|t| (*t).get_value) {
            Some(get) => Status(get(inner, id, name, value)),
            None => Status::NOT_FOUND,
        }
    }
}

/// As [`set_inner`], for stuffing; an end of the chain is success.
///
/// # Safety
/// As [`stuff_values`].
pub unsafe fn stuff_inner(
    connection: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        let Some(inner) = refs::link(&raw mut (*object).inner) else {
            return Status::SUCCESS;
        };
        match handlers(inner).and_then(|t| (*t).stuff_values) {
            Some(stuff) => Status(stuff(connection, id, inner)),
            None => Status::SUCCESS,
        }
    }
}

/// As [`set_inner`], for signals.
///
/// # Safety
/// `object` and `name` are live, `ap` is what the handler was given.
pub unsafe fn signal_inner(
    object: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        let Some(inner) = refs::link(&raw mut (*object).inner) else {
            return Status::NOT_FOUND;
        };
        match handlers(inner).and_then(|t| (*t).signal_handler) {
            Some(handle) => Status(handle(inner, name, ap)),
            None => Status::NOT_FOUND,
        }
    }
}
