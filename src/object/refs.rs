//! The lifetimes of objects: allocation, reference counts, and the decision
//! that a chain is dead.
//!
//! Objects of a chain refer to each other (`outer`, `inner`), and the handle
//! table refers to objects with a local handle. These references count, but
//! do not keep a chain alive: it dies with the last reference from elsewhere.
//! (`omapi_object_dereference` of the original decides the same way.)

use super::data::{self, count};
use super::layout::{omapi_object_t, omapi_object_type_t};
use super::{completion, connection, handles, protocol, remote};
use crate::capi::data as symbols;
use core::ffi::{c_char, c_int};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};
use omapi::status::Status;
use parking_lot::Mutex;

/// Protects links and the decision to free a chain. A leaf lock.
static STRUCTURE: Mutex<()> = Mutex::new(());

/// Holds back every decision that a chain is dead.
pub(super) fn structure() -> parking_lot::MutexGuard<'static, ()> {
    STRUCTURE.lock()
}

/// Reads an `outer` or `inner` member.
///
/// # Safety
/// `member` is one of a live object.
pub unsafe fn link(member: *mut *mut omapi_object_t) -> Option<*mut omapi_object_t> {
    // SAFETY: the member is live and aligned; the library accesses it
    // atomically only.
    let p = unsafe { AtomicPtr::from_ptr(member) }.load(Ordering::Acquire);
    (!p.is_null()).then_some(p)
}

/// What is inside `object`, with a reference: for links that another thread may
/// be undoing, which are those of connections and io objects.
///
/// # Safety
/// `object` is live.
pub(super) unsafe fn inner(object: *mut omapi_object_t) -> Option<ObjectRef> {
    let _guard = STRUCTURE.lock();
    // SAFETY: as the function's; linked objects are live while the lock is held.
    unsafe { link(&raw mut (*object).inner).map(|o| ObjectRef::new(o)) }
}

/// Bytes to allocate for an object of `t` whose C struct has `size` bytes:
/// some types keep more behind it, which C does not see.
fn block_size(t: *mut omapi_object_type_t, size: usize) -> usize {
    let whole = if t == symbols::dhcpctl_remote_type.load(Ordering::Acquire) {
        size_of::<remote::Remote>()
    } else if t == symbols::omapi_type_connection.load(Ordering::Acquire) {
        size_of::<connection::ConnectionObject>()
    } else if t == symbols::omapi_type_protocol.load(Ordering::Acquire) {
        size_of::<protocol::ProtocolObject>()
    } else {
        0
    };
    size.max(whole)
}

/// True for types whose objects have more behind the C struct.
#[must_use]
pub fn is_extended(t: *mut omapi_object_type_t) -> bool {
    block_size(t, 0) > 0
}

/// A new object with one reference, owned by the caller; everything behind the
/// common members is zero. `size` is that of the C struct.
///
/// # Safety
/// `t` is a registered type.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub unsafe fn allocate(
    t: *mut omapi_object_type_t,
    size: usize,
) -> Result<*mut omapi_object_t, Status> {
    let size = block_size(t, size.max(size_of::<omapi_object_t>()));
    let o: *mut omapi_object_t = data::allocate_block(size).cast();
    if o.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh zeroed block of at least `size` bytes.
    unsafe {
        (*o).r#type = t;
        (*o).refcnt = 1;
        if t == symbols::dhcpctl_remote_type.load(Ordering::Acquire) {
            remote::Remote::prepare(o);
        } else if t == symbols::omapi_type_connection.load(Ordering::Acquire) {
            connection::ConnectionObject::prepare(o);
        } else if t == symbols::omapi_type_protocol.load(Ordering::Acquire) {
            protocol::ProtocolObject::prepare(o);
        }
    }
    Ok(o)
}

/// Stores another reference to `object` in `*slot`.
///
/// # Safety
/// `slot` is NULL or writable, `object` is NULL or live.
pub unsafe fn reference(slot: *mut *mut omapi_object_t, object: *mut omapi_object_t) -> Status {
    // SAFETY: as the function's.
    unsafe {
        if slot.is_null() || object.is_null() || !(*slot).is_null() {
            return Status::INVALID_ARGUMENT;
        }
        count(&raw mut (*object).refcnt).fetch_add(1, Ordering::Relaxed);
        AtomicPtr::from_ptr(slot).store(object, Ordering::Release);
    }
    Status::SUCCESS
}

/// Gives up the reference in `*slot` and clears it; frees the whole chain when
/// nothing but its own links is left.
///
/// # Safety
/// `slot` is NULL or readable and writable, `*slot` is NULL or live.
pub unsafe fn dereference(slot: *mut *mut omapi_object_t) -> Status {
    // SAFETY: as the function's.
    unsafe { dereference_at(slot, c"".as_ptr(), 0) }
}

