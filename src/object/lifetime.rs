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

use core::iter::successors;
use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use smallvec::SmallVec;

/// An object that is live for as long as the value is used.
pub(crate) trait Object: Copy + PartialEq {
    /// The reference count.
    fn references(&self, order: Ordering) -> i32;
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
    // Most references are not the last one.
    if !give_up(structure, object)? {
        return Some(ended);
    }
    let mut further = Dead::new();
    end(structure, object, &mut ended, &mut further);
    while let Some(next) = further.pop() {
        if give_up(structure, next) == Some(true) {
            end(structure, next, &mut ended, &mut further);
        }
    }
    Some(ended)
}

/// Whether the reference is the last one on the whole chain, which then is to
/// end; if not, it is taken off the count. `None` as [`release`].
fn give_up<O: Object>(structure: &impl Structure<O>, object: O) -> Option<bool> {
    let internal = internal(structure, object);
    let references = object.references(Relaxed);
    if references <= 0 {
        return None;
    }
    let unused = |o| is_unused(structure, o);
    let last =
        references == internal + 1 && inside(object).all(unused) && outside(object).all(unused);
    if !last {
        object.remove_reference(Relaxed);
    }
    Some(last)
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

/// The objects of the chain inside `object`, its neighbour first. It ends where
/// a link goes one way only: that is a reference like any other.
fn inside<O: Object>(object: O) -> impl Iterator<Item = O> {
    successors(mutual_inner(object), |&o| mutual_inner(o))
}

/// The same around `object`.
fn outside<O: Object>(object: O) -> impl Iterator<Item = O> {
    successors(mutual_outer(object), |&o| mutual_outer(o))
}

/// The chain of `object`: innermost first, then outermost to outward
/// neighbour, `object` itself last.
fn chain<O: Object>(object: O) -> Dead<O> {
    let mut all = Dead::new();
    for o in inside(object) {
        all.push(o);
    }
    all.reverse();
    let inner = all.len();
    for o in outside(object) {
        all.push(o);
    }
    all[inner..].reverse();
    all.push(object);
    all
}

/// Ends the chain of `object`: it goes to `ended`. References that its objects
/// had on objects outside of it go to `further`.
///
/// Destroy handlers see what the original shows them: each object still has its
/// link towards `object`, and what that leads to is destroyed later. The link
/// away from `object` is cleared, because what it led to is destroyed earlier.
/// The reference that this link stood for, or that was given up, is the
/// library's until the object is freed: a handler may take and give up further
/// ones without ending anything a second time.
fn end<O: Object>(
    structure: &mut impl Structure<O>,
    object: O,
    ended: &mut Dead<O>,
    further: &mut Dead<O>,
) {
    let chain = chain(object);
    for &o in &chain {
        let inner = o.inner(Acquire).filter(|_| mutual_inner(o).is_none());
        let outer = o.outer(Acquire).filter(|_| mutual_outer(o).is_none());
        for other in [inner, outer].into_iter().flatten() {
            further.push(other);
        }
    }
    let inner = inside(object).count();
    for (at, &o) in chain.iter().enumerate() {
        if at < inner || o == object {
            o.set_inner(None, Release);
        }
        if at >= inner {
            o.set_outer(None, Release);
        }
        if structure.has_handle(o) {
            structure.forget_handle(o);
            o.remove_reference(Relaxed);
        }
        ended.push(o);
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
