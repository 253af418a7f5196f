//! A connection, and what connections have in common whatever the server
//! speaks: one lock, waiting, callbacks, the end.

use crate::net::Socket;
use crate::waiters::{self, Waiters};
use crate::{callbacks, process};
use omapi::request::{Complete, Outcome, Request};
use omapi::status::Status;
use parking_lot::{Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Trying one address after the other, or asking what the server can do.
    Connecting,
    /// Connected; introduction or authentication not finished.
    Handshake,
    /// Usable.
    Ready,
    /// Being closed as soon as everything queued is sent.
    Draining,
    /// Closed, and why; see [`Connection::finished`].
    Closed(Status),
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// What was waited for has happened.
    Done,
    /// The deadline passed first.
    TimedOut,
    /// The connection ended first, for this reason.
    Closed(Status),
}

/// How to disconnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// At once; what is queued is dropped.
    Now,
    /// When everything queued is sent.
    WhenSent,
}

/// What runs once when a connection ends.
pub(crate) type OnClose = Box<dyn FnOnce() + Send>;

/// How long a thread serves at a stretch while another one runs a program's
/// handlers, which may end what it waits for.
const HANDLERS: Duration = Duration::from_millis(5);

/// A connection to a server, over whatever protocol. Shared by `Arc`; every
/// method may be called from any thread.
pub trait Connection<T: Complete>: Send + Sync {
    /// Number of the thread that used it last; such a thread serves the
    /// connection in all its waits. For the dispatcher above.
    fn last_user(&self) -> &AtomicU64;

    /// The thread that connects waits until `deadline` at most: each address of the
    /// server gets a share of that time.
    fn limit_connecting(&self, deadline: Option<Instant>);

    /// How far it is.
    fn phase(&self) -> Phase;

    /// Why it ended: once it is closed and every request has been completed.
    fn finished(&self) -> Option<Status>;

    /// True while requests are unanswered, or callbacks have not run.
    fn is_busy(&self) -> bool;

    /// True while another thread may run a program's handlers that complete
    /// requests: a thread that waits for one must not sleep in the kernel for long.
    fn is_completing(&self) -> bool;

    /// Waits until `done` says so, driving the connection. `done` is asked
    /// under the connection's lock and must only look. At least one
    /// non-blocking attempt is made, even when the deadline has passed.
    fn wait(&self, deadline: Option<Instant>, done: &mut dyn FnMut(Phase) -> bool) -> Waited {
        self.wait_about(waiters::ANYTHING, deadline, done)
    }

    /// As [`wait`](Self::wait), when only the completion of a request with this
    /// key (and the end of the connection) can make `done` true.
    fn wait_about(
        &self,
        key: usize,
        deadline: Option<Instant>,
        done: &mut dyn FnMut(Phase) -> bool,
    ) -> Waited;

    /// Takes the I/O role if it is free, after sending what can be sent.
    fn begin_io(&self) -> Option<Box<dyn IoGuard + '_>>;

    /// Runs the callbacks of completions that were delivered.
    fn deliver(&self);

    /// As [`deliver`](Self::deliver), also deep inside callbacks: for the thread
    /// that ended the connection, because no other may look at it again.
    fn deliver_all(&self);

    /// Disconnects. Each outstanding request completes with
    /// `DHCP_R_CONNRESET`, when the connection closes. False when it was
    /// closed already. [`deliver_all`](Self::deliver_all) must follow.
    ///
    /// Without haste, OMAPI sends what is queued first, which may be after the
    /// return; Kea does the changes that are queued before the return, which
    /// may take as long as the server does.
    fn disconnect(&self, how: Disconnect) -> bool;

    /// The socket, where one serves the whole connection.
    fn socket(&self) -> Option<Arc<Socket>>;

    /// The descriptor for a program's own event loop, readable when there is
    /// something to do: the socket, or one that stands for several, made when
    /// it is asked for the first time. `None` at the end of the connection,
    /// without descriptors left, or where the system has nothing of the kind.
    fn descriptor(&self) -> Option<RawFd>;

    /// True while something waits to be sent.
    fn has_sendable(&self) -> bool;

