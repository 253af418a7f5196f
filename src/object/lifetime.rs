//! When an object ends: reference counts, links and the decision that a chain
//! is dead. All of it is safe code over two traits. `refs.rs` implements them
//! for the structs that C sees; `lifetime/model.rs` for objects of `loom`,
//! which tries every order in which threads can get here.
//!
//! The rules:
//!
//! - A reference is added without a lock, by a thread that has one already.
//! - A reference is given up under the structure lock, whether or not others have one.
//!   So during a decision counts can only rise; and what raises one then is a
//!   thread with a reference somewhere in the chain, which the decision sees.
//! - The library changes links, and the handle table, under that lock. A
//!   program may link two objects by storing a reference in a member of each,
//!   without the lock: it has references on both sides meanwhile.
//! - Links are followed under the lock, too (`links.rs`); what is needed longer
//!   is held by a reference.

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use smallvec::SmallVec;

/// An object that is live for as long as the value is used.
pub(crate) trait Object: Copy + PartialEq {
    /// The reference count.
    fn references(&self, order: Ordering) -> i32;
    fn set_references(&self, count: i32, order: Ordering);
    fn add_reference(&self, order: Ordering);
    fn remove_reference(&self, order: Ordering);

    /// The link to the inner neighbour.
    fn inner(&self, order: Ordering) -> Option<Self>;
    fn set_inner(&self, to: Option<Self>, order: Ordering);
    /// The link to the outer neighbour.
    fn outer(&self, order: Ordering) -> Option<Self>;
    fn set_outer(&self, to: Option<Self>, order: Ordering);
}

/// What the structure lock protects besides links; who has one of these has
/// locked it.
pub(crate) trait Structure<O> {
    /// Whether the handle table has a reference on the object.
    fn has_handle(&self, object: O) -> bool;
    /// Takes the object out of the handle table. Its count is not touched.
    fn forget_handle(&mut self, object: O);
}

/// The objects that have ended, in the order in which they are destroyed. Most
/// chains are short: the list needs no memory of its own.
pub(crate) type Dead<O> = SmallVec<[O; 4]>;

/// Adds a reference.
pub(crate) fn refer(object: impl Object) {
    object.add_reference(Relaxed);
}

/// Gives up one reference on `object`; where it was stored is empty already.
/// Returns the objects that have ended by it: to be destroyed by the caller,
/// who is the only one to have them. `None`, and nothing is done, when the
/// object has no reference.
pub(crate) fn release<O: Object>(structure: &mut impl Structure<O>, object: O) -> Option<Dead<O>> {
    let mut ended = Dead::new();
    let mut further = Dead::new();
    let released = release_one(structure, object, &mut ended, &mut further);
    while let Some(next) = further.pop() {
        release_one(structure, next, &mut ended, &mut further);
    }
    released.then_some(ended)
}

/// As [`release`]; references that the ended objects had on objects outside of
/// their chain go to `further`.
fn release_one<O: Object>(
    structure: &mut impl Structure<O>,
    object: O,
    ended: &mut Dead<O>,
    further: &mut Dead<O>,
) -> bool {
    let internal = internal(structure, object);
    let references = object.references(Relaxed);
    if references <= 0 {
        return false;
    }
    if references == internal + 1 {
        let chain = chain(object);
        let unused = |&o: &O| o == object || is_unused(structure, o);
        if chain.iter().all(unused) {
            end(structure, &chain, further);
            ended.extend(chain);
            return true;
        }
    }
    object.remove_reference(Relaxed);
    true
}

/// Whether only its chain and the handle table refer to `object`.
fn is_unused<O: Object>(structure: &impl Structure<O>, object: O) -> bool {
    let internal = internal(structure, object);
    object.references(Relaxed) <= internal
}

/// References on `object` that its neighbours and the handle table have.
///
/// To be asked for before the count is read. A program that links raises the
/// count first; so who sees the link sees that too, and not a count in which
/// the link takes the place of a thread's reference.
fn internal<O: Object>(structure: &impl Structure<O>, object: O) -> i32 {
    i32::from(mutual_inner(object).is_some())
        + i32::from(mutual_outer(object).is_some())
        + i32::from(structure.has_handle(object))
}

/// The inner neighbour, if that has `object` for its outer one.
fn mutual_inner<O: Object>(object: O) -> Option<O> {
    let inner = object.inner(Acquire)?;
    (inner.outer(Acquire) == Some(object)).then_some(inner)
}

/// The outer neighbour, if that has `object` for its inner one.
fn mutual_outer<O: Object>(object: O) -> Option<O> {
    let outer = object.outer(Acquire)?;
    (outer.inner(Acquire) == Some(object)).then_some(outer)
}

/// The chain of `object`: innermost first, then outermost to outward
/// neighbour, `object` itself last. It ends where a link goes one way only:
/// that is a reference like any other.
fn chain<O: Object>(object: O) -> Dead<O> {
    let mut all = Dead::new();
    let mut o = object;
    while let Some(next) = mutual_inner(o) {
        all.push(next);
        o = next;
    }
    let inner = all.len();
    all.reverse();
    o = object;
    while let Some(next) = mutual_outer(o) {
        all.push(next);
        o = next;
    }
    all[inner..].reverse();
    all.push(object);
    all
}

fn end<O: Object>(structure: &mut impl Structure<O>, chain: &[O], further: &mut Dead<O>) {
    for &o in chain {
        further.extend(o.inner(Acquire).filter(|_| mutual_inner(o).is_none()));
        further.extend(o.outer(Acquire).filter(|_| mutual_outer(o).is_none()));
    }
    for &o in chain {
        o.set_inner(None, Release);
        o.set_outer(None, Release);
        structure.forget_handle(o);
        o.set_references(0, Relaxed);
    }
}

/// Links `inner` into `outer`: both ends are references. False, and nothing is
/// linked, when `outer` has an inner or `inner` an outer object: another thread
/// may have been first.
pub(crate) fn link<O: Object>(_: &mut impl Structure<O>, outer: O, inner: O) -> bool {
    if outer.inner(Acquire).is_some() || inner.outer(Acquire).is_some() {
        return false;
    }
    refer(inner);
    outer.set_inner(Some(inner), Release);
    refer(outer);
    inner.set_outer(Some(outer), Release);
    true
}

/// Undoes [`link`], if they are still joined. Ends neither: the caller has a
/// reference on both sides, or on a chain that contains them.
pub(crate) fn unlink<O: Object>(_: &mut impl Structure<O>, outer: O, inner: O) {
    if outer.inner(Acquire) == Some(inner) {
        outer.set_inner(None, Release);
        inner.remove_reference(Relaxed);
    }
    if inner.outer(Acquire) == Some(outer) {
        inner.set_outer(None, Release);
        outer.remove_reference(Relaxed);
    }
}

// loom switches stacks, which Miri cannot follow.
#[cfg(all(test, not(miri)))]
mod model;
