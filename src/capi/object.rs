//! `omapi_object_*`: references, allocation, a program's own types.

use super::{guard, initialize, object, some, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_handle_t, omapi_object_t, omapi_object_type_t,
    omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::abi::variadic;
use crate::object::{extension, generic, refs, types};
use crate::remote::pending_request;
use core::ffi::{c_char, c_int};
use core::ptr::null_mut;
use omapi::status::Status;

/// Registers the types of the library, as dhcpctl_initialize does.
#[unsafe(no_mangle)]
pub extern "C" fn omapi_init() -> isc_result_t {
    guard(initialize)
}

/// Stores another reference to `h` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_reference(
    r: *mut *mut omapi_object_t,
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { refs::reference(r, h).ok() })
}

/// Gives up the reference in `*h` and clears it. The last one from outside its
/// chain frees the object and what is linked to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_dereference(
    h: *mut *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { refs::dereference_at(h, file, line).ok() })
}

/// Makes an object of a registered type, zeroed but for the common members,
/// with one reference. `*o` must be NULL before. The block has the size of the
/// type, or what its `sizer` makes of `size`; an `allocator` of the type is
/// asked first.
///
/// Returns 0, ISC_R_NOMEMORY, what the type's functions return, or
/// DHCP_R_INVALIDARG for a type that is too small for an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_allocate(
    o: *mut *mut omapi_object_t,
    r#type: *mut omapi_object_type_t,
    size: usize,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract: `*o` is readable and writable, the type is
    // registered, and its functions may be called with its objects.
    guard(|| unsafe {
        let (slot, t) = (vacant(o)?, some(r#type)?);
        let made = match allocated_by_type(t, file, line)? {
            Some(made) => made,
            None => {
                let size = (*t).sizer.map_or((*t).size, |f| f(size) as usize);
                if size < size_of::<omapi_object_t>() {
                    return Err(Status::INVALID_ARGUMENT);
                }
                refs::allocate(t, size)?
            }
        };
        // The references begin behind the initialiser, whose answer says
        // nothing about the object.
        (*made).refcnt = 0;
        if let Some(initialize) = (*t).initialize {
            initialize(made, file, line);
        }
        refs::reference(slot, made).ok()
    })
}

/// An object that the type's own allocator makes; `None` without an allocator,
/// or when that has no block.
///
/// # Safety
/// `t` is registered; its allocator may be called, and its blocks are as long
/// as the type says.
unsafe fn allocated_by_type(
    t: *mut omapi_object_type_t,
    file: *const c_char,
    line: c_int,
) -> Result<Option<*mut omapi_object_t>, Status> {
    let mut made = null_mut();
    // SAFETY: a registered type is live for ever; the allocator may be called,
    // by the caller's promise, and stores a block or nothing.
    unsafe {
        let Some(allocator) = (*t).allocator else {
            return Ok(None);
        };
        match Status(allocator(&raw mut made, file, line)) {
            Status::SUCCESS | Status::NO_MEMORY => {}
            other => return Err(other),
        }
    }
    if made.is_null() {
        return Ok(None);
    }
    // SAFETY: a block of the type's size, by the caller's promise, and not yet
    // anybody's.
    unsafe {
        made.cast::<u8>().write_bytes(0, (*t).size);
        (*made).r#type = t;
    }
    Ok(Some(made))
}

/// Prepares memory of the program as an object of a registered type: zeroes
/// `psize` bytes, sets the type, calls its `initialize`. There are no
/// references yet. `usize` is not looked at. Returns DHCP_R_INVALIDARG when the
/// type's objects have more bytes, and for types of this library that need
/// their own allocation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_initialize(
    o: *mut omapi_object_t,
    r#type: *mut omapi_object_type_t,
    _usize: usize,
    psize: usize,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract: `o` has `psize` bytes.
    guard(|| unsafe {
        let (o, t) = (some(o)?, some(r#type)?);
        // The library writes where the type's struct has its members.
        let least = (*t).size.max(size_of::<omapi_object_t>());
        if extension::of(t).is_some() || psize < least {
            return Err(Status::INVALID_ARGUMENT);
        }
        o.cast::<u8>().write_bytes(0, psize);
        (*o).r#type = t;
        if let Some(initialize) = (*t).initialize {
            initialize(o, file, line);
        }
        Ok(())
    })
}

/// Has the type make an object: its `create` handler.
///
/// Returns what that returns, or ISC_R_NOTIMPLEMENTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_create(
    obj: *mut *mut omapi_object_t,
    id: *mut omapi_object_t,
    r#type: *mut omapi_object_type_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let (slot, t) = (some(obj)?, some(r#type)?);
        match (*t).create {
            Some(create) => Status(create(slot, id)).ok(),
            None => Err(Status::NOT_IMPLEMENTED),
        }
    })
}

