//! Generic objects: attributes in the order in which they were first set, each
//! with a flag that says whether it is still to be sent.
//!
//! C reads `values`, `changed` and `nvalues` directly. A slot whose null value
//! was sent stays in the array as NULL and is not used again, because programs
//! may hold indices.

use super::checked::{Checked, Kind, TypedRef};
use super::data::{self, Datum};
use super::handles;
use super::value::{self, Owned};
use super::{attribute_slots, types};
use crate::abi::answer_block::{AnswerBlock, Freed};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_generic_object_t, omapi_object_t, omapi_object_type_t,
    omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::abi::symbols;
use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;
use omapi::status::Status;
use omapi::wire::{Encoder, Value, ValueList};
use parking_lot::{Mutex, MutexGuard};

/// Attributes that answers may give an object, one after the other with other
/// names: a hostile server must not make it grow, and every search in it slow,
/// without end.
const MOST: usize = 4096;

/// Locks of all generic objects, by address: the C struct has no room for one.
static STRIPES: [Mutex<()>; 64] = [const { Mutex::new(()) }; 64];

pub(crate) fn lock(g: *mut omapi_generic_object_t) -> MutexGuard<'static, ()> {
    // Blocks are 64 bytes or more apart.
    STRIPES[(g as usize >> 6) % STRIPES.len()].lock()
}

/// The type, as it is registered.
pub(crate) fn generic_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(set_handler),
        get_value: Some(get_handler),
        destroy: Some(destroy_handler),
        signal_handler: Some(signal_handler),
        stuff_values: Some(stuff_handler),
        ..types::bare(c"generic", size_of::<omapi_generic_object_t>())
    }
}

/// A new generic object without attributes, owned by the caller.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub(crate) fn new() -> Result<*mut omapi_object_t, Status> {
    let object = TypedRef::<omapi_generic_object_t>::allocate()?;
    Ok(object.into_object().into_raw())
}

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for omapi_generic_object_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_generic
    }
}

/// `object` as a generic object, if it is one.
///
/// # Safety
/// `object` is NULL or live.
#[must_use]
pub(crate) unsafe fn from_object(
    object: *mut omapi_object_t,
) -> Option<*mut omapi_generic_object_t> {
    // SAFETY: as the function's.
    unsafe { Checked::new(object).map(Checked::as_ptr) }
}

/// Stores a value under its name: in place when the name is known, else behind
/// the others. It is to be sent.
///
/// # Safety
/// `g` and `v` are live; `v` has a name.
unsafe fn store(g: *mut omapi_generic_object_t, v: Owned<omapi_value_t>) -> Status {
    // The old value is dropped after the lock: it may hold an object.
    let old;
    // SAFETY: g is live and locked, v is live and has a name.
    unsafe {
        let _guard = lock(g);
        let Some(at) =
            attribute_slots::find(attribute_slots::of(g), data::data_string_bytes((*v.0).name))
        else {
            return match attribute_slots::append(g, v) {
                Ok(()) => Status::SUCCESS,
                Err(status) => status,
            };
        };
        let slot = (*g).values.add(at);
        old = Owned(*slot);
        *slot = v.into_raw();
        *(*g).changed.add(at) = 1;
    }
    drop(old);
    Status::SUCCESS
}

/// Sets an attribute to share `name` and `value`; NULL is the null value.
///
/// # Safety
/// `g` and `name` are live; `value` is NULL or live.
pub(crate) unsafe fn set(
    g: *mut omapi_generic_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        match value::new(name, value) {
            Ok(v) => store(g, Owned(v)),
            Err(status) => status,
        }
    }
}

/// Sets the attributes of an answer, each as if by its name, and says that
/// nothing is to be sent. `other` takes those that are not for a generic object.
/// After an error the rest is left out.
///
/// # Safety
/// `g` is live.
///
/// # Errors
/// `ISC_R_NOSPACE` beyond [`MOST`], `ISC_R_NOMEMORY`, or what `other` returns.
pub(crate) unsafe fn receive(
    g: *mut omapi_generic_object_t,
    answer: ValueList<'_>,
    mut other: impl FnMut(&[u8], &[u8]) -> Option<Result<(), Status>>,
) -> Result<(), Status> {
    // Dropped after the lock: they may hold objects.
    let mut replaced: Vec<Owned<omapi_value_t>> = Vec::new();
    let mut block = AnswerBlock::new(answer.iter().map(value::room).sum());
    let _guard = lock(g);
    // Objects that are read again have the attributes in the server's order.
    let mut expected = 0;
    for (name, bytes) in answer {
        if let Some(result) = other(name, bytes) {
            result?;
            continue;
        }
        let new = value::received(block.as_mut(), name, bytes)?;
        // SAFETY: g is live and locked; stored values are live.
        unsafe {
            let slots = attribute_slots::of(g);
            let Some(at) = attribute_slots::find_from(slots, expected, name) else {
                if slots.len() >= MOST {
                    return Err(Status::NO_SPACE);
                }
                attribute_slots::append(g, new)?;
                continue;
            };
            expected = at + 1;
            *(*g).changed.add(at) = 1;
            let old = Owned(core::mem::replace(&mut slots[at], new.into_raw()));
            if holds_object(old.0) {
                replaced.push(old);
            }
        }
    }
    // SAFETY: g is live and locked.
    unsafe { clear_locked(g) };
    Ok(())
}

