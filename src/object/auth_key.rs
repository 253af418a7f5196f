//! Authenticators: key name, full algorithm name, binary secret.

use super::checked::{Checked, Kind, TypedRef};
use super::data;
use super::value::{self, Owned};
use super::{outgoing, refs, types};
use crate::abi::layout::{
    isc_result_t, omapi_auth_key_t, omapi_data_string_t, omapi_object_t, omapi_object_type_t,
    omapi_value_t,
};
use crate::abi::memory;
use crate::abi::symbols;
use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use omapi::auth;
use omapi::client::Credentials;
use omapi::status::Status;
use omapi::wire::{Encoder, Value};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use zeroize::Zeroize;

/// The type, as it is registered.
pub(crate) fn auth_key_type() -> omapi_object_type_t {
    omapi_object_type_t {
        get_value: Some(get_handler),
        stuff_values: Some(stuff_handler),
        lookup: Some(lookup_handler),
        destroy: Some(destroy_handler),
        ..types::bare(c"authenticator", size_of::<omapi_auth_key_t>())
    }
}

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for omapi_auth_key_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_auth_key
    }
}

/// `object` as an authenticator, if it is one.
///
/// # Safety
/// `object` is NULL or live.
#[must_use]
pub(crate) unsafe fn from_object(object: *mut omapi_object_t) -> Option<*mut omapi_auth_key_t> {
    // SAFETY: as the function's.
    unsafe { Checked::new(object).map(Checked::as_ptr) }
}

/// A new authenticator, owned by the caller. Nothing is checked here: the
/// server knows which names, algorithms and keys it accepts.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub(crate) fn new(
    name: &CStr,
    algorithm: &CStr,
    secret: &[u8],
) -> Result<*mut omapi_object_t, Status> {
    let key = Owned(data::data_string_from(secret)?);
    let object = TypedRef::<omapi_auth_key_t>::allocate()?;
    let a = object.get().as_ptr();
    // SAFETY: the fresh object's members are NULL; nobody else knows it.
    unsafe {
        (*a).key = key.into_raw();
        (*a).name = c_string(name.to_bytes());
        (*a).algorithm = c_string(&auth::complete_name(algorithm.to_bytes()));
        if (*a).name.is_null() || (*a).algorithm.is_null() {
            return Err(Status::NO_MEMORY);
        }
    }
    Ok(object.into_object().into_raw())
}

/// An authenticator without name, algorithm and key.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub(crate) fn empty() -> Result<TypedRef<omapi_auth_key_t>, Status> {
    TypedRef::allocate()
}

/// Authenticators that a program entered, by name in lower case.
static ENTERED: Mutex<BTreeMap<Vec<u8>, TypedRef<omapi_auth_key_t>>> = Mutex::new(BTreeMap::new());

/// Enters an authenticator in the table.
///
/// # Safety
/// `object` is live; its name does not change while it is in the table.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another object, or without a name.
pub(crate) unsafe fn enter(object: *mut omapi_object_t) -> Result<(), Status> {
    // SAFETY: live, by the caller's promise; the name is NULL or a C string,
    // which `new` or the program put there before anybody looks.
    let (name, entry) = unsafe {
        let entry = Checked::<omapi_auth_key_t>::new(object).ok_or(Status::INVALID_ARGUMENT)?;
        let a = entry.as_ptr();
        if (*a).name.is_null() {
            return Err(Status::INVALID_ARGUMENT);
        }
        let name = CStr::from_ptr((*a).name).to_bytes().to_ascii_lowercase();
        (name, TypedRef::another(entry))
    };
    let replaced = ENTERED.lock().insert(name, entry);
    drop(replaced);
    Ok(())
}

/// The entered authenticator of that name, in any case.
#[must_use]
pub(crate) fn look_up(name: &[u8]) -> Option<TypedRef<omapi_auth_key_t>> {
    ENTERED.lock().get(&name.to_ascii_lowercase()).cloned()
}

/// The entered authenticator whose name and algorithm `like` has as attributes.
///
/// # Safety
/// `like` is live.
///
/// # Errors
/// `ISC_R_NOTFOUND`; `DHCP_R_INVALIDARG` for attributes of another type.
pub(crate) unsafe fn look_up_like(
    like: *mut omapi_object_t,
) -> Result<TypedRef<omapi_auth_key_t>, Status> {
    let bytes = |v: &Owned<omapi_value_t>| {
        // SAFETY: the value is ours, and owns its datum, which a handler of the
        // program's may have left out.
        unsafe {
            let datum = (*v.0).value;
            if datum.is_null() {
                return Err(Status::INVALID_ARGUMENT);
            }
            match data::view(datum) {
                data::Datum::String(b) | data::Datum::Data(b) => Ok(b.to_vec()),
                _ => Err(Status::INVALID_ARGUMENT),
            }
        }
    };
    // SAFETY: live, by the caller's promise; the authenticator is held by a
    // reference, and its algorithm is NULL or a C string that does not change.
    unsafe {
        let name = bytes(&types::get_named(like, b"name")?)?;
        let algorithm = bytes(&types::get_named(like, b"algorithm")?)?;
        let found = look_up(&name).ok_or(Status::NOT_FOUND)?;
        let a = found.get().as_ptr();
        let same = !(*a).algorithm.is_null()
            && CStr::from_ptr((*a).algorithm)
                .to_bytes()
                .eq_ignore_ascii_case(&algorithm);
        same.then_some(found).ok_or(Status::NOT_FOUND)
    }
}

