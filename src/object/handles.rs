//! Local handles: numbers for objects of this process. They start at 1 and are
//! never used again. The table's reference does not keep an object alive.

use super::lifetime::{self, Structure};
use super::refs::{self, Live, ObjectRef};
use crate::abi::layout::{omapi_handle_t, omapi_object_t};
use crate::abi::memory::shared;
use core::sync::atomic::Ordering;
use omapi::status::Status;
use std::collections::BTreeMap;

/// The handle table. The structure lock protects it.
pub(crate) struct Table {
    objects: BTreeMap<omapi_handle_t, Entry>,
    next: omapi_handle_t,
}

struct Entry(*mut omapi_object_t);

// SAFETY: the pointer is used under the structure lock only, and under that
// lock an object that ends leaves the table.
unsafe impl Send for Entry {}

impl Table {
    pub(crate) const fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            next: 1,
        }
    }
}

impl Structure<Live> for Table {
    fn has_handle(&self, object: Live) -> bool {
        let object = object.as_ptr();
        // SAFETY: a `Live` is live.
        let handle = unsafe { number(object) };
        handle != 0 && self.objects.get(&handle).is_some_and(|e| e.0 == object)
    }

    fn forget_handle(&mut self, object: Live) {
        if self.has_handle(object) {
            // SAFETY: a `Live` is live.
            self.objects.remove(&unsafe { number(object.as_ptr()) });
        }
    }
}

/// The handle of `object`, 0 when it has none.
///
/// # Safety
/// `object` is live, or not yet freed.
#[must_use]
pub(crate) unsafe fn number(object: *mut omapi_object_t) -> omapi_handle_t {
    // SAFETY: the block is not freed, so its member is there; it is accessed
    // atomically only.
    unsafe { shared(&raw mut (*object).handle).load(Ordering::Relaxed) }
}

/// The handle of `object`; a new one if it has none.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `ISC_R_NOMORE` when all 4,294,967,295 handles have been used.
pub(crate) unsafe fn of(object: *mut omapi_object_t) -> Result<omapi_handle_t, Status> {
    // Who decides about the chain sees the table's reference as counted and as
    // the table's, or neither.
    let mut table = refs::structure();
    // SAFETY: the caller has a reference on the object. The field changes only
    // under the lock.
    unsafe {
        let known = number(object);
        if known != 0 {
            return Ok(known);
        }
        let handle = table.next;
        table.next = handle.checked_add(1).ok_or(Status::NO_MORE)?;
        lifetime::refer(Live::new(object));
        shared(&raw mut (*object).handle).store(handle, Ordering::Relaxed);
        table.objects.insert(handle, Entry(object));
        Ok(handle)
    }
}

/// Takes an object that is about to be freed out of the table: its destroy
/// handler may have asked for its handle.
///
/// # Safety
/// `object` is the caller's alone.
pub(crate) unsafe fn forget_dying(object: *mut omapi_object_t) {
    // SAFETY: as the function's. Only an object that ever had a handle can be
    // in the table.
    unsafe {
        if number(object) != 0 {
            refs::structure().forget_handle(Live::new(object));
        }
    }
}

/// The object with that handle.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub(crate) fn lookup(handle: omapi_handle_t) -> Result<ObjectRef, Status> {
    let table = refs::structure();
    let entry = table.objects.get(&handle).ok_or(Status::NOT_FOUND)?;
    // SAFETY: it is in the table, so its chain has not ended, and does not
    // while the lock is held.
    Ok(unsafe { ObjectRef::new(entry.0) })
}

/// Takes the object with that handle out of the table and returns the table's
/// reference.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub(crate) fn clear(handle: omapi_handle_t) -> Result<ObjectRef, Status> {
    let mut table = refs::structure();
    let entry = table.objects.remove(&handle).ok_or(Status::NOT_FOUND)?;
    // SAFETY: it was in the table, so it has not ended; and it does not after
    // the lock: the thread that decides next sees one reference that is not the
    // table's, which is the one that we return.
    unsafe {
        shared(&raw mut (*entry.0).handle).store(0, Ordering::Relaxed);
        Ok(ObjectRef::from_raw(entry.0))
    }
}
