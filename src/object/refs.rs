//! Objects in memory: allocation, references, links, destruction.
//!
//! Objects of a chain refer to each other (`outer`, `inner`), and the handle
//! table refers to objects with a local handle. These references count, but
//! do not keep a chain alive: it dies with the last reference from elsewhere.
//! (`omapi_object_dereference` of the original decides the same way.) The
//! decision itself is in `lifetime.rs`.

use super::handles::{self, Table};
use super::lifetime::{self, Object};
use super::{extension, nested_release};
use crate::abi::layout::{omapi_object_t, omapi_object_type_t};
use crate::abi::memory::{self, count};
use core::ffi::{c_char, c_int};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};
use omapi::status::Status;
use parking_lot::{Mutex, MutexGuard};

/// Protects links, the handle table, and the decision to free a chain. A leaf
/// lock.
static STRUCTURE: Mutex<Table> = Mutex::new(Table::new());

/// Holds back every decision that a chain is dead.
pub(crate) fn structure() -> MutexGuard<'static, Table> {
    STRUCTURE.lock()
}

/// An object that is live for as long as the value is used: because somebody
/// has a reference meanwhile, or because the structure lock is held and the
/// object is linked to one that is live, or in the handle table.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Live(*mut omapi_object_t);

impl Live {
    /// # Safety
    /// `object` is live as the type says.
    pub(crate) unsafe fn new(object: *mut omapi_object_t) -> Self {
        Self(object)
    }

    pub(crate) fn as_ptr(self) -> *mut omapi_object_t {
        self.0
    }

    fn member(&self, at: *mut *mut omapi_object_t) -> &AtomicPtr<omapi_object_t> {
        // SAFETY: a member of this object, so live and aligned; the library
        // accesses links atomically only.
        unsafe { AtomicPtr::from_ptr(at) }
    }

    fn counter(&self) -> &core::sync::atomic::AtomicI32 {
        // SAFETY: the object is live.
        unsafe { count(&raw mut (*self.0).refcnt) }
    }

    fn inner_member(&self) -> *mut *mut omapi_object_t {
        // SAFETY: the object is live; its member is not accessed here.
        unsafe { &raw mut (*self.0).inner }
    }

    fn outer_member(&self) -> *mut *mut omapi_object_t {
        // SAFETY: as above.
        unsafe { &raw mut (*self.0).outer }
    }
}

fn target(p: *mut omapi_object_t) -> Option<Live> {
    (!p.is_null()).then_some(Live(p))
}

fn pointer(o: Option<Live>) -> *mut omapi_object_t {
    o.map_or(null_mut(), Live::as_ptr)
}

impl Object for Live {
    fn references(&self, order: Ordering) -> i32 {
        self.counter().load(order)
    }
    fn add_reference(&self, order: Ordering) {
        self.counter().fetch_add(1, order);
    }
    fn remove_reference(&self, order: Ordering) {
        self.counter().fetch_sub(1, order);
    }
    fn inner(&self, order: Ordering) -> Option<Self> {
        target(self.member(self.inner_member()).load(order))
    }
    fn set_inner(&self, to: Option<Self>, order: Ordering) {
        self.member(self.inner_member()).store(pointer(to), order);
    }
    fn outer(&self, order: Ordering) -> Option<Self> {
        target(self.member(self.outer_member()).load(order))
    }
    fn set_outer(&self, to: Option<Self>, order: Ordering) {
        self.member(self.outer_member()).store(pointer(to), order);
    }
}

/// Reads an `outer` or `inner` member. Other files follow links by `links`.
///
/// # Safety
/// `member` is one of a live object.
pub(crate) unsafe fn read_link(member: *mut *mut omapi_object_t) -> Option<*mut omapi_object_t> {
    // SAFETY: the member is live and aligned; the library accesses it
    // atomically only.
    let p = unsafe { AtomicPtr::from_ptr(member) }.load(Ordering::Acquire);
    (!p.is_null()).then_some(p)
}

/// A new object with one reference, owned by the caller; everything behind the
/// common members is zero. `size` is that of the C struct.
///
/// # Safety
/// `t` is a registered type.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) unsafe fn allocate(
    t: *mut omapi_object_type_t,
    size: usize,
) -> Result<*mut omapi_object_t, Status> {
    let extension = extension::of(t);
    let size = size
        .max(size_of::<omapi_object_t>())
        .max(extension.map_or(0, |e| e.size));
    let o: *mut omapi_object_t = memory::allocate_block(size).cast();
    if o.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh zeroed block, as long as an object and as the extension
    // of its type wants it.
    unsafe {
        (*o).r#type = t;
        (*o).refcnt = 1;
        if let Some(extension) = extension {
            (extension.prepare)(o);
        }
    }
    Ok(o)
}

