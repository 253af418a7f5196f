//! The rules of `lifetime.rs` with objects of `loom`: each test runs for every
//! order in which the threads' steps can follow each other, and for every value
//! that the memory model lets a thread see.
//!
//! What is checked in each: an object that is used has not ended, and its
//! uses and its destruction are ordered; an object is destroyed once,
//! when there is no reference left; when all references are given up, every object
//! has been destroyed.

use super::{Dead, Object, Structure, chain, link, refer, release, unlink};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicI32, AtomicUsize};
use loom::sync::{Arc, Mutex, MutexGuard};
use loom::thread;
use std::sync::atomic::Ordering;
use std::sync::atomic::{AtomicI32 as Plain, Ordering::SeqCst};

/// The objects of a test, by number.
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;
const NONE: usize = usize::MAX;

struct Node {
    references: AtomicI32,
    inner: AtomicUsize,
    outer: AtomicUsize,
    /// What users read and the destroy handler takes away.
    body: UnsafeCell<()>,
    /// What only the tests know; loom does not look at these.
    held: Plain,
    destroyed: Plain,
}

#[derive(Default)]
struct Table(Vec<usize>);

struct World {
    nodes: Vec<Node>,
    structure: Mutex<Table>,
}

#[derive(Clone, Copy)]
struct Obj<'w>(&'w World, usize);

impl PartialEq for Obj<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}

impl Obj<'_> {
    fn node(&self) -> &Node {
        &self.0.nodes[self.1]
    }
    fn at(&self, number: usize) -> Option<Self> {
        (number != NONE).then_some(Self(self.0, number))
    }
}

fn number(o: Option<Obj>) -> usize {
    o.map_or(NONE, |o| o.1)
}

impl Object for Obj<'_> {
    fn references(&self, order: Ordering) -> i32 {
        self.node().references.load(order)
    }
    fn add_reference(&self, order: Ordering) {
        self.node().references.fetch_add(1, order);
    }
    fn remove_reference(&self, order: Ordering) {
        self.node().references.fetch_sub(1, order);
    }
    fn inner(&self, order: Ordering) -> Option<Self> {
        self.at(self.node().inner.load(order))
    }
    fn set_inner(&self, to: Option<Self>, order: Ordering) {
        self.node().inner.store(number(to), order);
    }
    fn outer(&self, order: Ordering) -> Option<Self> {
        self.at(self.node().outer.load(order))
    }
    fn set_outer(&self, to: Option<Self>, order: Ordering) {
        self.node().outer.store(number(to), order);
    }
}

impl<'w> Structure<Obj<'w>> for Table {
    fn has_handle(&self, object: Obj<'w>) -> bool {
        self.0.contains(&object.1)
    }
    fn forget_handle(&mut self, object: Obj<'w>) {
        self.0.retain(|&n| n != object.1);
    }
}

/// What a thread does with objects on which it has references.
impl World {
    fn obj(&self, n: usize) -> Obj<'_> {
        Obj(self, n)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.structure.lock().unwrap()
    }

    fn refer(&self, n: usize) {
        refer(self.obj(n));
        self.nodes[n].held.fetch_add(1, SeqCst);
    }

    fn look_at(&self, n: usize) {
        self.nodes[n].body.with(|_| ());
        assert_eq!(
            self.nodes[n].destroyed.load(SeqCst),
            0,
            "used after its end"
        );
    }

    fn give_up(&self, n: usize) {
        self.look_at(n);
        self.nodes[n].held.fetch_sub(1, SeqCst);
        let dead = release(&mut *self.lock(), self.obj(n));
        self.destroy(dead.expect("there was a reference"));
    }

    fn destroy(&self, dead: Dead<Obj>) {
        for o in dead {
            let node = o.node();
            assert_eq!(node.held.load(SeqCst), 0, "destroyed while referred to");
            assert_eq!(node.destroyed.fetch_add(1, SeqCst), 0, "destroyed twice");
            node.body.with_mut(|_| ());
        }
    }

    fn link(&self, outer: usize, inner: usize) -> bool {
        link(&mut *self.lock(), self.obj(outer), self.obj(inner))
    }

    fn unlink(&self, outer: usize, inner: usize) {
        unlink(&mut *self.lock(), self.obj(outer), self.obj(inner));
    }

    /// As programs link objects: a reference is stored in a member of each.
    fn join_like_a_program(&self, outer: usize, inner: usize) {
        refer(self.obj(inner));
        self.nodes[outer].inner.store(inner, Ordering::Release);
        refer(self.obj(outer));
        self.nodes[inner].outer.store(outer, Ordering::Release);
    }

    /// And unlink them: the references in the members are given up.
    fn part_like_a_program(&self, outer: usize, inner: usize) {
        self.empty(&self.nodes[outer].inner);
        self.empty(&self.nodes[inner].outer);
    }

    /// Gives up the reference in a member.
    fn empty(&self, member: &AtomicUsize) {
        let dead = {
            let mut table = self.lock();
            let o = self.obj(member.load(Ordering::Relaxed));
            member.store(NONE, Ordering::Release);
            release(&mut *table, o)
        };
        self.destroy(dead.expect("there was a reference"));
    }

    fn give_handle(&self, n: usize) {
        let mut table = self.lock();
        if !table.0.contains(&n) {
            refer(self.obj(n));
            table.0.push(n);
        }
    }

    fn look_up(&self, n: usize) -> bool {
        let table = self.lock();
        let found = table.0.contains(&n);
        if found {
            self.refer(n);
        }
        found
    }

    fn clear_handle(&self, n: usize) -> bool {
        let mut table = self.lock();
        let found = table.0.contains(&n);
        if found {
            table.0.retain(|&m| m != n);
            self.nodes[n].held.fetch_add(1, SeqCst);
        }
        found
    }
}