    /// Queues a request. Returns the id of the message, 0 without messages.
    ///
    /// # Errors
    /// The ticket comes back: `DHCP_R_CONNRESET` after the end,
    /// `ISC_R_SHUTTINGDOWN` while draining, `DHCP_R_NOTYET` before an
    /// authenticated connection is ready, `ISC_R_NOTIMPLEMENTED` for what the
    /// protocol has no request for, or what is wrong with a value.
    fn submit(&self, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)>;

    /// Sends what can be sent without blocking.
    fn flush(&self);

    /// True for a Kea server.
    fn is_kea(&self) -> bool;
}

/// The I/O role: the thread that has it sends and receives for all that use the
/// connection, until it drops this.
pub trait IoGuard {
    /// Adds what to poll for; how many descriptors that are.
    fn register<'t>(&'t self, fds: &mut Vec<PollFd<'t>>) -> usize;

    /// When to call [`proceed`](Self::proceed) even if nothing is ready.
    fn wake_at(&self) -> Option<Instant>;

    /// Does what a poll found ready, in the order of registration. True when
    /// anything was.
    fn proceed(&mut self, ready: &[PollFlags]) -> bool;

    /// One round: polls, at most until the deadline, and takes in what is
    /// there.
    fn poll_once(self: Box<Self>, deadline: Option<Instant>);
}

/// What differs between protocols: their part of a connection's state.
pub(crate) trait Transport<T: Complete>: Sized + Send {
    /// What needs no lock.
    type Fixed: Send + Sync;
    /// The I/O role, until it is dropped.
    type Guard<'c>: IoGuard
    where
        T: 'c,
        Self: 'c;

    /// Whether the server is a Kea server.
    const IS_KEA: bool;

    /// See [`Connection::limit_connecting`].
    fn limit_connecting(&mut self, deadline: Option<Instant>);

    /// See [`Connection::socket`].
    fn socket(core: &Core<T, Self>) -> Option<Arc<Socket>>;

    /// See [`Connection::descriptor`].
    fn descriptor(core: &Core<T, Self>) -> Option<RawFd>;

    /// See [`Connection::has_sendable`].
    fn has_sendable(core: &Core<T, Self>) -> bool;

    /// See [`Connection::submit`].
    fn submit(core: &Core<T, Self>, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)>;

    /// See [`Connection::flush`].
    fn flush(core: &Core<T, Self>);

    /// Sends what can be sent, and takes the I/O role if it is free. The lock
    /// may be released in between.
    fn begin_io<'c>(
        core: &'c Core<T, Self>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<Self::Guard<'c>>;

