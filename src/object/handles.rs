//! Local handles: numbers for objects of this process. They start at 1 and are
//! never used again. The table's reference does not keep an object alive.

use super::data::{count, shared};
use super::layout::{omapi_handle_t, omapi_object_t};
use super::refs::{self, ObjectRef};
use core::sync::atomic::Ordering;
use omapi::status::Status;
use parking_lot::Mutex;
use std::collections::BTreeMap;

struct Table {
    objects: BTreeMap<omapi_handle_t, Entry>,
    next: omapi_handle_t,
}

struct Entry(*mut omapi_object_t);

// SAFETY: the pointer is only used while the table's reference keeps the
// object alive, under the table's lock.
unsafe impl Send for Entry {}

static TABLE: Mutex<Table> = Mutex::new(Table {
    objects: BTreeMap::new(),
    next: 1,
});

/// The handle of `object`, 0 when it has none.
///
/// # Safety
/// `object` is live, or not yet freed.
#[must_use]
pub unsafe fn number(object: *mut omapi_object_t) -> omapi_handle_t {
    // SAFETY: as the function's.
    unsafe { shared(&raw mut (*object).handle).load(Ordering::Relaxed) }
}

/// The handle of `object`; a new one if it has none.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `ISC_R_NOMORE` after four thousand million objects.
pub unsafe fn of(object: *mut omapi_object_t) -> Result<omapi_handle_t, Status> {
    let mut table = TABLE.lock();
    // SAFETY: object is live; the field changes only under this lock.
    unsafe {
        let known = number(object);
        if known != 0 {
            return Ok(known);
        }
        let handle = table.next;
        table.next = handle.checked_add(1).ok_or(Status::NO_MORE)?;
        count(&raw mut (*object).refcnt).fetch_add(1, Ordering::Relaxed);
        shared(&raw mut (*object).handle).store(handle, Ordering::Relaxed);
        table.objects.insert(handle, Entry(object));
        Ok(handle)
    }
}

/// The object with that handle.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub fn lookup(handle: omapi_handle_t) -> Result<ObjectRef, Status> {
    // An object is found dead, and leaves the table, under the structure lock.
    let _alive = refs::structure();
    let table = TABLE.lock();
    let entry = table.objects.get(&handle).ok_or(Status::NOT_FOUND)?;
    // SAFETY: it is in the table, so its chain is not dead, and stays so while
    // the structure lock is held.
    Ok(unsafe { ObjectRef::new(entry.0) })
}

/// Whether the table refers to `object`.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn holds(object: *mut omapi_object_t) -> bool {
    let table = TABLE.lock();
    // SAFETY: object is live.
    let handle = unsafe { number(object) };
    table.objects.get(&handle).is_some_and(|e| e.0 == object)
}

/// Takes a dying object out of the table. Its count is not touched.
///
/// # Safety
/// `object` is not yet freed.
pub unsafe fn forget(object: *mut omapi_object_t) {
    let mut table = TABLE.lock();
    // SAFETY: object is not yet freed.
    let handle = unsafe { number(object) };
    if table.objects.get(&handle).is_some_and(|e| e.0 == object) {
        table.objects.remove(&handle);
    }
}

/// Takes the object with that handle out of the table and returns the table's
/// reference.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub fn clear(handle: omapi_handle_t) -> Result<ObjectRef, Status> {
    let entry = {
        // As for `lookup`: what is in the table now is alive, and whoever
        // decides next sees one reference more that is not the table's.
        let _alive = refs::structure();
        let mut table = TABLE.lock();
        let entry = table.objects.remove(&handle).ok_or(Status::NOT_FOUND)?;
        // SAFETY: the table's reference keeps the object alive.
        unsafe { shared(&raw mut (*entry.0).handle).store(0, Ordering::Relaxed) };
        entry
    };
    // SAFETY: the table owned a reference and has given it up.
    Ok(unsafe { ObjectRef::from_raw(entry.0) })
}