type Work = fn(&World);

/// Runs `threads` in every order. Each object begins with as many references
/// as `held` says, which the threads have; `before` runs ahead of them.
fn check<const N: usize>(held: &'static [i32], before: Work, threads: [Work; N]) {
    check_bounded(None, held, before, threads);
}

/// As [`check`], where threads lose the processor unasked at most `bound` times
/// together: for tests with too many orders.
fn check_bounded<const N: usize>(
    bound: Option<usize>,
    held: &'static [i32],
    before: Work,
    threads: [Work; N],
) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.check(move || {
        let node = |&held: &i32| Node {
            references: AtomicI32::new(held),
            inner: AtomicUsize::new(NONE),
            outer: AtomicUsize::new(NONE),
            body: UnsafeCell::new(()),
            held: Plain::new(held),
            destroyed: Plain::new(0),
        };
        let world = Arc::new(World {
            nodes: held.iter().map(node).collect(),
            structure: Mutex::default(),
        });
        before(&world);
        // The last one runs in the thread that started the others.
        let (mine, others) = threads.split_last().unwrap();
        let others: Vec<_> = others
            .iter()
            .map(|&work| {
                let world = Arc::clone(&world);
                thread::spawn(move || work(&world))
            })
            .collect();
        mine(&world);
        others.into_iter().for_each(|t| t.join().unwrap());
        for (n, node) in world.nodes.iter().enumerate() {
            assert_eq!(node.held.load(SeqCst), 0, "object {n}: the test holds it");
            assert_eq!(node.destroyed.load(SeqCst), 1, "object {n} leaked");
        }
        assert!(
            world.lock().0.is_empty(),
            "a handle of an object that ended"
        );
    });
}

fn nothing(_: &World) {}

fn drop_a(w: &World) {
    w.give_up(A);
}

fn drop_b(w: &World) {
    w.give_up(B);
}

/// Links a new inner object, as a callback is set, and gives up both.
fn set_callback(w: &World) {
    assert!(w.link(A, B));
    w.give_up(B);
    w.give_up(A);
}

fn take_handle(w: &World) {
    w.give_handle(A);
    w.give_up(A);
}

fn chain_of_two(w: &World) {
    assert!(w.link(A, B));
}

#[test]
fn the_last_of_two_references_ends_it() {
    check(&[2], nothing, [drop_a, drop_a]);
}

#[test]
fn three_threads_with_a_reference_each() {
    check(&[3], nothing, [drop_a, drop_a, drop_a]);
}

#[test]
fn more_references_from_references() {
    let more: Work = |w| {
        w.refer(A);
        w.give_up(A);
        w.look_at(A);
        w.give_up(A);
    };
    check(&[2], nothing, [more, drop_a]);
    check(&[2], nothing, [more, more]);
}

#[test]
fn a_callback_while_another_reference_goes() {
    check(&[2, 1], nothing, [set_callback, drop_a]);
}