/// # Safety
/// `v` is live.
unsafe fn holds_object(v: *mut omapi_value_t) -> bool {
    // SAFETY: live, by the caller's promise; the datum of a value is NULL, or
    // owned by it and so live.
    unsafe { !(*v).value.is_null() && matches!(data::view((*v).value), Datum::Object(_)) }
}

/// A reference to the attribute with that name, for the caller. A null value
/// is not found.
///
/// # Safety
/// `g` is live.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub(crate) unsafe fn get(
    g: *mut omapi_generic_object_t,
    name: &[u8],
) -> Result<Owned<omapi_value_t>, Status> {
    // SAFETY: g is live and locked.
    unsafe {
        let _guard = lock(g);
        let at = attribute_slots::find(attribute_slots::of(g), name).ok_or(Status::NOT_FOUND)?;
        let v = *(*g).values.add(at);
        if (*v).value.is_null() {
            return Err(Status::NOT_FOUND);
        }
        let mut slot = null_mut();
        data::reference(&raw mut slot, v).ok()?;
        Ok(Owned(slot))
    }
}

/// References to all attributes, null ones included, in their order.
///
/// # Safety
/// `g` is live.
#[must_use]
pub(crate) unsafe fn all(g: *mut omapi_generic_object_t) -> Vec<Owned<omapi_value_t>> {
    // SAFETY: g is live and locked.
    unsafe {
        let _guard = lock(g);
        let present = attribute_slots::of(g).iter().filter(|v| !v.is_null());
        present
            .map(|&v| {
                let mut slot = null_mut();
                data::reference(&raw mut slot, v);
                Owned(slot)
            })
            .collect()
    }
}

/// Shows `f` every attribute in order: its name, and its value unless that is
/// null. `f` runs under the lock: it must only copy.
///
/// # Safety
/// `g` is live.
pub(crate) unsafe fn each(
    g: *mut omapi_generic_object_t,
    f: &mut dyn FnMut(&[u8], Option<Datum<'_>>),
) {
    // SAFETY: g is live and locked, so the values that are stored stay where
    // they are; they own their names and data.
    unsafe {
        let _guard = lock(g);
        for &mut v in attribute_slots::of(g) {
            if v.is_null() || (*v).name.is_null() {
                continue;
            }
            let value = (*v).value;
            let datum = (!value.is_null()).then(|| data::view(value));
            f(data::data_string_bytes((*v).name), datum);
        }
    }
}

/// Says that everything is sent, and drops null values.
///
/// # Safety
/// `g` is live.
pub(crate) unsafe fn clear_flags(g: *mut omapi_generic_object_t) {
    let _guard = lock(g);
    // SAFETY: g is live and locked.
    unsafe { clear_locked(g) };
}

/// As [`clear_flags`], with the lock held.
///
/// # Safety
/// `g` is live and its lock is held.
pub(crate) unsafe fn clear_locked(g: *mut omapi_generic_object_t) {
    // Null values hold nothing that could run program code, so they are
    // dropped under the lock.
    // SAFETY: as the function's; `changed` has as many entries as `values`.
    unsafe {
        for (at, slot) in attribute_slots::of(g).iter_mut().enumerate() {
            *(*g).changed.add(at) = 0;
            if !slot.is_null() && (**slot).value.is_null() {
                data::dereference(slot);
            }
        }
    }
}

/// Appends the attributes that are to be sent, in wire form.
///
/// # Safety
/// `g` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for a name or value that cannot be sent, or of an
/// unknown type.
pub(crate) unsafe fn append_changed(
    g: *mut omapi_generic_object_t,
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    // SAFETY: g is live and locked; stored values are live.
    unsafe {
        let _guard = lock(g);
        for (at, &v) in attribute_slots::of(g).iter().enumerate() {
            if v.is_null() || *(*g).changed.add(at) == 0 {
                continue;
            }
            let name = data::data_string_bytes((*v).name);
            // An empty name would end the list: it is never sent.
            if !name.is_empty() {
                put(out, name, (*v).value)?;
            }
        }
    }
    Ok(())
}

/// Appends one value in wire form; an object goes as its local handle.
///
/// # Safety
/// `value` is NULL or live.
///
/// # Errors
/// As [`append_changed`].
pub(crate) unsafe fn put(
    out: &mut Vec<u8>,
    name: &[u8],
    value: *mut omapi_typed_data_t,
) -> Result<(), Status> {
    let wire = if value.is_null() {
        Value::Null
    } else {
        // SAFETY: value is live.
        match unsafe { data::view(value) } {
            Datum::Int(i) => Value::Int(i as u32),
            Datum::String(b) | Datum::Data(b) => Value::Bytes(b),
            Datum::Object(o) if o.is_null() => Value::Null,
            // SAFETY: the datum refers to the object.
            Datum::Object(o) => Value::Int(unsafe { handles::of(o) }?),
            Datum::Other => return Err(Status::INVALID_ARGUMENT),
        }
    };
    Encoder::put(out, name, wire).map_err(Status::from)
}

/// `set_value` of the type: a name that it has already, or that no inner object
/// takes, is its own.
///
/// # Safety
/// C: `h` and `name` are live; `value` is NULL or live.
pub(crate) unsafe extern "C" fn set_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: an object that is not NULL is live, and so are its arrays under
    // their lock, which the functions here take; the name is live and does not
    // change.
    unsafe {
        let Some(g) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if !knows(g, data::data_string_bytes(name)) {
            let status = types::set_inner(h, id, name, value);
            if status != Status::NOT_FOUND {
                return status.0;
            }
        }
        set(g, name, value).0
    }
}

