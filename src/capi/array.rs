//! `omapi_array_*`: growing arrays of counted pointers, and address lists.

use super::{guard, some, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_addr_list_t, omapi_addr_t, omapi_array_deref_t, omapi_array_ref_t,
    omapi_array_t,
};
use crate::abi::memory;
use crate::object::data::{self, Counted, Freed};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::mem::size_of;
use core::ptr::null_mut;
use omapi::status::Status;

/// Slots added at a time, as in the original: up to the index, and ten more.
const STEP: usize = 10;

/// Makes an empty array whose entries are counted by `ref` and `deref`.
/// `*array` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_array_allocate(
    array: *mut *mut omapi_array_t,
    r#ref: omapi_array_ref_t,
    deref: omapi_array_deref_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(array)?;
        let a: *mut omapi_array_t = memory::allocate_block(size_of::<omapi_array_t>()).cast();
        if a.is_null() {
            return Err(Status::NO_MEMORY);
        }
        (*a).r#ref = r#ref;
        (*a).deref = deref;
        *slot = a;
        Ok(())
    })
}

/// Gives up all entries, frees the array and clears `*array`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_array_free(
    array: *mut *mut omapi_array_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract: `data` has `count` entries in use.
    guard(|| unsafe {
        let slot = some(array)?;
        let a = some(*slot)?;
        for i in 0..usize::try_from((*a).count).unwrap_or(0) {
            let entry = (*a).data.add(i);
            if let (false, Some(deref)) = ((*entry).is_null(), (*a).deref) {
                deref(entry, file, line);
            }
        }
        libc::free((*a).data.cast());
        libc::free(a.cast());
        *slot = null_mut();
        Ok(())
    })
}

/// Stores another reference to `ptr` behind the last entry; its index goes to
/// `*index` unless that is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_array_extend(
    array: *mut omapi_array_t,
    ptr: *mut c_char,
    index: *mut c_int,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let at = (*some(array)?).count;
        store(array, ptr, at, file, line)?;
        if !index.is_null() {
            *index = at;
        }
        Ok(())
    })
}

/// Stores another reference to `ptr` at `index`; what was there is given up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_array_set(
    array: *mut omapi_array_t,
    ptr: *mut c_void,
    index: c_int,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { store(some(array)?, ptr.cast(), index, file, line) })
}

/// # Safety
/// The C contract of omapi_array_set.
unsafe fn store(
    a: *mut omapi_array_t,
    ptr: *mut c_char,
    index: c_int,
    file: *const c_char,
    line: c_int,
) -> Result<(), Status> {
    let at = usize::try_from(index).map_err(|_| Status::INVALID_ARGUMENT)?;
    // SAFETY: the array is live; `data` has room for `max` entries, all of them
    // NULL or counted by the array's functions; `at` is one of them after the
    // enlargement.
    unsafe {
        let reference = (*a).r#ref.ok_or(Status::INVALID_ARGUMENT)?;
        some(ptr)?;
        if at >= usize::try_from((*a).max).unwrap_or(0) {
            enlarge(a, at + STEP)?;
        }
        let entry = (*a).data.add(at);
        if let (false, Some(deref)) = ((*entry).is_null(), (*a).deref) {
            Status(deref(entry, file, line)).ok()?;
        }
        Status(reference(entry, ptr, file, line)).ok()?;
        (*a).count = (*a).count.max(index + 1);
    }
    Ok(())
}

/// Makes room for `want` entries, which are more than there are.
///
/// # Safety
/// `a` is live; its `data` is NULL or from malloc, with room for `max` entries.
unsafe fn enlarge(a: *mut omapi_array_t, want: usize) -> Result<(), Status> {
    let max = c_int::try_from(want).map_err(|_| Status::NO_MEMORY)?;
    // SAFETY: as the caller promises; the block that realloc returns has room
    // for `want` entries, of which those behind the old ones are new.
    unsafe {
        let have = usize::try_from((*a).max).unwrap_or(0);
        let grown = libc::realloc((*a).data.cast(), want * size_of::<*mut c_char>());
        if grown.is_null() {
            return Err(Status::NO_MEMORY);
        }
        (*a).data = grown.cast();
        (*a).data.add(have).write_bytes(0, want - have);
        (*a).max = max;
    }
    Ok(())
}

/// Stores a reference to the entry at `index` in `*ptr`, which must be NULL
/// before.
///
/// Returns 0, DHCP_R_INVALIDARG outside the array, ISC_R_NOTFOUND for an empty
/// slot.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_array_lookup(
    ptr: *mut *mut c_char,
    array: *mut omapi_array_t,
    index: c_int,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let (slot, a) = (some(ptr)?, some(array)?);
        if !(*slot).is_null() || index < 0 || index >= (*a).count {
            return Err(Status::INVALID_ARGUMENT);
        }
        let entry = *(*a).data.add(index as usize);
        if entry.is_null() {
            return Err(Status::NOT_FOUND);
        }
        let reference = (*a).r#ref.ok_or(Status::INVALID_ARGUMENT)?;
        Status(reference(slot, entry, file, line)).ok()
    })
}

// SAFETY: repr(C), refcnt first.
unsafe impl Counted for omapi_addr_list_t {
    unsafe fn destroy(this: *mut Self, freed: &mut Freed) {
        // SAFETY: one counted block, to which nobody refers.
        unsafe { freed.add(this.cast()) }
    }
}

/// Makes a list of `count` zeroed addresses, in one block. `*d` must be NULL
/// before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_addr_list_new(
    d: *mut *mut omapi_addr_list_t,
    count: c_uint,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; the block has room for the addresses.
    guard(|| unsafe {
        let slot = vacant(d)?;
        let header = size_of::<omapi_addr_list_t>();
        let size = (count as usize)
            .checked_mul(size_of::<omapi_addr_t>())
            .and_then(|n| n.checked_add(header))
            .filter(|&n| u32::try_from(n).is_ok())
            .ok_or(Status::INVALID_ARGUMENT)?;
        let list: *mut omapi_addr_list_t = memory::counted_block(size).cast();
        if list.is_null() {
            return Err(Status::NO_MEMORY);
        }
        (*list).refcnt = 1;
        (*list).count = count;
        (*list).addresses = list.byte_add(header).cast();
        *slot = list;
        Ok(())
    })
}

/// Stores another reference to `s` in `*r`, which must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_addr_list_reference(
    r: *mut *mut omapi_addr_list_t,
    s: *mut omapi_addr_list_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::reference(r, s).ok() })
}

/// Gives up the reference in `*s` and clears it; the last one frees.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_addr_list_dereference(
    s: *mut *mut omapi_addr_list_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::dereference(s).ok() })
}
