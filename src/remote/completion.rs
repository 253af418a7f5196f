//! What an object remembers of its requests, so that a wait after the answer
//! returns at once, and waits may come in any order.
//!
//! A remote object has it behind its C struct. Any other object that a
//! program's own message is about gets an entry in a table.

use super::connection::{self, Conn};
use super::{dispatch, remote_object};
use crate::abi::layout::omapi_object_t;
use crate::object::refs::ObjectRef;
use engine::Waited;
use omapi::status::Status;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Finished requests that nobody waited for are forgotten beyond this number
/// when the object has a callback: such programs need never wait.
const REMEMBERED_WITH_CALLBACK: usize = 64;

/// How a request ended, until a wait asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    Answered(Status),
    Lost(Status),
}

impl Finished {
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Answered(status) | Self::Lost(status) => status,
        }
    }
}

/// Requests outstanding and finished.
#[derive(Default)]
pub(crate) struct Completion {
    outstanding: u32,
    /// Threads that wait for one of them.
    waiting: u16,
    /// Outstanding requests are on several connections.
    scattered: bool,
    finished: Queue,
    connection: Option<Arc<Conn>>,
}

impl Completion {
    /// A request is about to be queued. Returns what is to be dropped when no
    /// lock is held.
    #[must_use]
    pub(crate) fn begin(&mut self, engine: &Arc<Conn>) -> Option<Arc<Conn>> {
        if self.outstanding == 0 {
            // Nobody waited for these; a wait now means the new request. But a
            // thread that sleeps until one of them has not looked yet.
            while self.finished.len() > usize::from(self.waiting) {
                self.finished.pop();
            }
            self.scattered = false;
        }
        self.outstanding += 1;
        match &self.connection {
            Some(c) if Arc::ptr_eq(c, engine) => None,
            _ => {
                self.scattered = self.outstanding > 1;
                self.connection.replace(Arc::clone(engine))
            }
        }
    }

    /// The request was not queued after all.
    pub(crate) fn take_back(&mut self) {
        self.outstanding = self.outstanding.saturating_sub(1);
    }

    /// A request ended.
    pub(crate) fn end(&mut self, how: Finished, has_callback: bool) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if has_callback && self.finished.len() >= REMEMBERED_WITH_CALLBACK {
            self.finished.pop();
        }
        self.finished.push(how);
    }

    /// What a wait finds.
    fn next(&mut self) -> Next {
        match self.finished.pop() {
            Some(Finished::Answered(status)) => Next::Ended(Ok(status)),
            Some(Finished::Lost(status)) => Next::Ended(Err(status)),
            None if self.outstanding == 0 => Next::Ended(Err(Status::NO_MORE)),
            None if self.scattered => Next::Wait(None),
            None => Next::Wait(self.connection.clone()),
        }
    }

    /// As [`next`](Self::next); a thread that has to wait is counted.
    fn next_or_count(&mut self) -> Next {
        let next = self.next();
        if matches!(next, Next::Wait(_)) {
            self.waiting = self.waiting.saturating_add(1);
        }
        next
    }

    /// Whether a wait finds something else than that it has to wait.
    fn is_over(&self) -> bool {
        !self.finished.is_empty() || self.outstanding == 0
    }
}

/// What a wait finds.
enum Next {
    /// A request that has ended, or that there is none.
    Ended(Result<Status, Status>),
    /// Requests that are outstanding on this connection, or on several.
    Wait(Option<Arc<Conn>>),
}

/// First in, first out. Most objects have one request at a time: the oldest
/// entry needs no memory of its own.
#[derive(Default)]
#[expect(clippy::box_collection, reason = "objects are many, longer queues few")]
struct Queue {
    /// While it is missing, so is everything in `more`.
    first: Option<Finished>,
    more: Option<Box<VecDeque<Finished>>>,
}

impl Queue {
    fn push(&mut self, how: Finished) {
        match self.first {
            None => self.first = Some(how),
            Some(_) => self.more.get_or_insert_default().push_back(how),
        }
    }

    fn pop(&mut self) -> Option<Finished> {
        let next = self.more.as_mut().and_then(|more| more.pop_front());
        core::mem::replace(&mut self.first, next)
    }

    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.as_ref().map_or(0, |more| more.len())
    }

    fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// Completions of objects that are not remote objects, by address. An entry
/// goes when its object dies.
static OTHERS: Mutex<Option<BTreeMap<usize, Completion>>> = Mutex::new(None);
static OTHERS_COUNT: AtomicUsize = AtomicUsize::new(0);

