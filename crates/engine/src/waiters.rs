//! Threads that sleep while another one reads their connection.
//!
//! Each has a condition variable of its own, so that an answer wakes the thread
//! that waits for it and no other. A thread that stops reading while others sleep
//! wakes one of them, which reads on: as long as there are waiters, a thread reads
//! or has been woken to.

use parking_lot::{Condvar, MutexGuard};
use std::sync::Arc;
use std::time::Instant;

/// What a thread sleeps for, or an answer is about: see
/// [`Complete::key`](omapi::request::Complete::key).
pub(crate) const ANYTHING: usize = 0;

#[derive(Default)]
pub(crate) struct Waiters(Vec<Waiter>);

struct Waiter {
    key: usize,
    condvar: Arc<Condvar>,
}

thread_local! {
    static CONDVAR: Arc<Condvar> = Arc::new(Condvar::new());
}

impl Waiters {
    /// Sleeps until woken, at most until the deadline. `of` finds the waiters
    /// in what the lock protects.
    pub(crate) fn sleep<S>(
        st: &mut MutexGuard<'_, S>,
        of: impl Fn(&mut S) -> &mut Self,
        key: usize,
        deadline: Option<Instant>,
    ) {
        // A thread that is ending may have no condition variable any more.
        let condvar = CONDVAR.try_with(Arc::clone).unwrap_or_default();
        of(st).0.push(Waiter {
            key,
            condvar: Arc::clone(&condvar),
        });
        match deadline {
            None => condvar.wait(st),
            Some(d) => drop(condvar.wait_until(st, d)),
        }
        // The thread that wakes a waiter takes it off the list.
        of(st).0.retain(|s| !Arc::ptr_eq(&s.condvar, &condvar));
    }

    /// Wakes those that wait for one of these.
    pub(crate) fn wake(&mut self, keys: &[usize]) {
        if self.0.is_empty() {
            return;
        }
        let all = keys.contains(&ANYTHING);
        self.wake_if(|key| all || key == ANYTHING || keys.contains(&key));
    }

    /// Wakes all.
    pub(crate) fn wake_all(&mut self) {
        self.wake_if(|_| true);
    }

    /// Wakes one, to read.
    pub(crate) fn wake_one(&mut self) {
        if !self.0.is_empty() {
            self.0.remove(0).condvar.notify_one();
        }
    }

    fn wake_if(&mut self, concerned: impl Fn(usize) -> bool) {
        self.0.retain(|s| {
            let wake = concerned(s.key);
            if wake {
                s.condvar.notify_one();
            }
            !wake
        });
    }
}
