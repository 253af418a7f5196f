//! The arrays of a generic object: its values, and a flag for each. They are
//! one block from malloc, in which the flags lie behind the values.

use super::data;
use super::value::Owned;
use crate::abi::layout::{omapi_generic_object_t, omapi_value_t};
use crate::abi::memory;
use core::ffi::{c_int, c_uchar};
use core::mem::size_of;
use core::ptr::null_mut;
use omapi::status::Status;

/// How many there are at first. The genuine number; programs can see it, and
/// that it doubles.
const FIRST: usize = 10;

/// The attributes as slots. The lock of `g` must be held.
///
/// # Safety
/// `g` is live, its lock is held, and nothing is added while the slice is used.
pub(crate) unsafe fn of<'a>(g: *mut omapi_generic_object_t) -> &'a mut [*mut omapi_value_t] {
    // SAFETY: `values` has `nvalues` entries, or is NULL with none.
    unsafe {
        if (*g).values.is_null() || (*g).nvalues <= 0 {
            &mut []
        } else {
            core::slice::from_raw_parts_mut((*g).values, (*g).nvalues as usize)
        }
    }
}

/// Index of the attribute with that name.
///
/// # Safety
/// As [`of`], where the slots are from.
pub(crate) unsafe fn find(slots: &[*mut omapi_value_t], name: &[u8]) -> Option<usize> {
    // SAFETY: the values of a generic object are live while it is locked, and
    // own their names.
    unsafe {
        slots.iter().position(|&v| {
            !v.is_null() && !(*v).name.is_null() && data::data_string_bytes((*v).name) == name
        })
    }
}

/// The same, if it is most likely the one at `expected`.
///
/// # Safety
/// As [`find`].
pub(crate) unsafe fn find_from(
    slots: &[*mut omapi_value_t],
    expected: usize,
    name: &[u8],
) -> Option<usize> {
    // SAFETY: as the function's.
    unsafe {
        match slots.get(expected..=expected) {
            Some(one) if find(one, name).is_some() => Some(expected),
            _ => find(slots, name),
        }
    }
}

/// Stores a value behind the others, whatever its name. It is to be sent.
///
/// # Safety
/// As [`of`]; `v` has a name.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
#[inline]
pub(crate) unsafe fn append(
    g: *mut omapi_generic_object_t,
    v: Owned<omapi_value_t>,
) -> Result<(), Status> {
    // SAFETY: g is live and locked, by the caller's promise. `nvalues` is below
    // `va_max` after the first statement: both arrays have that many entries.
    unsafe {
        if (*g).nvalues >= (*g).va_max {
            enlarge(g)?;
        }
        let at = (*g).nvalues as usize;
        *(*g).values.add(at) = v.into_raw();
        *(*g).changed.add(at) = 1;
        (*g).nvalues += 1;
    }
    Ok(())
}

/// Makes room for twice as many.
///
/// # Safety
/// As [`of`].
#[cold]
unsafe fn enlarge(g: *mut omapi_generic_object_t) -> Result<(), Status> {
    const EACH: usize = size_of::<*mut omapi_value_t>() + size_of::<c_uchar>();
    // SAFETY: g is live and locked; the old arrays have `have` entries.
    unsafe {
        let have = usize::try_from((*g).va_max).unwrap_or(0);
        let want = if have == 0 { FIRST } else { have * 2 };
        let want_int = c_int::try_from(want).map_err(|_| Status::NO_MEMORY)?;
        let block = memory::allocate_block(want * EACH);
        if block.is_null() {
            return Err(Status::NO_MEMORY);
        }
        let values: *mut *mut omapi_value_t = block.cast();
        let changed: *mut c_uchar = values.add(want).cast();
        if have > 0 {
            values.copy_from_nonoverlapping((*g).values, have);
            changed.copy_from_nonoverlapping((*g).changed, have);
            libc::free((*g).values.cast());
        }
        (*g).values = values;
        (*g).changed = changed;
        (*g).va_max = want_int;
    }
    Ok(())
}

/// Frees the arrays, not what is in them.
///
/// # Safety
/// `g` is live, and nobody else uses it.
pub(crate) unsafe fn release(g: *mut omapi_generic_object_t) {
    // SAFETY: the arrays are one block from malloc, or NULL.
    unsafe {
        libc::free((*g).values.cast());
        (*g).values = null_mut();
        (*g).changed = null_mut();
        (*g).nvalues = 0;
        (*g).va_max = 0;
    }
}