/// Looks at the completion of `object`; a fresh one when it has none.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn with<R>(
    object: *mut omapi_object_t,
    f: impl FnOnce(&mut Completion) -> R,
) -> R {
    // SAFETY: the object is live, by the caller's promise.
    if let Some(remote) = unsafe { remote_object::from_object(object) } {
        // SAFETY: as above; the result is not used beyond this line.
        return f(&mut unsafe { remote.completion() }.lock());
    }
    let mut others = OTHERS.lock();
    let map = others.get_or_insert_default();
    let result = f(map.entry(object as usize).or_default());
    OTHERS_COUNT.store(map.len(), Ordering::Relaxed);
    result
}

/// As [`with`], of an object that a reference keeps alive.
pub(crate) fn with_held<R>(object: &ObjectRef, f: impl FnOnce(&mut Completion) -> R) -> R {
    // SAFETY: the borrowed reference keeps the object alive.
    unsafe { with(object.as_ptr(), f) }
}

/// What a wait for `object` is about.
pub(crate) fn key_of(object: *mut omapi_object_t) -> usize {
    object as usize
}

/// Forgets a dying object that is not a remote object.
pub(crate) fn forget(object: *mut omapi_object_t) {
    if OTHERS_COUNT.load(Ordering::Relaxed) == 0 {
        return;
    }
    let gone = OTHERS.lock().as_mut().and_then(|map| {
        let gone = map.remove(&(object as usize));
        OTHERS_COUNT.store(map.len(), Ordering::Relaxed);
        gone
    });
    // Outside the lock: it may be the last to know its connection.
    drop(gone);
}

/// Waits until a request of `object` has ended: the oldest that no wait has
/// returned yet. For a connection handle: until the connection can be used,
/// once. Returns the status of the request.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `ISC_R_NOMORE` when there is nothing to wait for, `ISC_R_TIMEDOUT`,
/// `DHCP_R_CONNRESET` when the connection ended first.
pub(crate) unsafe fn wait(
    object: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Result<Status, Status> {
    // SAFETY: the object is live, by the caller's promise.
    if unsafe { remote_object::from_object(object) }.is_none()
        // SAFETY: as above.
        && let Some(result) = unsafe { connection::wait(object, deadline) }
    {
        return result;
    }
    // A thread that has to wait is counted in the same step: what ends now is
    // remembered for it.
    // SAFETY: as above.
    let mut next = unsafe { with(object, Completion::next_or_count) };
    if let Next::Ended(result) = next {
        return result;
    }
    // A callback may free the object that is waited for.
    // SAFETY: nothing of the program has run yet, so it is live.
    let sleeping = Sleeping(unsafe { ObjectRef::new(object) });
    loop {
        match next {
            Next::Ended(result) => return result,
            Next::Wait(engine) => sleeping.until_over(engine, deadline)?,
        }
        next = with_held(&sleeping.0, Completion::next);
    }
}

/// A thread that waits for an object: it has been counted, which is undone in
/// the end, and keeps the object.
struct Sleeping(ObjectRef);

impl Sleeping {
    /// Waits until a request has ended, driving the connection that it is on,
    /// or all of them.
    ///
    /// # Errors
    /// `ISC_R_TIMEDOUT`, `DHCP_R_CONNRESET` when the connection ended first.
    fn until_over(
        &self,
        engine: Option<Arc<Conn>>,
        deadline: Option<Instant>,
    ) -> Result<(), Status> {
        let mut over = || with_held(&self.0, |c| c.is_over());
        let waited = match engine {
            None => dispatch::wait_all(deadline, &mut over),
            Some(engine) => {
                let key = key_of(self.0.as_ptr());
                dispatch::wait(&engine, key, deadline, &mut |_| over())
            }
        };
        match waited {
            Waited::TimedOut => Err(Status::TIMED_OUT),
            Waited::Done => Ok(()),
            // Every request of a closed connection has ended, so the next
            // round finds it; if another thread's wait took it, there is
            // nothing left to wait for.
            Waited::Closed(_) if over() => Ok(()),
            Waited::Closed(_) => Err(Status::CONNECTION_RESET),
        }
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        with_held(&self.0, |c| c.waiting = c.waiting.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_in_first_out() {
        let mut queue = Queue::default();
        for round in 0..3 {
            for i in 0..4 {
                assert_eq!(queue.len(), i as usize);
                queue.push(Finished::Answered(Status(round * 10 + i)));
            }
            for i in 0..4 {
                let next = queue.pop().map(Finished::status);
                assert_eq!(next, Some(Status(round * 10 + i)));
            }
            assert!(queue.is_empty());
        }
        assert_eq!(queue.pop(), None);
    }
}