#[test]
fn a_handle_while_another_reference_goes() {
    check(&[2], nothing, [take_handle, drop_a]);
    check(&[2], nothing, [take_handle, take_handle]);
}

#[test]
fn a_callback_and_a_handle_while_references_go() {
    check_bounded(
        Some(4),
        &[3, 1],
        nothing,
        [set_callback, take_handle, drop_a],
    );
}

#[test]
fn a_lookup_finds_it_alive_or_not_at_all() {
    let look_up: Work = |w| {
        if w.look_up(A) {
            w.give_up(A);
        }
    };
    check(&[1], |w| w.give_handle(A), [look_up, drop_a]);
    let chain: Work = |w| {
        w.link(A, B);
        w.give_handle(A);
    };
    check(&[0, 1], chain, [look_up, drop_b]);
    check(&[1], |w| w.give_handle(A), [look_up, look_up, drop_a]);
}

#[test]
fn a_handle_is_cleared_while_references_go() {
    let clear: Work = |w| {
        if w.clear_handle(A) {
            w.give_up(A);
        }
    };
    check(&[1], |w| w.give_handle(A), [clear, drop_a]);
    check(&[1], |w| w.give_handle(A), [clear, clear, drop_a]);
}

#[test]
fn both_ends_of_a_chain_go() {
    check(&[1, 1], chain_of_two, [drop_a, drop_b]);
    let three: Work = |w| {
        w.link(A, B);
        w.link(B, C);
    };
    check(&[1, 0, 1], three, [drop_a, |w| w.give_up(C)]);
    check(&[1, 1, 1], three, [drop_a, drop_b, |w| w.give_up(C)]);
}

/// The reference on one object of a chain becomes one on its neighbour, while
/// another thread decides.
#[test]
fn a_walk_along_the_chain() {
    let inward: Work = |w| {
        let inner = w.obj(A).inner(Ordering::Acquire).unwrap().1;
        w.refer(inner);
        w.give_up(A);
        w.give_up(inner);
    };
    let outward: Work = |w| {
        let outer = w.obj(B).outer(Ordering::Acquire).unwrap().1;
        w.refer(outer);
        w.give_up(B);
        w.give_up(outer);
    };
    check(&[2, 0], chain_of_two, [inward, drop_a]);
    check(&[1, 1], chain_of_two, [inward, drop_b]);
    check(&[1, 1], chain_of_two, [outward, drop_a]);
    check(&[1, 1], chain_of_two, [inward, outward]);
}

#[test]
fn a_chain_is_taken_apart_while_references_go() {
    let part: Work = |w| {
        w.unlink(A, B);
        w.give_up(A);
        w.give_up(B);
    };
    check(&[2, 1], chain_of_two, [part, drop_a]);
    check(&[1, 2], chain_of_two, [part, drop_b]);
    check(&[2, 2], chain_of_two, [part, part]);
}

#[test]
fn of_two_that_join_one_is_first() {
    // B or C gets into A.
    let b: Work = |w| {
        w.link(A, B);
        w.give_up(B);
        w.give_up(A);
    };
    let c: Work = |w| {
        w.link(A, C);
        w.give_up(C);
        w.give_up(A);
    };
    check(&[2, 1, 1], nothing, [b, c]);
}

#[test]
fn programs_link_without_the_lock() {
    let link: Work = |w| {
        w.join_like_a_program(A, B);
        w.give_up(B);
        w.give_up(A);
    };
    check(&[2, 1], nothing, [link, drop_a]);
    check(&[1, 2], nothing, [link, drop_b]);
    check(&[1, 1, 1], chain_of_two, [link_inward, drop_a]);
    check(&[0, 2, 1], chain_of_two, [link_inward, drop_b]);
}

fn link_inward(w: &World) {
    w.join_like_a_program(B, C);
    w.give_up(C);
    w.give_up(B);
}

/// A reference in a member whose object does not refer back.
#[test]
fn a_link_that_goes_one_way_is_a_reference() {
    let link: Work = |w| {
        refer(w.obj(B));
        w.nodes[A].inner.store(B, Ordering::Release);
        w.give_up(B);
        w.give_up(A);
    };
    check(&[1, 1], nothing, [link]);
    check(&[2, 1], nothing, [link, drop_a]);
    check(&[1, 2], nothing, [link, drop_b]);
}