/// Whether there is an attribute of that name, null ones included.
///
/// # Safety
/// `g` is live.
unsafe fn knows(g: *mut omapi_generic_object_t, name: &[u8]) -> bool {
    // SAFETY: g is live and locked.
    unsafe {
        let _guard = lock(g);
        attribute_slots::find(attribute_slots::of(g), name).is_some()
    }
}

/// `get_value` of the type; an unknown name is looked up further in.
///
/// # Safety
/// C: `h` and `name` are live, `value` is writable.
pub(crate) unsafe extern "C" fn get_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: an object that is not NULL is live, and so are its arrays under
    // their lock, which the functions here take; the name is live and does not
    // change. The slot is writable.
    unsafe {
        let Some(g) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if !knows(g, data::data_string_bytes(name)) {
            return types::get_inner(h, id, name, value).0;
        }
        match get(g, data::data_string_bytes(name)) {
            Ok(v) => data::reference(value, v.0).0,
            Err(status) => status.0,
        }
    }
}

/// `destroy` of the type.
///
/// # Safety
/// C: nobody else refers to `h`.
pub(crate) unsafe extern "C" fn destroy_handler(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: h is ours alone; the arrays are from malloc.
    unsafe {
        let Some(g) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let mut freed = Freed::new();
        for &mut value in attribute_slots::of(g) {
            if !value.is_null() {
                data::release_into(value, &mut freed);
            }
        }
        attribute_slots::release(g);
    }
    Status::SUCCESS.0
}

/// `signal_handler` of the type: signals are for somebody further in.
///
/// # Safety
/// C: `h` and `name` are live.
pub(crate) unsafe extern "C" fn signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe { types::signal_inner(h, name, ap) }.0
}

/// `stuff_values` of the type: appends to the message being built.
///
/// # Safety
/// C: `h` is live.
pub(crate) unsafe extern "C" fn stuff_handler(
    connection: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        let Some(g) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let appended = super::outgoing::with(|out| append_changed(g, out));
        match appended {
            Ok(()) => types::stuff_inner(connection, id, h).0,
            Err(status) => status.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes in an answer with these attributes, all with that content.
    fn receive_all(
        g: *mut omapi_generic_object_t,
        names: impl IntoIterator<Item = String>,
        bytes: &[u8],
    ) -> Result<(), Status> {
        let mut list = Vec::new();
        for name in names {
            Encoder::put(&mut list, name.as_bytes(), Value::Bytes(bytes)).unwrap();
        }
        // SAFETY: the object is live.
        unsafe { receive(g, ValueList::from_bytes(&list), |_, _| None) }
    }

    /// COMPATIBILITY.md, row 33.
    #[test]
    fn answers_cannot_fill_an_object_without_end() {
        crate::builtin::initialize().unwrap();
        let mut object = new().unwrap();
        let numbers = |n: core::ops::Range<usize>| n.map(|n| n.to_string());
        // SAFETY: the object is live and this test's alone.
        unsafe {
            let g = from_object(object).unwrap();
            assert_eq!(receive_all(g, numbers(0..MOST), b"x"), Ok(()));
            let one_more = receive_all(g, numbers(MOST..MOST + 1), b"x");
            assert_eq!(one_more, Err(Status::NO_SPACE));
            assert_eq!((*g).nvalues as usize, MOST);
            let known = receive_all(g, numbers(0..10).chain(numbers(5..7)), b"y");
            assert_eq!(known, Ok(()), "known names may change");
            super::super::refs::dereference(&raw mut object);
        }
    }
}
