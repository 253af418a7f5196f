//! Threads that sleep while another one reads their connection.
//!
//! Each has a bell of its own, so that an answer wakes the thread that waits
//! for it and no other. Whoever stops reading while others sleep wakes one of
//! them, who reads on: as long as there are sleepers, somebody reads or has
//! been woken to.

use parking_lot::{Condvar, MutexGuard};
use std::sync::Arc;
use std::time::Instant;

/// What a thread sleeps for, or an answer is about: see
/// [`Complete::key`](omapi::request::Complete::key).
pub(super) const ANYTHING: usize = 0;

#[derive(Default)]
pub(super) struct Sleepers(Vec<Sleeper>);

struct Sleeper {
    key: usize,
    bell: Arc<Condvar>,
}

thread_local! {
    static BELL: Arc<Condvar> = Arc::new(Condvar::new());
}

impl Sleepers {
    /// Sleeps until woken, at most until the deadline. `of` finds the sleepers
    /// in what the lock protects.
    pub(super) fn sleep<S>(
        st: &mut MutexGuard<'_, S>,
        of: impl Fn(&mut S) -> &mut Self,
        key: usize,
        deadline: Option<Instant>,
    ) {
        // A thread that is ending may have no bell of its own any more.
        let bell = BELL.try_with(Arc::clone).unwrap_or_default();
        of(st).0.push(Sleeper {
            key,
            bell: Arc::clone(&bell),
        });
        match deadline {
            None => bell.wait(st),
            Some(d) => drop(bell.wait_until(st, d)),
        }
        // Whoever wakes a sleeper takes it off the list.
        of(st).0.retain(|s| !Arc::ptr_eq(&s.bell, &bell));
    }

    /// Wakes those who wait for one of these.
    pub(super) fn wake(&mut self, keys: &[usize]) {
        if self.0.is_empty() {
            return;
        }
        let all = keys.contains(&ANYTHING);
        self.wake_if(|key| all || key == ANYTHING || keys.contains(&key));
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&mut self) {
        self.wake_if(|_| true);
    }

    /// Wakes one, to read.
    pub(super) fn wake_one(&mut self) {
        if !self.0.is_empty() {
            self.0.remove(0).bell.notify_one();
        }
    }

    fn wake_if(&mut self, concerned: impl Fn(usize) -> bool) {
        self.0.retain(|s| {
            let wake = concerned(s.key);
            if wake {
                s.bell.notify_one();
            }
            !wake
        });
    }
}