/// The link was all that kept the inner object; its reference on the outer one
/// goes with it.
#[test]
fn what_is_unlinked_ends_when_nobody_has_it() {
    let unlink: Work = |w| {
        w.empty(&w.nodes[A].inner);
        assert_eq!(w.nodes[B].destroyed.load(SeqCst), 1);
        w.give_up(A);
    };
    check(&[1, 0], chain_of_two, [unlink]);
    check(&[2, 0], chain_of_two, [unlink, drop_a]);
}

#[test]
fn programs_unlink_by_giving_up_what_the_members_refer_to() {
    let unlink: Work = |w| {
        w.part_like_a_program(A, B);
        w.give_up(A);
        w.give_up(B);
    };
    check(&[2, 1], chain_of_two, [unlink, drop_a]);
    check(&[1, 2], chain_of_two, [unlink, drop_b]);
}

/// The tests are able to fail: designs that look right, and how they are found
/// not to be.
mod wrong {
    use super::*;
    use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};

    /// Without the lock when there are references to spare: the chain's own
    /// ones are counted first, and somebody else has what is beyond these.
    fn give_up_quickly(w: &World, n: usize) {
        let o = w.obj(n);
        let node = &w.nodes[n];
        let mut now = node.references.load(Acquire);
        let links = [o.inner(Acquire), o.outer(Acquire)];
        let needed = 1 + links.iter().flatten().count() as i32;
        while now > needed {
            let less = now - 1;
            match node
                .references
                .compare_exchange(now, less, Release, Relaxed)
            {
                Ok(_) => {
                    node.held.fetch_sub(1, SeqCst);
                    return;
                }
                Err(other) => now = other,
            }
        }
        w.give_up(n);
    }

    #[test]
    #[should_panic = "leaked"]
    fn references_to_spare_need_no_lock() {
        let callback: Work = |w| {
            w.link(A, B);
            w.give_up(B);
            give_up_quickly(w, A);
        };
        check(&[2, 1], nothing, [callback, |w| give_up_quickly(w, A)]);
    }

    #[test]
    #[should_panic = "leaked"]
    fn a_handle_and_references_to_spare_need_no_lock() {
        let handle: Work = |w| {
            w.give_handle(A);
            give_up_quickly(w, A);
        };
        check(&[2], nothing, [handle, |w| give_up_quickly(w, A)]);
    }

    /// A thread that decides in between takes another's reference for the table's.
    #[test]
    #[should_panic = "Causality violation"]
    fn the_handle_tables_reference_is_counted_later() {
        let handle: Work = |w| {
            w.lock().0.push(A);
            refer(w.obj(A));
            w.give_up(A);
        };
        check(&[2], nothing, [handle, drop_a]);
    }

    /// Who reads it then, and the links later, does not see that it was raised
    /// for one of them.
    #[test]
    #[should_panic = "destroyed while referred to"]
    fn a_count_is_read_ahead_of_the_links() {
        let outer_goes: Work = |w| {
            w.nodes[A].held.fetch_sub(1, SeqCst);
            let mut table = w.lock();
            let chain = chain(w.obj(A));
            let spare = |o: &Obj| {
                let references = o.references(Relaxed);
                references - super::super::internal(&*table, *o) - i32::from(o.1 == A)
            };
            if chain.iter().any(|o| spare(o) > 0) {
                return w.obj(A).remove_reference(Relaxed);
            }
            super::super::end(&mut *table, w.obj(A), &mut Dead::new(), &mut Dead::new());
            w.destroy(chain);
        };
        check(&[1, 1, 1], chain_of_two, [link_inward, outer_goes]);
    }

    /// A reference that is given up without the lock moves on along the chain
    /// behind the back of who decides.
    #[test]
    #[should_panic = "Causality violation"]
    fn references_go_without_the_lock() {
        let inward: Work = |w| {
            let inner = w.obj(A).inner(Acquire).unwrap().1;
            w.refer(inner);
            w.nodes[A].held.fetch_sub(1, SeqCst);
            w.obj(A).remove_reference(Release);
            w.look_at(inner);
            w.give_up(inner);
        };
        check(&[1, 1], chain_of_two, [inward, drop_b]);
    }

    #[test]
    #[should_panic = "leaked"]
    fn a_reference_that_is_never_given_up() {
        check(
            &[2],
            nothing,
            [drop_a, |w| {
                w.nodes[A].held.fetch_sub(1, SeqCst);
            }],
        );
    }
}
