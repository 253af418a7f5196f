//! Values: a name with what it stands for.

use super::data::{self, Counted};
use crate::abi::answer_block::{self, AnswerBlock, Freed};
use crate::abi::layout::{omapi_data_string_t, omapi_typed_data_t, omapi_value_t};
use core::ptr::null_mut;
use omapi::status::Status;

/// Most bytes of a name and its datum together in a block. Longer ones have
/// blocks of their own, so that one value that a program keeps does not keep
/// much else.
const SMALL: usize = 256;

// SAFETY: repr(C), refcnt first.
unsafe impl Counted for omapi_value_t {
    unsafe fn destroy(this: *mut Self, freed: &mut Freed) {
        // SAFETY: nobody refers to the block; it owns what it points to.
        unsafe {
            let (name, value) = ((*this).name, (*this).value);
            if !name.is_null() {
                data::release_into(name, freed);
            }
            if !value.is_null() {
                data::release_into(value, freed);
            }
            freed.add(this.cast());
        }
    }
}

/// A new value without name and content, owned by the caller.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) fn empty() -> Result<*mut omapi_value_t, Status> {
    let owned = of(Owned(null_mut()), Owned(null_mut()))?;
    Ok(owned.into_raw())
}

/// A new value that owns what it is made of; a NULL `value` is null.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
fn of(
    name: Owned<omapi_data_string_t>,
    value: Owned<omapi_typed_data_t>,
) -> Result<Owned<omapi_value_t>, Status> {
    let v: *mut omapi_value_t = answer_block::alone(size_of::<omapi_value_t>()).cast();
    if v.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh block of the struct's size, aligned as malloc's are or to
    // 8; the references are handed over.
    Ok(unsafe { write(v, name.into_raw(), value.into_raw()) })
}

/// Makes a value of fresh memory.
///
/// # Safety
/// `v` is aligned and has room for one; the references on `name` and `value` are given up,
/// `value` may be NULL.
unsafe fn write(
    v: *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Owned<omapi_value_t> {
    let new = omapi_value_t {
        refcnt: 1,
        name,
        value,
    };
    // SAFETY: the caller gives the room; new memory holds nothing that would be
    // dropped.
    unsafe { v.write(new) };
    Owned(v)
}

/// Sizes of a value, its name and its datum.
fn sizes(name: &[u8], bytes: &[u8]) -> [usize; 3] {
    [
        size_of::<omapi_value_t>(),
        data::DATA_STRING_HEADER + name.len(),
        data::TYPED_HEADER + bytes.len(),
    ]
}

/// Whether [`received`] puts that attribute into a block.
fn is_small(name: &[u8], bytes: &[u8]) -> bool {
    !bytes.is_empty() && name.len() + bytes.len() <= SMALL
}

/// Bytes that [`received`] takes of a block for that attribute.
pub(crate) fn room((name, bytes): (&[u8], &[u8])) -> usize {
    if is_small(name, bytes) {
        sizes(name, bytes).into_iter().map(answer_block::room).sum()
    } else {
        0
    }
}

/// A new value that came from the server, in `block` if it has room; no bytes
/// are null.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) fn received(
    block: Option<&mut AnswerBlock>,
    name: &[u8],
    bytes: &[u8],
) -> Result<Owned<omapi_value_t>, Status> {
    if is_small(name, bytes)
        && let Some([v, string, datum]) = block.and_then(|s| s.take(sizes(name, bytes)))
    {
        // SAFETY: what `take` returns is fresh memory of these sizes, aligned
        // to 8, and becomes a block in which a value owns its name and its
        // datum.
        unsafe {
            data::write_data_string(string.cast(), name);
            data::write_typed(datum.cast(), bytes, false);
            return Ok(write(v.cast(), string.cast(), datum.cast()));
        }
    }
    let name = Owned(data::data_string_from(name)?);
    let datum = match bytes {
        [] => null_mut(),
        _ => data::typed_from(bytes, false)?,
    };
    of(name, Owned(datum))
}

/// A new value that refers to `name` and `value`; NULL `value` is null.
///
/// # Safety
/// `name` is live, `value` is NULL or live.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) unsafe fn new(
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Result<*mut omapi_value_t, Status> {
    let v = empty()?;
    // SAFETY: a fresh value without either; name is live, value NULL or live.
    unsafe {
        data::reference(&raw mut (*v).name, name);
        if !value.is_null() {
            data::reference(&raw mut (*v).value, value);
        }
    }
    Ok(v)
}

/// A value whose references are owned by this handle; released on drop.
pub(crate) struct Owned<T: Counted>(pub *mut T);

impl<T: Counted> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle owns one reference.
            unsafe { data::release(self.0) };
        }
    }
}

impl<T: Counted> Owned<T> {
    /// Gives the reference to the caller.
    #[must_use]
    pub(crate) fn into_raw(self) -> *mut T {
        let p = self.0;
        core::mem::forget(self);
        p
    }
}