    /// One round of I/O of a thread that waits on afterwards: takes in what is
    /// there, at most until the deadline.
    fn do_io(guard: Self::Guard<'_>, deadline: Option<Instant>);

    /// No thread has the I/O role.
    fn is_free(&self) -> bool;

    /// Requests are unanswered.
    fn has_outstanding(&self) -> bool;

    /// Another thread has the role: does what that one may not do, at most
    /// until the deadline. False when there is nothing of the kind.
    fn assist(
        _core: &Core<T, Self>,
        _st: &mut MutexGuard<'_, State<T, Self>>,
        _deadline: Option<Instant>,
    ) -> bool {
        false
    }

    /// Ends what a connection that is not closed yet has begun, as `how` says.
    fn disconnect(core: &Core<T, Self>, st: &mut MutexGuard<'_, State<T, Self>>, how: Disconnect);

    /// The connection is being closed: the requests that are lost by that,
    /// unless the thread with the I/O role gives them up when it returns.
    fn give_up(core: &Core<T, Self>, st: &mut State<T, Self>) -> Vec<T>;

    /// In a child of the process that connected: closes its copies of the
    /// descriptors, and sends nothing to the server.
    fn forget(&mut self);
}

/// A connection over the protocol `S`.
pub(crate) struct Core<T: Complete, S: Transport<T>> {
    pub(crate) state: Mutex<State<T, S>>,
    #[cfg_attr(not(feature = "kea"), expect(dead_code, reason = "Kea's only"))]
    pub(crate) fixed: S::Fixed,
    last_user: AtomicU64,
    /// The process that made it; in a child it is of no use.
    process: u32,
}

/// What the lock of a connection protects.
pub(crate) struct State<T: Complete, S> {
    pub(crate) phase: Phase,
    pub(crate) transport: S,
    /// Callbacks to run, oldest first.
    pub(crate) callbacks: callbacks::Queue<T::Deferred>,
    on_close: Option<OnClose>,
    pub(crate) waiters: Waiters,
    /// How many threads may be about to complete requests that the session has
    /// already given out: the one with the I/O role, and those that close it. While
    /// there are any, the end of the connection is not the end of every request.
    pub(crate) completing: u32,
}

impl<T: Complete, S: Transport<T>> Core<T, S> {
    pub(crate) fn new(transport: S, fixed: S::Fixed, on_close: OnClose) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Connecting,
                transport,
                callbacks: callbacks::Queue::new(),
                on_close: Some(on_close),
                waiters: Waiters::default(),
                completing: 0,
            }),
            fixed,
            last_user: AtomicU64::new(0),
            process: process::generation(),
        }
    }

    /// True in a child of the process that connected. The lock must not be
    /// waited for then: a thread that did not survive the fork may hold it.
    pub(crate) fn is_inherited(&self) -> bool {
        self.process != process::generation()
    }

    /// As [`Connection::wait_about`], with a `done` that sees more.
    pub(crate) fn wait_locked(
        &self,
        st: &mut MutexGuard<'_, State<T, S>>,
        key: usize,
        deadline: Option<Instant>,
        mut done: impl FnMut(&State<T, S>) -> bool,
    ) -> Waited {
        let mut tried = false;
        loop {
            self.run_callbacks(st, false);
            if done(st) {
                st.leave();
                return Waited::Done;
            }
            if let Some(status) = st.finished() {
                return Waited::Closed(status);
            }
            let late = deadline.is_some_and(|d| d <= Instant::now());
            if late && tried {
                st.leave();
                return Waited::TimedOut;
            }
            tried = true;
            match S::begin_io(self, st) {
                Some(guard) => {
                    // When another thread ends it, nothing arrives here.
                    let until = if st.callbacks.is_completing() {
                        sooner(deadline, HANDLERS)
                    } else {
                        deadline
                    };
                    MutexGuard::unlocked(st, || S::do_io(guard, until));
                }
                None if st.finished().is_some() => {}
                None if S::assist(self, st, deadline) => {}
                None => Waiters::sleep(st, |st| &mut st.waiters, key, deadline),
            }
        }
    }

    /// Takes in what a round of I/O brought. The protocol then puts its reader
    /// back and calls [`io_ended`](Self::io_ended).
    pub(crate) fn end_io(
        &self,
        callbacks: Vec<T::Deferred>,
        completed: &[usize],
    ) -> MutexGuard<'_, State<T, S>> {
        let mut st = self.state.lock();
        if !callbacks.is_empty() {
            st.callbacks.extend(callbacks);
        }
        st.waiters.wake(completed);
        st
    }

    /// The role is free again. `stays` says that the thread waits on.
    pub(crate) fn io_ended(st: &mut State<T, S>, stays: bool) {
        st.completing -= 1;
        if matches!(st.phase, Phase::Closed(_)) {
            // Now it may be over, for those who wait for nothing else too.
            st.waiters.wake_all();
        }
        // A thread that stays serves on, or says that it leaves.
        if !stays {
            st.waiters.wake_one();
        }
    }

    /// Runs what has to run at the end of the connection, and queued callbacks,
    /// with the lock released.
    fn run_callbacks(&self, st: &mut MutexGuard<'_, State<T, S>>, all: bool) {
        if matches!(st.phase, Phase::Closed(_))
            && let Some(f) = st.on_close.take()
        {
            MutexGuard::unlocked(st, f);
        }
        let woken = |st: &mut State<T, S>| st.waiters.wake_all();
        callbacks::run(st, |st| &mut st.callbacks, State::leave, woken, all);
    }

    /// The parent goes on.
    fn give_up_inherited(&self) {
        if let Some(mut st) = self.state.try_lock() {
            st.phase = Phase::Closed(Status::CONNECTION_RESET);
            st.transport.forget();
            let on_close = st.on_close.take();
            drop(st);
            if let Some(f) = on_close {
                f();
            }
        }
    }

    /// Ends the connection because of `status`. Only the first end counts.
    pub(crate) fn close(&self, status: Status) {
        let mut st = self.state.lock();
        self.close_locked(&mut st, status);
    }

    pub(crate) fn close_locked(&self, st: &mut MutexGuard<'_, State<T, S>>, status: Status) {
        if matches!(st.phase, Phase::Closed(_)) {
            return;
        }
        st.phase = Phase::Closed(status);
        let tickets = S::give_up(self, st);
        lose(st, tickets);
        st.waiters.wake_all();
    }
}