/// As [`dereference`]; destroy handlers are told where in the program it was.
///
/// # Safety
/// As [`dereference`].
pub unsafe fn dereference_at(
    slot: *mut *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        if slot.is_null() || (*slot).is_null() {
            return Status::INVALID_ARGUMENT;
        }
        let object = *slot;
        if give_up_shared(object, slot) {
            return Status::SUCCESS;
        }
        let dead = {
            let _guard = STRUCTURE.lock();
            let status = give_up(object, slot);
            AtomicPtr::from_ptr(slot).store(null_mut(), Ordering::Release);
            match status {
                Err(status) => return status,
                Ok(dead) => dead,
            }
        };
        for o in dead {
            destroy(o, file, line);
        }
    }
    Status::SUCCESS
}

/// The common case without a lock: an object with references to spare.
///
/// # Safety
/// As [`dereference`]; `*slot` is `object`.
unsafe fn give_up_shared(object: *mut omapi_object_t, slot: *mut *mut omapi_object_t) -> bool {
    // SAFETY: object is live, and stays so: another reference remains.
    unsafe {
        let refs = count(&raw mut (*object).refcnt);
        let mut now = refs.load(Ordering::Acquire);
        // References that may be structural, and the one that is given up:
        // what is beyond these is somebody else's. Whoever changes links or the
        // handle meanwhile has a reference in the chain, and decides about the
        // chain when he gives that up.
        let inner = link(&raw mut (*object).inner).is_some();
        let outer = link(&raw mut (*object).outer).is_some();
        let handle = count((&raw mut (*object).handle).cast()).load(Ordering::Relaxed) != 0;
        let needed = i32::from(inner) + i32::from(outer) + i32::from(handle) + 1;
        while now > needed {
            match refs.compare_exchange_weak(now, now - 1, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => {
                    AtomicPtr::from_ptr(slot).store(null_mut(), Ordering::Release);
                    return true;
                }
                Err(other) => now = other,
            }
        }
    }
    false
}

/// References to `object` that its neighbours and the handle table hold,
/// except one that is stored in `except`.
///
/// # Safety
/// `object` is live; `STRUCTURE` is held.
unsafe fn structural(object: *mut omapi_object_t, except: *mut *mut omapi_object_t) -> i32 {
    let mut n = 0;
    // SAFETY: linked objects are live while the lock is held.
    unsafe {
        if let Some(inner) = link(&raw mut (*object).inner) {
            let back = &raw mut (*inner).outer;
            n += i32::from(back != except && link(back) == Some(object));
        }
        if let Some(outer) = link(&raw mut (*object).outer) {
            let back = &raw mut (*outer).inner;
            n += i32::from(back != except && link(back) == Some(object));
        }
        n += i32::from(handles::number(object) != 0 && handles::holds(object));
    }
    n
}

/// Decides what giving up the reference in `slot` means. Returns the objects
/// to destroy, in that order.
///
/// # Safety
/// `*slot` is `object`, live; `STRUCTURE` is held.
unsafe fn give_up(
    object: *mut omapi_object_t,
    slot: *mut *mut omapi_object_t,
) -> Result<Vec<*mut omapi_object_t>, Status> {
    // SAFETY: as the function's. Members of the chain are live: they are
    // linked, and only this function, under this lock, ends them.
    unsafe {
        let refs = count(&raw mut (*object).refcnt);
        let now = refs.load(Ordering::Acquire);
        if now <= 0 {
            return Err(Status::INVALID_ARGUMENT);
        }
        let mut chain = Vec::new();
        if now == structural(object, slot) + 1 {
            chain = members(object);
            let needed = chain.iter().any(|&o| {
                o != object
                    && count(&raw mut (*o).refcnt).load(Ordering::Acquire) > structural(o, slot)
            });
            if needed {
                chain = Vec::new();
            }
        }
        if chain.is_empty() {
            refs.fetch_sub(1, Ordering::Release);
            return Ok(chain);
        }
        for &o in &chain {
            AtomicPtr::from_ptr(&raw mut (*o).inner).store(null_mut(), Ordering::Release);
            AtomicPtr::from_ptr(&raw mut (*o).outer).store(null_mut(), Ordering::Release);
            if handles::number(o) != 0 {
                handles::forget(o);
            }
            count(&raw mut (*o).refcnt).store(0, Ordering::Release);
        }
        Ok(chain)
    }
}

/// The chain of `object`: innermost first, then outermost to outward
/// neighbour, `object` itself last.
///
/// # Safety
/// `object` is live; `STRUCTURE` is held.
unsafe fn members(object: *mut omapi_object_t) -> Vec<*mut omapi_object_t> {
    let mut all = Vec::new();
    // SAFETY: linked objects are live while the lock is held.
    unsafe {
        let mut o = object;
        while let Some(next) = link(&raw mut (*o).inner) {
            all.push(next);
            o = next;
        }
        let inner = all.len();
        all.reverse();
        o = object;
        while let Some(next) = link(&raw mut (*o).outer) {
            all.push(next);
            o = next;
        }
        all[inner..].reverse();
    }
    all.push(object);
    all
}

