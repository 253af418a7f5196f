//! Running what completions leave behind: programs' callbacks, with no lock
//! and no role held.

use crate::request::Followup;
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

/// Runs what `queue` holds, one at a time, oldest first, with the lock
/// released: another thread, or a wait inside, may run part of it. Each runs
/// once. `all` runs everything even when callbacks are nested too deep.
pub(super) fn run<S, F: Followup>(
    st: &mut MutexGuard<'_, S>,
    queue: impl Fn(&mut S) -> &mut VecDeque<F>,
    all: bool,
) {
    while let Some(f) = next(queue(st), all) {
        let _level = Level::enter();
        MutexGuard::unlocked(st, || f.run());
    }
}

fn next<F: Followup>(queue: &mut VecDeque<F>, all: bool) -> Option<F> {
    if all || DEPTH.get() < DEEPEST {
        return queue.pop_front();
    }
    let at = queue.iter().position(Followup::completes)?;
    queue.remove(at)
}