/// `stuff_values` of the type: name and algorithm.
///
/// # Safety
/// C: `h` is live.
pub(crate) unsafe extern "C" fn stuff_handler(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the object is NULL or live; the members of an authenticator are
    // NULL, or C strings and a data string that do not change while it lives.
    unsafe {
        let Some(a) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let put = |out: &mut Vec<u8>, name: &[u8], p: *mut c_char| {
            if p.is_null() {
                Ok(())
            } else {
                Encoder::put(out, name, Value::Bytes(CStr::from_ptr(p).to_bytes()))
            }
        };
        let appended = outgoing::with(|out| {
            put(out, b"name", (*a).name)?;
            put(out, b"algorithm", (*a).algorithm)?;
            Ok(())
        });
        match appended {
            Ok(()) => types::stuff_inner(c, id, h).0,
            Err(status) => status.0,
        }
    }
}

/// `lookup` of the type, for the type's table.
unsafe extern "C" fn lookup_handler(
    h: *mut *mut omapi_object_t,
    _id: *mut omapi_object_t,
    like: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler of `lookup` passes NULL or an
    // out-pointer, and NULL or a live object.
    unsafe {
        if h.is_null() || like.is_null() {
            return Status::NO_KEYS.0;
        }
        match look_up_like(like) {
            Ok(found) => refs::reference(h, found.as_ptr()).0,
            Err(status) => status.0,
        }
    }
}

/// A copy with terminator, from malloc.
fn c_string(bytes: &[u8]) -> *mut c_char {
    let p = memory::allocate_block(bytes.len() + 1);
    if !p.is_null() {
        // SAFETY: the zeroed block has one byte more than the copy.
        unsafe { p.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
    p.cast()
}

/// What the connection needs of it.
///
/// # Safety
/// `a` is live.
#[must_use]
pub(crate) unsafe fn credentials(a: *mut omapi_auth_key_t) -> Credentials {
    // SAFETY: live, by the caller's promise; its members are NULL, or C strings
    // and a data string that do not change while it lives.
    unsafe {
        let text = |p: *mut c_char| {
            if p.is_null() {
                &[][..]
            } else {
                CStr::from_ptr(p).to_bytes()
            }
        };
        let secret = if (*a).key.is_null() {
            &[][..]
        } else {
            data::data_string_bytes((*a).key)
        };
        Credentials::new(text((*a).name), text((*a).algorithm), secret)
    }
}

/// `get_value` of the type: name, algorithm, key.
///
/// # Safety
/// C: `h` and `name` are live, `value` is writable.
pub(crate) unsafe extern "C" fn get_handler(
    h: *mut omapi_object_t,
    _id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the object is NULL or live; the members of an authenticator are
    // NULL, or C strings and a data string that do not change while it lives.
    // Name and slot are looked at when they are not NULL.
    unsafe {
        if h.is_null() || name.is_null() || value.is_null() {
            return Status::INVALID_ARGUMENT.0;
        }
        let Some(a) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let (bytes, string) = match data::data_string_bytes(name) {
            b"name" if !(*a).name.is_null() => (CStr::from_ptr((*a).name).to_bytes(), true),
            b"algorithm" if !(*a).algorithm.is_null() => {
                (CStr::from_ptr((*a).algorithm).to_bytes(), true)
            }
            b"key" if !(*a).key.is_null() => (data::data_string_bytes((*a).key), false),
            _ => return Status::NOT_FOUND.0,
        };
        let made = data::typed_from(bytes, string)
            .and_then(|datum| value::new(name, Owned(datum).0).map(Owned));
        match made {
            Ok(v) => data::reference(value, v.0).0,
            Err(status) => status.0,
        }
    }
}

/// `destroy` of the type: erases the secret.
///
/// # Safety
/// C: nobody else refers to `h`.
pub(crate) unsafe extern "C" fn destroy_handler(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: h is ours alone, and so are its strings, which are NULL or from
    // malloc. The key may have other users: its count is read atomically, and
    // its bytes are erased if the reference is the only one, so that nobody
    // can have or get another.
    unsafe {
        let Some(a) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        libc::free((*a).name.cast());
        libc::free((*a).algorithm.cast());
        (*a).name = null_mut();
        (*a).algorithm = null_mut();
        if !(*a).key.is_null() {
            let refs = memory::count(&raw mut (*(*a).key).refcnt);
            if refs.load(Ordering::Acquire) == 1 {
                let len = (*(*a).key).len as usize;
                let bytes: *mut u8 = (&raw mut (*(*a).key).value).cast();
                core::slice::from_raw_parts_mut(bytes, len).zeroize();
            }
            data::dereference(&raw mut (*a).key);
        }
    }
    Status::SUCCESS.0
}