/// Stores another reference to `object` in `*slot`.
///
/// # Safety
/// `slot` is NULL or writable, `object` is NULL or live.
pub(crate) unsafe fn reference(
    slot: *mut *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Status {
    // SAFETY: the slot is writable when it is not NULL, the object live.
    unsafe {
        if slot.is_null() || object.is_null() || !(*slot).is_null() {
            return Status::INVALID_ARGUMENT;
        }
        lifetime::refer(Live::new(object));
        AtomicPtr::from_ptr(slot).store(object, Ordering::Release);
    }
    Status::SUCCESS
}

/// Gives up the reference in `*slot` and clears it; frees the whole chain when
/// nothing but its own links is left.
///
/// # Safety
/// `slot` is NULL or readable and writable, `*slot` is NULL or live.
pub(crate) unsafe fn dereference(slot: *mut *mut omapi_object_t) -> Status {
    // SAFETY: as the function's.
    unsafe { dereference_at(slot, c"".as_ptr(), 0) }
}

/// As [`dereference`]; destroy handlers are told where in the program it was.
///
/// # Safety
/// As [`dereference`].
pub(crate) unsafe fn dereference_at(
    slot: *mut *mut omapi_object_t,
    file: *const c_char,
    line: c_int,
) -> Status {
    // SAFETY: the slot is readable when it is not NULL.
    if slot.is_null() || unsafe { (*slot).is_null() } {
        return Status::INVALID_ARGUMENT;
    }
    let mut structure = structure();
    // SAFETY: the reference in the slot keeps the object alive until it is
    // given up here. If the slot is a link, others may follow it.
    let object = unsafe {
        let object = Live::new(*slot);
        AtomicPtr::from_ptr(slot).store(null_mut(), Ordering::Release);
        object
    };
    let released = lifetime::release(&mut *structure, object);
    drop(structure);
    let Some(dead) = &released else {
        return Status::INVALID_ARGUMENT;
    };
    if !dead.is_empty() {
        // SAFETY: they have ended by our reference, so they are ours alone. The
        // lock is not held any more.
        unsafe { nested_release::destroy(dead, file, line) };
    }
    Status::SUCCESS
}

/// Calls the type's destroy handler and frees the block.
///
/// # Safety
/// Nobody refers to `object`; no lock is held (the handler may be a program's).
pub(super) unsafe fn destroy(object: *mut omapi_object_t, file: *const c_char, line: c_int) {
    extension::forget(object);
    // SAFETY: the object is ours alone, its type is registered, or a program's
    // and live as long as its objects. What is behind the C struct was prepared
    // by `allocate`, which is the only way to an object of such a type.
    unsafe {
        let t = (*object).r#type;
        if !t.is_null() {
            if let Some(f) = (*t).destroy {
                f(object, file, line);
            }
            if let Some(extension) = extension::of(t) {
                (extension.finish)(object);
            }
            handles::forget_dying(object);
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
pub(crate) unsafe fn link(outer: *mut omapi_object_t, inner: *mut omapi_object_t) -> bool {
    // SAFETY: both are live, by the caller's references.
    let (outer, inner) = unsafe { (Live::new(outer), Live::new(inner)) };
    lifetime::link(&mut *structure(), outer, inner)
}

/// As [`link`] for objects that nobody else knows yet: the reference on `inner`
/// becomes the link.
///
/// # Safety
/// As [`link`]; `outer` is the caller's alone, and so is `inner`.
pub(crate) unsafe fn link_new(outer: *mut omapi_object_t, inner: ObjectRef) {
    // SAFETY: both are live and the caller's alone: no other thread decides
    // about them, or follows their links.
    unsafe {
        reference(&raw mut (*inner.as_ptr()).outer, outer);
        (*outer).inner = inner.into_raw();
    }
}

/// Undoes [`link`], if they are still joined. Frees neither: the caller holds
/// a reference on both sides, or on a chain that contains them.
///
/// # Safety
/// Both are live, and stay so without the link.
pub(crate) unsafe fn unlink(outer: *mut omapi_object_t, inner: *mut omapi_object_t) {
    // SAFETY: both are live, by the caller's references.
    let (outer, inner) = unsafe { (Live::new(outer), Live::new(inner)) };
    lifetime::unlink(&mut *structure(), outer, inner);
}

/// A counted reference that Rust owns.
pub(crate) struct ObjectRef(NonNull<omapi_object_t>);

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
    pub(crate) unsafe fn new(object: *mut omapi_object_t) -> Self {
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
    pub(crate) unsafe fn from_raw(object: *mut omapi_object_t) -> Self {
        // SAFETY: live, so not NULL.
        Self(unsafe { NonNull::new_unchecked(object) })
    }

    /// The object.
    #[must_use]
    pub(crate) fn as_ptr(&self) -> *mut omapi_object_t {
        self.0.as_ptr()
    }

    /// Gives the reference to the caller.
    #[must_use]
    pub(crate) fn into_raw(self) -> *mut omapi_object_t {
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

#[cfg(test)]
mod tests {
    use super::super::types;
    use super::*;
    use crate::abi::layout::isc_result_t;
    use std::cell::RefCell;
    use std::sync::OnceLock;

    thread_local! {
        /// Objects in the order of their destruction.
        static DESTROYED: RefCell<Vec<*mut omapi_object_t>> = const { RefCell::new(Vec::new()) };
    }

    fn destroyed() -> Vec<*mut omapi_object_t> {
        DESTROYED.take()
    }

    unsafe extern "C" fn on_destroy(
        h: *mut omapi_object_t,
        _file: *const c_char,
        _line: c_int,
    ) -> isc_result_t {
        DESTROYED.with_borrow_mut(|all| all.push(h));
        0
    }

    /// As the model has it, with the real objects: the last references go while
    /// another thread links, and takes and clears a handle.
    #[test]
    fn threads_give_up_what_others_link() {
        let rounds = if cfg!(miri) { 20 } else { 2_000 };
        let work = |mine: ObjectRef, further: bool| {
            if further {
                let inner = object();
                assert!(joined(&mine, &inner));
                let cleared = handles::clear(handle(&mine)).unwrap();
                handle(&mine);
                drop((inner, cleared));
            }
            drop(mine);
            destroyed().len()
        };
        for _ in 0..rounds {
            let mine = object();
            let other = mine.clone();
            let ended = std::thread::scope(|threads| {
                let other = threads.spawn(move || work(other, true));
                work(mine, false) + other.join().unwrap()
            });
            assert_eq!(ended, 2);
        }
    }

    /// A new object whose destruction is recorded.
    fn object() -> ObjectRef {
        static TYPE: OnceLock<usize> = OnceLock::new();
        let t = *TYPE.get_or_init(|| {
            let prototype = omapi_object_type_t {
                destroy: Some(on_destroy),
                ..types::bare(c"of a test", size_of::<omapi_object_t>())
            };
            types::register(prototype).unwrap() as usize
        }) as *mut omapi_object_type_t;
        // SAFETY: a registered type; the reference is ours.
        unsafe { ObjectRef::from_raw(allocate(t, size_of::<omapi_object_t>()).unwrap()) }
    }

    /// What C sees.
    fn references(o: &ObjectRef) -> c_int {
        // SAFETY: the object is live.
        unsafe { count(&raw mut (*o.as_ptr()).refcnt) }.load(Ordering::Relaxed)
    }

    fn joined(outer: &ObjectRef, inner: &ObjectRef) -> bool {
        // SAFETY: both are live.
        unsafe { link(outer.as_ptr(), inner.as_ptr()) }
    }

    fn handle(o: &ObjectRef) -> u32 {
        // SAFETY: the object is live.
        unsafe { handles::of(o.as_ptr()) }.unwrap()
    }

    /// Three objects, the first one outermost.
    fn chain_of_three() -> [ObjectRef; 3] {
        let all = [object(), object(), object()];
        assert!(joined(&all[0], &all[1]) && joined(&all[1], &all[2]));
        all
    }

    #[test]
    fn links_and_handles_are_counted() {
        let [a, b, c] = chain_of_three();
        assert_eq!([&a, &b, &c].map(references), [2, 3, 2]);
        let number = handle(&b);
        assert_eq!((references(&b), handle(&b)), (4, number));
        drop(handles::clear(number).unwrap());
        assert_eq!(references(&b), 3);
        drop([a, b, c]);
        assert_eq!(destroyed().len(), 3);
    }

    #[test]
    fn a_chain_dies_with_the_last_reference_from_elsewhere() {
        for last in 0..3 {
            let all = chain_of_three();
            let number = handle(&all[1]);
            let kept = all.into_iter().nth(last);
            assert_eq!(destroyed(), []);
            assert!(handles::lookup(number).is_ok());
            drop(kept);
            assert_eq!(destroyed().len(), 3);
            assert!(handles::lookup(number).is_err());
        }
    }

    /// As the original does it.
    #[test]
    fn innermost_first_then_from_outside_and_the_given_up_one_last() {
        let all = chain_of_three();
        let [a, b, c] = [0, 1, 2].map(|i| all[i].as_ptr());
        let [outer, middle, inner] = all;
        drop((outer, inner));
        drop(middle);
        assert_eq!(destroyed(), [c, a, b]);
    }

    #[test]
    fn what_is_linked_already_is_not_linked_again() {
        let [a, b, c] = chain_of_three();
        let d = object();
        assert!(!joined(&a, &d), "a has an inner object");
        assert!(!joined(&d, &b), "b has an outer object");
        assert_eq!([&a, &b, &c, &d].map(references), [2, 3, 2, 1]);
        drop((a, b, c));
        assert_eq!(destroyed().len(), 3);
        drop(d);
        assert_eq!(destroyed().len(), 1);
    }

    #[test]
    fn parting_frees_neither() {
        let [a, b, c] = chain_of_three();
        // SAFETY: we have references on both.
        unsafe {
            unlink(a.as_ptr(), b.as_ptr());
            unlink(a.as_ptr(), b.as_ptr());
        }
        assert_eq!([&a, &b, &c].map(references), [1, 2, 2]);
        let [outer, inner] = [&a, &b].map(ObjectRef::as_ptr);
        drop(a);
        assert_eq!(destroyed(), [outer]);
        drop(c);
        assert_eq!(destroyed(), []);
        drop(b);
        assert_eq!(destroyed()[1..], [inner]);
    }

    #[test]
    fn new_objects_are_joined_by_the_reference_itself() {
        let (a, b) = (object(), object());
        let inner = b.as_ptr();
        // SAFETY: nobody else has them.
        unsafe { link_new(a.as_ptr(), b) };
        assert_eq!(references(&a), 2);
        // SAFETY: the object is live.
        let found = unsafe { super::super::links::inner(a.as_ptr()) }.unwrap();
        assert_eq!((found.as_ptr(), references(&found)), (inner, 2));
        drop(a);
        assert_eq!(destroyed(), []);
        drop(found);
        assert_eq!(destroyed().len(), 2);
    }

    /// A program gives up what a member refers to.
    #[test]
    fn a_link_is_given_up_like_any_reference() {
        let [a, b, c] = chain_of_three();
        let [middle, inner] = [&b, &c].map(ObjectRef::as_ptr);
        drop((b, c));
        // SAFETY: the member of a live object.
        let status = unsafe { dereference(&raw mut (*a.as_ptr()).inner) };
        assert_eq!(status, Status::SUCCESS);
        assert_eq!(destroyed(), [inner, middle]);
        assert_eq!(references(&a), 1, "what ended referred to it");
        drop(a);
        assert_eq!(destroyed().len(), 1);
    }

    #[test]
    fn slots_are_checked_and_emptied() {
        let o = object();
        let mut slot = null_mut();
        // SAFETY: the slot is ours, the object live.
        unsafe {
            let bad = Status::INVALID_ARGUMENT;
            assert_eq!(dereference(&raw mut slot), bad);
            assert_eq!(dereference(null_mut()), bad);
            assert_eq!(reference(null_mut(), o.as_ptr()), bad);
            assert_eq!(reference(&raw mut slot, null_mut()), bad);
            assert_eq!(reference(&raw mut slot, o.as_ptr()), Status::SUCCESS);
            assert_eq!(reference(&raw mut slot, o.as_ptr()), bad);
            assert_eq!(references(&o), 2);
            assert_eq!(dereference(&raw mut slot), Status::SUCCESS);
            assert!(slot.is_null());
        }
        assert_eq!(references(&o), 1);
        drop(o);
        assert_eq!(destroyed().len(), 1);
    }

    /// Memory of a program as it is before its first reference.
    #[test]
    fn an_object_without_references_has_none_to_give_up() {
        let o = object().into_raw();
        let mut slot = o;
        // SAFETY: nobody else has the object.
        unsafe {
            (*o).refcnt = 0;
            assert_eq!(dereference(&raw mut slot), Status::INVALID_ARGUMENT);
            assert!(slot.is_null());
            assert_eq!(destroyed(), []);
            (*o).refcnt = 1;
            drop(ObjectRef::from_raw(o));
        }
        assert_eq!(destroyed(), [o]);
    }

    #[test]
    fn new_objects_are_zero_behind_the_common_members() {
        const SIZE: usize = 4000;
        let t = types::register(types::bare(c"large", SIZE)).unwrap();
        // SAFETY: a registered type; the block has that size.
        unsafe {
            let o = ObjectRef::from_raw(allocate(t, SIZE).unwrap());
            assert_eq!((references(&o), (*o.as_ptr()).r#type), (1, t));
            let behind = core::slice::from_raw_parts(o.as_ptr().add(1).cast::<u8>(), SIZE / 2);
            assert!(behind.iter().all(|&b| b == 0));
        }
    }
}
