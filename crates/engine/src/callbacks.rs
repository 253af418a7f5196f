//! Running deferred work: programs' callbacks and handlers, with no lock and no
//! role held.

use omapi::request::Deferred;
use parking_lot::MutexGuard;
use std::cell::Cell;
use std::collections::VecDeque;

/// How deep callbacks may nest in one thread. A callback that waits runs other
/// callbacks, which may wait too: with ten thousand completions the stack would
/// not last. Beyond this, callbacks stay queued until outer ones return.
const DEEPEST: u32 = 16;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Counts one level for as long as it lives.
struct Level;

impl Level {
    fn enter() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Deferred work that is to be run, oldest first.
pub(crate) struct Queue<F> {
    all: VecDeque<F>,
    /// How many of them complete a request.
    completing: usize,
    /// How many of those are being run.
    running: usize,
}

impl<F: Deferred> Queue<F> {
    pub(crate) fn new() -> Self {
        Self {
            all: VecDeque::new(),
            completing: 0,
            running: 0,
        }
    }

    pub(crate) fn extend(&mut self, more: Vec<F>) {
        self.completing += more.iter().filter(|f| f.completes()).count();
        self.all.extend(more);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Some that completes a request is being run.
    pub(crate) fn is_completing(&self) -> bool {
        self.running > 0
    }

    fn pop(&mut self, even_deep: bool) -> Option<F> {
        let next = if even_deep || DEPTH.get() < DEEPEST {
            self.all.pop_front()?
        } else if self.completing > 0 {
            let at = self.all.iter().position(Deferred::completes)?;
            self.all.remove(at)?
        } else {
            return None;
        };
        self.completing -= usize::from(next.completes());
        Some(next)
    }
}

/// Runs what `queue` holds, one at a time, oldest first, with the lock
/// released: another thread, or a wait inside, may run part of it. Each runs
/// once. `leaving` is called before each, because it may take long, `completed`
/// after those that complete something. `all` runs everything even when
/// callbacks are nested too deep.
pub(crate) fn run<S, F: Deferred>(
    st: &mut MutexGuard<'_, S>,
    queue: impl Fn(&mut S) -> &mut Queue<F>,
    leaving: impl Fn(&mut S),
    completed: impl Fn(&mut S),
    all: bool,
) {
    while let Some(f) = queue(st).pop(all) {
        let _level = Level::enter();
        let completes = f.completes();
        leaving(st);
        queue(st).running += usize::from(completes);
        MutexGuard::unlocked(st, || f.run());
        if completes {
            queue(st).running -= 1;
            completed(st);
        }
    }
}