/// Sets all attributes of the generic object `src` on `obj`, then its handle,
/// and signals "updated".
///
/// Returns 0, the first failure, or ISC_R_NOTIMPLEMENTED when `src` is not a
/// generic object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_update(
    obj: *mut omapi_object_t,
    id: *mut omapi_object_t,
    src: *mut omapi_object_t,
    handle: omapi_handle_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let (obj, src) = (object(obj)?, object(src)?);
        let g = generic::from_object(src).ok_or(Status::NOT_IMPLEMENTED)?;
        for v in generic::all(g) {
            let status = types::set_value(obj, id, (*v.0).name, (*v.0).value);
            if !status.is_success() && status != Status::UNCHANGED {
                return Err(status);
            }
        }
        pending_request::set_handle(obj, handle).ok()?;
        match variadic::signal(obj, c"updated") {
            Status::NOT_FOUND => Ok(()),
            other => other.ok(),
        }
    })
}

/// Registers a type with its handlers, any of which may be NULL. The type goes
/// to `*type` unless that is NULL; it lives as long as the program.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)] // C's
pub unsafe extern "C" fn omapi_object_type_register(
    r#type: *mut *mut omapi_object_type_t,
    name: *const c_char,
    set_value: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_data_string_t,
            *mut omapi_typed_data_t,
        ) -> isc_result_t,
    >,
    get_value: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_data_string_t,
            *mut *mut omapi_value_t,
        ) -> isc_result_t,
    >,
    destroy: Option<
        unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t,
    >,
    signal_handler: Option<
        unsafe extern "C" fn(*mut omapi_object_t, *const c_char, va_list) -> isc_result_t,
    >,
    stuff_values: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_object_t,
        ) -> isc_result_t,
    >,
    lookup: Option<
        unsafe extern "C" fn(
            *mut *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_object_t,
        ) -> isc_result_t,
    >,
    create: Option<
        unsafe extern "C" fn(*mut *mut omapi_object_t, *mut omapi_object_t) -> isc_result_t,
    >,
    remove: Option<unsafe extern "C" fn(*mut omapi_object_t, *mut omapi_object_t) -> isc_result_t>,
    freer: Option<unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t>,
    allocator: Option<
        unsafe extern "C" fn(*mut *mut omapi_object_t, *const c_char, c_int) -> isc_result_t,
    >,
    sizer: Option<unsafe extern "C" fn(usize) -> isc_result_t>,
    size: usize,
    initialize: Option<
        unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t,
    >,
    rc_flag: c_int,
) -> isc_result_t {
    let prototype = omapi_object_type_t {
        name,
        next: null_mut(),
        set_value,
        get_value,
        destroy,
        signal_handler,
        stuff_values,
        lookup,
        create,
        remove,
        freer,
        allocator,
        sizer,
        size,
        rc_flag,
        initialize,
    };
    guard(|| {
        some(name.cast_mut())?;
        let t = types::register(prototype)?;
        if !r#type.is_null() {
            // SAFETY: not NULL, so writable, by the C contract.
            unsafe { *r#type = t };
        }
        Ok(())
    })
}

/// Has the chain of `o` append its attributes to the message that is being
/// sent: for `stuff_values` handlers of a program's own types.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    o: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { types::stuff_values(c, id, object(o)?).ok() })
}
