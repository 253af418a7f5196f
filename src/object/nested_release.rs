//! Objects whose ends end others: as deep as a program likes.

use super::refs::{self, Live};
use crate::abi::layout::omapi_object_t;
use core::ffi::{c_char, c_int};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Destroys objects that have ended, in their order. A destroy handler may give
/// up the last references on others, whose handlers do the same, and so on
/// without end: beyond some levels they wait until the outermost has ended.
///
/// # Safety
/// As [`refs::destroy`], for each.
pub(super) unsafe fn destroy(dead: &[Live], file: *const c_char, line: c_int) {
    let depth = DEPTH.get();
    if depth >= DEEPEST
        && let Ok(()) = LATER.try_with(|all| {
            let waiting = dead.iter().map(|o| (o.as_ptr(), file, line));
            all.borrow_mut().extend(waiting);
        })
    {
        return;
    }
    DEPTH.set(depth + 1);
    // SAFETY: as the function's: what waits is the list's alone.
    unsafe {
        for o in dead {
            refs::destroy(o.as_ptr(), file, line);
        }
        while depth == 0
            && let Ok(Some((o, file, line))) = LATER.try_with(|all| all.borrow_mut().pop_front())
        {
            refs::destroy(o, file, line);
        }
    }
    DEPTH.set(depth);
}

/// Levels that may be on the stack.
const DEEPEST: u32 = 64;

/// An object, and where in the program its last reference was given up.
type Waiting = (*mut omapi_object_t, *const c_char, c_int);

thread_local! {
    /// Levels that are.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Objects that are still to be destroyed.
    static LATER: RefCell<VecDeque<Waiting>> = const { RefCell::new(VecDeque::new()) };
}

#[cfg(test)]
mod tests {
    use super::super::refs::ObjectRef;
    use super::super::value::Owned;
    use super::super::{data, generic, types};
    use super::*;
    use crate::abi::layout::{isc_result_t, omapi_object_type_t};
    use crate::builtin;
    use crate::remote::message;
    use core::ptr::null_mut;
    use omapi::status::Status;
    use std::sync::OnceLock;

    /// Makes an object that has the last reference on the one that is given.
    type Wrap = fn(ObjectRef) -> ObjectRef;

    /// In a value.
    fn generic_around(inner: ObjectRef) -> ObjectRef {
        // SAFETY: all objects and data are ours.
        unsafe {
            let outer = ObjectRef::from_raw(generic::new().unwrap());
            set(&outer, b"next", &inner);
            outer
        }
    }

    /// In a member of the library's own type.
    fn message_around(inner: ObjectRef) -> ObjectRef {
        // SAFETY: as above.
        unsafe {
            let outer = ObjectRef::from_raw(message::new().unwrap());
            set(&outer, b"object", &inner);
            outer
        }
    }

    /// In a member of a program's type, whose destroy handler gives it up as
    /// programs do: by the exported function.
    fn own_around(inner: ObjectRef) -> ObjectRef {
        #[repr(C)]
        struct Own {
            object: omapi_object_t,
            next: *mut omapi_object_t,
        }
        unsafe extern "C" fn destroy_own(
            h: *mut omapi_object_t,
            file: *const c_char,
            line: c_int,
        ) -> isc_result_t {
            // SAFETY: the object is dying, and of this type.
            unsafe { refs::dereference_at(&raw mut (*h.cast::<Own>()).next, file, line).0 }
        }
        static TYPE: OnceLock<usize> = OnceLock::new();
        let t = *TYPE.get_or_init(|| {
            let prototype = omapi_object_type_t {
                destroy: Some(destroy_own),
                ..types::bare(c"own", size_of::<Own>())
            };
            types::register(prototype).unwrap() as usize
        }) as *mut omapi_object_type_t;
        // SAFETY: a registered type; the block has its size.
        unsafe {
            let outer = refs::allocate(t, size_of::<Own>()).unwrap();
            (*outer.cast::<Own>()).next = inner.into_raw();
            ObjectRef::from_raw(outer)
        }
    }

    /// # Safety
    /// Both are live.
    unsafe fn set(outer: &ObjectRef, name: &[u8], inner: &ObjectRef) {
        let name = Owned(data::data_string_from(name).unwrap());
        // SAFETY: as the function's; name and value are ours.
        unsafe {
            let value = Owned(data::typed_object(inner.as_ptr()).unwrap());
            let set = types::set_value(outer.as_ptr(), null_mut(), name.0, value.0);
            assert_eq!(set, Status::SUCCESS);
        }
    }

    /// Every way in which the end of one object ends another, and all of them in
    /// turn. Miri, which is slow, has fewer, but more than may be on the stack.
    #[test]
    fn a_hundred_thousand_objects_one_inside_the_other() {
        const ALL: [Wrap; 3] = [generic_around, message_around, own_around];
        let many = if cfg!(miri) { 400 } else { 100_000 };
        let work = move || {
            builtin::initialize().unwrap();
            for ways in [&ALL[..1], &ALL[1..2], &ALL[2..], &ALL] {
                // SAFETY: the new object's reference is ours.
                let mut inner = unsafe { ObjectRef::from_raw(generic::new().unwrap()) };
                for wrap in ways.iter().cycle().take(many) {
                    inner = wrap(inner);
                }
                drop(inner);
                assert_eq!(DEPTH.get(), 0);
                assert!(LATER.with(|all| all.borrow().is_empty()));
            }
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        thread.spawn(work).unwrap().join().unwrap();
    }
}
