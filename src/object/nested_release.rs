//! Objects that data hold: as deep as a program likes.

use super::refs;
use crate::abi::layout::omapi_object_t;
use core::ptr::null_mut;
use std::cell::{Cell, RefCell};

/// As [`refs::dereference`], for what a datum holds. The last reference on an
/// object may end data that hold the last references on others, and so on
/// without end: beyond some levels they wait until the outermost has ended.
///
/// # Safety
/// As [`refs::dereference`].
#[cold]
pub(crate) unsafe fn dereference(slot: *mut *mut omapi_object_t) {
    let depth = DEPTH.get();
    // SAFETY: the slot is readable and writable, and its reference is either
    // moved to the list, which owns it until it is popped, or given up here:
    // never both.
    unsafe {
        if depth >= DEEPEST
            && !(*slot).is_null()
            && let Ok(()) = LATER.try_with(|all| all.borrow_mut().push(*slot))
        {
            *slot = null_mut();
            return;
        }
        DEPTH.set(depth + 1);
        refs::dereference(slot);
        while depth == 0
            && let Ok(Some(mut o)) = LATER.try_with(|all| all.borrow_mut().pop())
        {
            refs::dereference(&raw mut o);
        }
        DEPTH.set(depth);
    }
}

/// Levels that may be on the stack.
const DEEPEST: u32 = 64;

thread_local! {
    /// Levels that are.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// References that are still to be given up.
    static LATER: RefCell<Vec<*mut omapi_object_t>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::super::refs::ObjectRef;
    use super::super::value::Owned;
    use super::super::{data, generic, types};
    use super::*;
    use crate::builtin;
    use omapi::status::Status;

    /// Each holds the last reference on the next, in a value. Miri, which is
    /// slow, has fewer, but more than may be on the stack.
    #[test]
    fn a_hundred_thousand_objects_one_inside_the_other() {
        let many = if cfg!(miri) { 1_000 } else { 100_000 };
        let work = move || {
            builtin::initialize().unwrap();
            // SAFETY: all objects and data are ours.
            unsafe {
                let mut inner = ObjectRef::from_raw(generic::new().unwrap());
                for _ in 0..many {
                    let outer = ObjectRef::from_raw(generic::new().unwrap());
                    let name = Owned(data::data_string_from(b"next").unwrap());
                    let value = Owned(data::typed_object(inner.as_ptr()).unwrap());
                    let set = types::set_value(outer.as_ptr(), null_mut(), name.0, value.0);
                    assert_eq!(set, Status::SUCCESS);
                    inner = outer;
                }
                drop(inner);
            }
            assert_eq!(DEPTH.get(), 0);
            assert!(LATER.with(|all| all.borrow().is_empty()));
        };
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        thread.spawn(work).unwrap().join().unwrap();
    }
}
