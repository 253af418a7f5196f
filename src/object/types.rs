//! The type registry, and how a call finds its handler along a chain.
//!
//! Set, get, stuff and signal start at the outermost object of a chain; each
//! handler passes on to its inner object what is not its own. Handlers may be a
//! program's, so no lock is held while one runs, but a reference on its object.

use super::data;
use super::links::{self, Held};
use super::refs::ObjectRef;
use super::value::Owned;
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_object_type_t, omapi_typed_data_t,
    omapi_value_t, va_list,
};
use crate::abi::memory;
use crate::abi::symbols;
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
pub(crate) unsafe fn is(
    object: *const omapi_object_t,
    symbol: &AtomicPtr<omapi_object_type_t>,
) -> bool {
    let t = symbol.load(Ordering::Acquire);
    // SAFETY: object is live.
    !t.is_null() && unsafe { (*object).r#type } == t
}

/// The type that `symbol` holds.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation.
pub(crate) fn get(
    symbol: &AtomicPtr<omapi_object_type_t>,
) -> Result<*mut omapi_object_type_t, Status> {
    let t = symbol.load(Ordering::Acquire);
    if t.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    Ok(t)
}

/// A type in a block of its own that nobody knows yet.
pub(crate) struct Unregistered(*mut omapi_object_type_t);

impl Unregistered {
    /// # Errors
    /// `ISC_R_NOMEMORY`.
    pub(crate) fn new(prototype: omapi_object_type_t) -> Result<Self, Status> {
        let t: *mut omapi_object_type_t =
            memory::allocate_block(size_of::<omapi_object_type_t>()).cast();
        if t.is_null() {
            return Err(Status::NO_MEMORY);
        }
        // SAFETY: a fresh block of the type's size.
        unsafe { t.write(prototype) };
        Ok(Self(t))
    }

    /// Where it is, and stays.
    pub(crate) fn address(&self) -> usize {
        self.0 as usize
    }

    /// Adds the type to the front of the list. The block is never freed,
    /// because objects refer to it for as long as they live.
    pub(crate) fn register(self) -> *mut omapi_object_type_t {
        let t = self.0;
        core::mem::forget(self);
        let _guard = REGISTRY.lock();
        // SAFETY: the block is ours until the list has it.
        unsafe { (*t).next = symbols::omapi_object_types.load(Ordering::Acquire) };
        symbols::omapi_object_types.store(t, Ordering::Release);
        t
    }
}

impl Drop for Unregistered {
    fn drop(&mut self) {
        // SAFETY: the block is from malloc, and nobody else knows it.
        unsafe { libc::free(self.0.cast()) };
    }
}

/// Registers a type.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) fn register(prototype: omapi_object_type_t) -> Result<*mut omapi_object_type_t, Status> {
    Ok(Unregistered::new(prototype)?.register())
}

/// A type with nothing but name and size.
#[must_use]
pub(crate) fn bare(name: &'static CStr, size: usize) -> omapi_object_type_t {
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

/// Calls one of the handlers of an object's type, if it has that one.
///
/// # Safety
/// What `call` needs of its arguments.
unsafe fn ask<H>(
    object: &Held,
    pick: impl FnOnce(*const omapi_object_type_t) -> Option<H>,
    call: impl FnOnce(H, *mut omapi_object_t) -> isc_result_t,
) -> Option<Status> {
    let o = object.as_ptr();
    // SAFETY: a held object is live, and its type lives for ever.
    let t = unsafe { (*o).r#type };
    if t.is_null() {
        return None;
    }
    pick(t).map(|handler| Status(call(handler, o)))
}

/// As [`ask`], of what is inside `object`.
///
/// # Safety
/// As [`ask`]; `object` is live.
unsafe fn ask_inner<H>(
    object: *mut omapi_object_t,
    pick: impl FnOnce(*const omapi_object_type_t) -> Option<H>,
    call: impl FnOnce(H, *mut omapi_object_t) -> isc_result_t,
) -> Option<Status> {
    // SAFETY: as the function's.
    unsafe { links::inner(object).and_then(|o| ask(&Held::Ours(o), pick, call)) }
}

/// Sets or, with a NULL value, clears an attribute somewhere along the chain.
///
/// # Safety
/// `object` and `name` are live; `id` and `value` are NULL or live.
pub(crate) unsafe fn set_value(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = links::outermost(object);
        ask(&o, |t| (*t).set_value, |set, o| set(o, id, name, value)).unwrap_or(Status::NOT_FOUND)
    }
}

/// What a handler does with a name that is not its own: ask the inner object.
///
/// # Safety
/// As [`set_value`].
pub(crate) unsafe fn set_inner(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        ask_inner(object, |t| (*t).set_value, |set, o| set(o, id, name, value))
            .unwrap_or(Status::NOT_FOUND)
    }
}

/// Gets an attribute from somewhere along the chain: a reference for the
/// caller in `*value`, which is NULL before.
///
/// # Safety
/// `object`, `name` and `value` are live; `id` is NULL or live.
pub(crate) unsafe fn get_value(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = links::outermost(object);
        ask(&o, |t| (*t).get_value, |get, o| get(o, id, name, value)).unwrap_or(Status::NOT_FOUND)
    }
}

/// As [`set_inner`], for getting.
///
/// # Safety
/// As [`get_value`].
pub(crate) unsafe fn get_inner(
    object: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        ask_inner(object, |t| (*t).get_value, |get, o| get(o, id, name, value))
            .unwrap_or(Status::NOT_FOUND)
    }
}

/// As [`get_value`], by the bytes of the name.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or what a handler answers.
pub(crate) unsafe fn get_named(
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
pub(crate) unsafe fn stuff_values(
    connection: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        let o = links::outermost(object);
        ask(
            &o,
            |t| (*t).stuff_values,
            |stuff, o| stuff(connection, id, o),
        )
        .unwrap_or(Status::NOT_FOUND)
    }
}

/// As [`set_inner`], for stuffing; an end of the chain is success.
///
/// # Safety
/// As [`stuff_values`].
pub(crate) unsafe fn stuff_inner(
    connection: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        ask_inner(
            object,
            |t| (*t).stuff_values,
            |stuff, o| stuff(connection, id, o),
        )
        .unwrap_or(Status::SUCCESS)
    }
}

/// As [`set_inner`], for signals. (`omapi_signal` begins at the outermost
/// object: see `variadic.c`.)
///
/// # Safety
/// `object` and `name` are live, `ap` is what the handler was given.
pub(crate) unsafe fn signal_inner(
    object: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> Status {
    // SAFETY: as the function's; the handler belongs to the object's type.
    unsafe {
        ask_inner(
            object,
            |t| (*t).signal_handler,
            |handle, o| handle(o, name, ap),
        )
        .unwrap_or(Status::NOT_FOUND)
    }
}

/// The outermost object of the chain, with a reference, unless that is `object`
/// itself. For `variadic.c`.
///
/// # Safety
/// `object` is live.
#[must_use]
pub(crate) unsafe fn outermost(object: *mut omapi_object_t) -> Option<ObjectRef> {
    // SAFETY: as the function's.
    match unsafe { links::outermost(object) } {
        Held::Ours(o) => Some(o),
        Held::Callers(_) => None,
    }
}
