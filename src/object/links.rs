//! Walks along the links of a chain. Another thread may unlink what a link
//! points to, and free it: so links are followed under the structure lock only,
//! and whatever is needed longer is held by a counted reference that was taken
//! under it.

use super::checked::Checked;
use super::handles::Table;
use super::refs::{self, ObjectRef};
use crate::abi::layout::{omapi_io_object_t, omapi_object_t};
use parking_lot::MutexGuard;

/// The structure lock, held: what is linked to a live object is live too. No
/// object may be given up meanwhile.
pub(crate) struct Links {
    _lock: MutexGuard<'static, Table>,
}

impl Links {
    pub(crate) fn lock() -> Self {
        Self {
            _lock: refs::structure(),
        }
    }

    /// What is inside `object`.
    ///
    /// # Safety
    /// `object` is live.
    pub(crate) unsafe fn inner(&self, object: *mut omapi_object_t) -> Option<*mut omapi_object_t> {
        // SAFETY: as the function's.
        unsafe { refs::read_link(&raw mut (*object).inner) }
    }

    /// What is around `object`.
    ///
    /// # Safety
    /// `object` is live.
    pub(crate) unsafe fn outer(&self, object: *mut omapi_object_t) -> Option<*mut omapi_object_t> {
        // SAFETY: as the function's.
        unsafe { refs::read_link(&raw mut (*object).outer) }
    }
}

/// Whether nothing is around `object` at this moment.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn is_outermost(object: *mut omapi_object_t) -> bool {
    // SAFETY: as the function's; the link is not followed.
    unsafe { refs::read_link(&raw mut (*object).outer).is_none() }
}

/// What is inside `object`.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn inner(object: *mut omapi_object_t) -> Option<ObjectRef> {
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        // Most ends of chains need no lock.
        refs::read_link(&raw mut (*object).inner)?;
        let links = Links::lock();
        links.inner(object).map(|o| ObjectRef::new(o))
    }
}

/// Everything inside `object`, from outside to inside.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn inside(object: *mut omapi_object_t) -> impl Iterator<Item = ObjectRef> {
    // SAFETY: as the function's; then each is held while the next is found.
    unsafe { core::iter::successors(inner(object), |o| inner(o.as_ptr())) }
}

/// An object that is alive for as long as this is.
pub(crate) enum Held {
    /// By a reference of our own.
    Ours(ObjectRef),
    /// By the caller's: it is the object that was given.
    Callers(*mut omapi_object_t),
}

impl Held {
    pub(crate) fn as_ptr(&self) -> *mut omapi_object_t {
        match self {
            Self::Ours(o) => o.as_ptr(),
            Self::Callers(o) => *o,
        }
    }
}

/// The outermost object of the chain, where calls begin. An io object around it
/// is left out: it would only pass everything on to what is inside, but when it
/// is unregistered meanwhile there is nothing inside.
///
/// # Safety
/// `object` is live, and held by the caller for as long as the result.
pub(crate) unsafe fn outermost(object: *mut omapi_object_t) -> Held {
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        if is_outermost(object) {
            return Held::Callers(object);
        }
        let links = Links::lock();
        let mut o = object;
        while let Some(outer) = links.outer(o) {
            let passes_on = Checked::<omapi_io_object_t>::new(outer).is_some();
            if passes_on && is_outermost(outer) {
                break;
            }
            o = outer;
        }
        if o == object {
            Held::Callers(object)
        } else {
            Held::Ours(ObjectRef::new(o))
        }
    }
}

/// Links `new` into the innermost object of the chain.
///
/// # Safety
/// Both are live; nobody else knows `new` yet.
pub(crate) unsafe fn append(object: *mut omapi_object_t, new: *mut omapi_object_t) {
    let links = Links::lock();
    // SAFETY: as the function's; what is linked is live under the lock. Both
    // members are empty: the innermost object's was looked at, the other is new.
    unsafe {
        let mut o = object;
        while let Some(inner) = links.inner(o) {
            o = inner;
        }
        refs::reference(&raw mut (*o).inner, new);
        refs::reference(&raw mut (*new).outer, o);
    }
}

#[cfg(test)]
mod tests {
    use super::super::checked::TypedRef;
    use super::super::value::Owned;
    use super::super::{data, generic, types};
    use super::*;
    use core::ptr::null_mut;

    fn new() -> ObjectRef {
        crate::builtin::initialize().unwrap();
        // SAFETY: a new object, whose reference is ours.
        unsafe { ObjectRef::from_raw(generic::new().unwrap()) }
    }

    #[test]
    fn outside_and_inside() {
        let [a, b, c] = [new(), new(), new()];
        // SAFETY: the objects are this test's.
        unsafe {
            append(a.as_ptr(), b.as_ptr());
            append(a.as_ptr(), c.as_ptr());
            for o in [&a, &b, &c] {
                assert_eq!(outermost(o.as_ptr()).as_ptr(), a.as_ptr());
            }
            let all: Vec<_> = inside(a.as_ptr()).map(|o| o.as_ptr()).collect();
            assert_eq!(all, [b.as_ptr(), c.as_ptr()]);
            assert!(inner(c.as_ptr()).is_none());
            assert_eq!((*b.as_ptr()).refcnt, 3, "our reference and two links");
        }
    }

    /// What is around an object comes and goes, and is freed, while others ask
    /// the chain.
    #[test]
    fn a_neighbour_is_freed_during_walks() {
        const ROUNDS: i32 = if cfg!(miri) { 20 } else { 5000 };
        let object = new();
        let around = |object: &ObjectRef, outer: &dyn Fn() -> ObjectRef| {
            for _ in 0..ROUNDS {
                let outer = outer();
                // SAFETY: both are held.
                unsafe {
                    if refs::link(outer.as_ptr(), object.as_ptr()) {
                        refs::unlink(outer.as_ptr(), object.as_ptr());
                    }
                }
            }
        };
        let generic = |object: ObjectRef| around(&object, &new);
        let io = |object: ObjectRef| {
            around(&object, &|| {
                let io = TypedRef::<omapi_io_object_t>::allocate();
                io.unwrap().into_object()
            });
        };
        let ask = |object: ObjectRef| {
            for i in 0..ROUNDS {
                let name = Owned(data::data_string_from(b"size").unwrap());
                let value = Owned(data::typed_int(i).unwrap());
                // SAFETY: the object is held, name and value are ours. (Which of
                // two generic objects has the value is a matter of luck.)
                unsafe {
                    types::set_value(object.as_ptr(), null_mut(), name.0, value.0);
                    drop(types::get_named(object.as_ptr(), b"size"));
                }
            }
        };
        std::thread::scope(|s| {
            let [a, b, c, d] = core::array::from_fn(|_| object.clone());
            s.spawn(move || generic(a));
            s.spawn(move || io(b));
            s.spawn(move || ask(c));
            s.spawn(move || ask(d));
        });
        // SAFETY: the object is ours.
        unsafe { assert_eq!((*object.as_ptr()).refcnt, 1) };
    }
}