/// Calls the type's destroy handler and frees the block.
///
/// # Safety
/// Nobody refers to `object`; no lock is held (the handler may be a program's).
unsafe fn destroy(object: *mut omapi_object_t, file: *const c_char, line: c_int) {
    completion::forget(object);
    // SAFETY: the object is ours alone.
    unsafe {
        let t = (*object).r#type;
        if !t.is_null() {
            if let Some(f) = (*t).destroy {
                f(object, file, line);
            }
            if t == symbols::dhcpctl_remote_type.load(Ordering::Acquire) {
                remote::Remote::finish(object);
            } else if t == symbols::omapi_type_connection.load(Ordering::Acquire) {
                connection::ConnectionObject::finish(object);
            } else if t == symbols::omapi_type_protocol.load(Ordering::Acquire) {
                protocol::ProtocolObject::finish(object);
            }
            if let Some(f) = (*t).freer {
                f(object, file, line);
                return;
            }
        }
        libc::free(object.cast());
    }
}

/// Links `inner` into `outer`: both ends are references. False, and nothing is
/// linked, when `outer` has an inner or `inner` an outer object: another thread
/// may have been first.
///
/// # Safety
/// Both are live.
pub unsafe fn join(outer: *mut omapi_object_t, inner: *mut omapi_object_t) -> bool {
    let _guard = STRUCTURE.lock();
    // SAFETY: as the function's.
    unsafe {
        let (down, up) = (&raw mut (*outer).inner, &raw mut (*inner).outer);
        if link(down).is_some() || link(up).is_some() {
            return false;
        }
        reference(down, inner);
        reference(up, outer);
    }
    true
}

/// As [`join`] for objects that nobody else knows yet: the reference on `inner`
/// becomes the link.
///
/// # Safety
/// As [`join`]; `outer` is the caller's alone, and so is `inner`.
pub unsafe fn join_new(outer: *mut omapi_object_t, inner: ObjectRef) {
    // SAFETY: as the function's.
    unsafe {
        reference(&raw mut (*inner.as_ptr()).outer, outer);
        (*outer).inner = inner.into_raw();
    }
}

/// Undoes [`join`], if they are still joined. Frees neither: the caller holds
/// a reference on both sides, or on a chain that contains them.
///
/// # Safety
/// Both are live, and stay so without the link.
pub unsafe fn part(outer: *mut omapi_object_t, inner: *mut omapi_object_t) {
    let _guard = STRUCTURE.lock();
    // SAFETY: as the function's.
    unsafe {
        if link(&raw mut (*outer).inner) == Some(inner) {
            (AtomicPtr::from_ptr(&raw mut (*outer).inner)).store(null_mut(), Ordering::Release);
            count(&raw mut (*inner).refcnt).fetch_sub(1, Ordering::Release);
        }
        if link(&raw mut (*inner).outer) == Some(outer) {
            (AtomicPtr::from_ptr(&raw mut (*inner).outer)).store(null_mut(), Ordering::Release);
            count(&raw mut (*outer).refcnt).fetch_sub(1, Ordering::Release);
        }
    }
}

/// A counted reference that Rust owns.
pub struct ObjectRef(NonNull<omapi_object_t>);

// SAFETY: reference counts are atomic; what the object holds is protected by
// the locks that ARCHITECTURE.md lists.
unsafe impl Send for ObjectRef {}
// SAFETY: as above.
unsafe impl Sync for ObjectRef {}

impl ObjectRef {
    /// Another reference on `object`.
    ///
    /// # Safety
    /// `object` is live.
    pub unsafe fn new(object: *mut omapi_object_t) -> Self {
        let mut slot = null_mut();
        // SAFETY: object is live, so the reference is stored.
        unsafe { reference(&raw mut slot, object) };
        // SAFETY: of an empty slot and a live object.
        Self(unsafe { NonNull::new_unchecked(object) })
    }

    /// Takes over the caller's reference.
    ///
    /// # Safety
    /// The caller owns a reference on the live `object` and gives it up.
    pub unsafe fn from_raw(object: *mut omapi_object_t) -> Self {
        // SAFETY: live, so not NULL.
        Self(unsafe { NonNull::new_unchecked(object) })
    }

    /// The object.
    #[must_use]
    pub fn as_ptr(&self) -> *mut omapi_object_t {
        self.0.as_ptr()
    }

    /// Gives the reference to the caller.
    #[must_use]
    pub fn into_raw(self) -> *mut omapi_object_t {
        let p = self.0.as_ptr();
        core::mem::forget(self);
        p
    }
}

impl Clone for ObjectRef {
    fn clone(&self) -> Self {
        // SAFETY: we own a reference.
        unsafe { Self::new(self.as_ptr()) }
    }
}

impl Drop for ObjectRef {
    fn drop(&mut self) {
        let mut slot = self.as_ptr();
        // SAFETY: we own a reference.
        unsafe { dereference(&raw mut slot) };
    }
}