impl<T: Complete, S: Transport<T>> Connection<T> for Core<T, S> {
    fn last_user(&self) -> &AtomicU64 {
        &self.last_user
    }

    fn limit_connecting(&self, deadline: Option<Instant>) {
        if !self.is_inherited() {
            self.state.lock().transport.limit_connecting(deadline);
        }
    }

    fn phase(&self) -> Phase {
        if self.is_inherited() {
            return Phase::Closed(Status::CONNECTION_RESET);
        }
        self.state.lock().phase
    }

    fn finished(&self) -> Option<Status> {
        if self.is_inherited() {
            return Some(Status::CONNECTION_RESET);
        }
        self.state.lock().finished()
    }

    fn is_busy(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        st.has_undelivered()
            || match st.phase {
                Phase::Closed(_) => false,
                Phase::Ready => st.transport.has_outstanding(),
                _ => true,
            }
    }

    fn is_completing(&self) -> bool {
        !self.is_inherited() && self.state.lock().callbacks.is_completing()
    }

    fn wait_about(
        &self,
        key: usize,
        deadline: Option<Instant>,
        done: &mut dyn FnMut(Phase) -> bool,
    ) -> Waited {
        if self.is_inherited() {
            return Waited::Closed(Status::CONNECTION_RESET);
        }
        let mut st = self.state.lock();
        self.wait_locked(&mut st, key, deadline, |st| done(st.phase))
    }

    fn begin_io(&self) -> Option<Box<dyn IoGuard + '_>> {
        if self.is_inherited() {
            return None;
        }
        let mut st = self.state.lock();
        let guard = S::begin_io(self, &mut st)?;
        Some(Box::new(guard))
    }

    fn deliver(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_callbacks(&mut st, false);
    }

    fn deliver_all(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_callbacks(&mut st, true);
    }

    fn disconnect(&self, how: Disconnect) -> bool {
        if self.is_inherited() {
            self.give_up_inherited();
            return true;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return false;
        }
        S::disconnect(self, &mut st, how);
        true
    }

    fn socket(&self) -> Option<Arc<Socket>> {
        S::socket(self)
    }

    fn descriptor(&self) -> Option<RawFd> {
        S::descriptor(self)
    }

    fn has_sendable(&self) -> bool {
        S::has_sendable(self)
    }

    fn submit(&self, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)> {
        S::submit(self, request, ticket)
    }

    fn flush(&self) {
        S::flush(self);
    }

    fn is_kea(&self) -> bool {
        S::IS_KEA
    }
}

impl<T: Complete, S: Transport<T>> State<T, S> {
    /// A thread stops waiting, or is busy with a callback: another one has to
    /// serve, if nobody does.
    fn leave(&mut self) {
        if self.transport.is_free() {
            self.waiters.wake_one();
        }
    }

    /// See [`Connection::finished`].
    pub(crate) fn finished(&self) -> Option<Status> {
        match self.phase {
            Phase::Closed(status) if self.completing == 0 => Some(status),
            _ => None,
        }
    }

    /// Callbacks, or what runs at the end, have not run.
    fn has_undelivered(&self) -> bool {
        !self.callbacks.is_empty()
            || (self.on_close.is_some() && matches!(self.phase, Phase::Closed(_)))
    }
}

/// Completes requests that no answer will come for.
pub(crate) fn lose<T: Complete, S: Transport<T>>(
    st: &mut MutexGuard<'_, State<T, S>>,
    tickets: Vec<T>,
) {
    st.completing += 1;
    let callbacks = MutexGuard::unlocked(st, || {
        let lost = Outcome::Lost(Status::CONNECTION_RESET);
        let all = tickets.into_iter();
        all.filter_map(|t| t.complete(lost)).collect()
    });
    st.completing -= 1;
    st.callbacks.extend(callbacks);
}

/// The deadline, or that much time from now.
pub(crate) fn sooner(deadline: Option<Instant>, time: Duration) -> Option<Instant> {
    let then = Instant::now() + time;
    Some(deadline.map_or(then, |d| d.min(then)))
}
