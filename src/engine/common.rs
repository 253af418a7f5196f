//! What connections have in common, whatever the server speaks: one lock,
//! waiting, callbacks, the end.

use super::sleepers::{self, Sleepers};
use super::{followups, process};
use omapi::request::{Complete, Outcome};
use omapi::status::Status;
use parking_lot::{Mutex, MutexGuard};
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
    /// Over, and why.
    Closed(Status),
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// What was waited for has happened.
    Done,
    /// The deadline passed first.
    TimedOut,
    /// The connection is over, and so is the hope.
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
pub(super) type OnClose = Box<dyn FnOnce() + Send>;

/// How long a thread serves at a stretch while another one runs a program's
/// handlers, which may end what it waits for.
const HANDLERS: Duration = Duration::from_millis(5);

/// What differs between kinds of servers: the part of the state that is theirs,
/// and a turn as the one who serves.
pub trait Server<T: Complete>: Sized {
    /// What needs no lock.
    type Fixed;
    /// The role of the one who serves, until it is dropped.
    type Turn<'c>
    where
        T: 'c,
        Self: 'c;

    /// Sends what can be sent, and takes the role if it is free. The lock may
    /// be released in between.
    fn begin_turn<'c>(
        core: &'c Core<T, Self>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<Self::Turn<'c>>;

    /// The turn of a thread that waits on afterwards: takes in what is there,
    /// at most until the deadline.
    fn take(turn: Self::Turn<'_>, deadline: Option<Instant>);

    /// Nobody has the role.
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
    /// unless whoever has the role gives them up when it comes back.
    fn give_up(core: &Core<T, Self>, st: &mut State<T, Self>) -> Vec<T>;

    /// In a child of the process that connected: closes its copies of the
    /// descriptors, without a word to the server.
    fn forget(&mut self);
}

/// A connection to a server. Shared by `Arc`; every method may be called from
/// any thread.
pub struct Core<T: Complete, S: Server<T>> {
    pub(super) state: Mutex<State<T, S>>,
    #[cfg_attr(not(feature = "kea"), expect(dead_code, reason = "Kea's only"))]
    pub(super) fixed: S::Fixed,
    /// Number of the thread that used it last; such a thread serves the
    /// connection in all its waits. For the object layer's dispatcher.
    pub last_user: AtomicU64,
    /// The process that made it; in a child it is of no use.
    process: u32,
}

/// What the lock of a connection protects.
pub struct State<T: Complete, S> {
    pub(super) phase: Phase,
    pub(super) server: S,
    /// Callbacks to run, oldest first.
    pub(super) followups: followups::Queue<T::Followup>,
    on_close: Option<OnClose>,
    pub(super) sleepers: Sleepers,
    /// Those who may be about to complete requests that the session has already
    /// given out: whoever serves, and whoever closes. While there are any, the
    /// end of the connection is not the end of every request.
    pub(super) completing: u32,
}

impl<T: Complete, S: Server<T>> Core<T, S> {
    pub(super) fn new(server: S, fixed: S::Fixed, on_close: OnClose) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Connecting,
                server,
                followups: followups::Queue::new(),
                on_close: Some(on_close),
                sleepers: Sleepers::default(),
                completing: 0,
            }),
            fixed,
            last_user: AtomicU64::new(0),
            process: process::generation(),
        }
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        if self.is_inherited() {
            return Phase::Closed(Status::CONNECTION_RESET);
        }
        self.state.lock().phase
    }

    /// Why it is over, once every request has been completed.
    pub fn over(&self) -> Option<Status> {
        if self.is_inherited() {
            return Some(Status::CONNECTION_RESET);
        }
        self.state.lock().over()
    }

    /// True in a child of the process that connected. The lock must not be
    /// waited for then: a thread that did not survive the fork may hold it.
    pub(super) fn is_inherited(&self) -> bool {
        self.process != process::generation()
    }

    /// True while requests are unanswered, or callbacks have not run.
    pub fn is_busy(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        st.has_undelivered()
            || match st.phase {
                Phase::Closed(_) => false,
                Phase::Ready => st.server.has_outstanding(),
                _ => true,
            }
    }

    /// True while another thread may run a program's handlers that complete
    /// requests: whoever waits for one must not sleep in the kernel for long.
    pub fn is_completing(&self) -> bool {
        !self.is_inherited() && self.state.lock().followups.is_completing()
    }

    /// Waits until `done` says so, driving the connection. `done` is asked
    /// under the connection's lock and must only look. At least one
    /// non-blocking attempt is made, even when the deadline has passed.
    pub fn wait(&self, deadline: Option<Instant>, done: impl FnMut(Phase) -> bool) -> Waited {
        self.wait_about(sleepers::ANYTHING, deadline, done)
    }

    /// As [`wait`](Self::wait), when only the completion of a ticket with this
    /// key (and the end of the connection) can make `done` true.
    pub fn wait_about(
        &self,
        key: usize,
        deadline: Option<Instant>,
        mut done: impl FnMut(Phase) -> bool,
    ) -> Waited {
        if self.is_inherited() {
            return Waited::Closed(Status::CONNECTION_RESET);
        }
        let mut st = self.state.lock();
        self.wait_locked(&mut st, key, deadline, |st| done(st.phase))
    }

    /// As [`wait_about`](Self::wait_about), with a `done` that sees more.
    pub(super) fn wait_locked(
        &self,
        st: &mut MutexGuard<'_, State<T, S>>,
        key: usize,
        deadline: Option<Instant>,
        mut done: impl FnMut(&State<T, S>) -> bool,
    ) -> Waited {
        let mut tried = false;
        loop {
            self.run_followups(st, false);
            if done(st) {
                st.leave();
                return Waited::Done;
            }
            if let Some(status) = st.over() {
                return Waited::Closed(status);
            }
            let late = deadline.is_some_and(|d| d <= Instant::now());
            if late && tried {
                st.leave();
                return Waited::TimedOut;
            }
            tried = true;
            match S::begin_turn(self, st) {
                Some(turn) => {
                    // When another thread ends it, nothing arrives here.
                    let until = match st.followups.is_completing() {
                        false => deadline,
                        true => sooner(deadline, HANDLERS),
                    };
                    MutexGuard::unlocked(st, || S::take(turn, until));
                }
                None if st.over().is_some() => {}
                None if S::assist(self, st, deadline) => {}
                None => Sleepers::sleep(st, |st| &mut st.sleepers, key, deadline),
            }
        }
    }

    /// Takes the role of the one who serves if it is free, after sending what
    /// can be sent.
    pub fn turn(&self) -> Option<S::Turn<'_>> {
        if self.is_inherited() {
            return None;
        }
        let mut st = self.state.lock();
        S::begin_turn(self, &mut st)
    }

    /// Takes in what a turn brought. What is the server's goes back next, then
    /// [`turn_ended`](Self::turn_ended) is called.
    pub(super) fn end_turn(
        &self,
        followups: Vec<T::Followup>,
        completed: &[usize],
    ) -> MutexGuard<'_, State<T, S>> {
        let mut st = self.state.lock();
        if !followups.is_empty() {
            st.followups.extend(followups);
        }
        st.sleepers.wake(completed);
        st
    }

    /// The role is free again. `stays` says that the thread waits on.
    pub(super) fn turn_ended(st: &mut State<T, S>, stays: bool) {
        st.completing -= 1;
        if matches!(st.phase, Phase::Closed(_)) {
            // Now it may be over, for those who wait for nothing else too.
            st.sleepers.wake_all();
        }
        // A thread that stays serves on, or says that it leaves.
        if !stays {
            st.sleepers.wake_one();
        }
    }

    /// Runs what has to run at the end of the connection, and queued callbacks,
    /// with the lock released.
    fn run_followups(&self, st: &mut MutexGuard<'_, State<T, S>>, all: bool) {
        if matches!(st.phase, Phase::Closed(_))
            && let Some(f) = st.on_close.take()
        {
            MutexGuard::unlocked(st, f);
        }
        let woken = |st: &mut State<T, S>| st.sleepers.wake_all();
        followups::run(st, |st| &mut st.followups, State::leave, woken, all);
    }

    /// Runs the callbacks of completions that were delivered.
    pub fn deliver(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_followups(&mut st, false);
    }

    /// As [`deliver`](Self::deliver), also deep inside callbacks: for whoever
    /// ended the connection, because nobody may look at it again.
    pub fn deliver_all(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_followups(&mut st, true);
    }

    /// Disconnects. Each outstanding request completes with
    /// `DHCP_R_CONNRESET`, when the connection closes. False when it was
    /// closed already. [`deliver_all`](Self::deliver_all) must follow.
    ///
    /// Without haste, OMAPI sends what is queued first, which may be after the
    /// return; Kea does the changes that are queued before the return, which
    /// may take as long as the server does.
    pub fn disconnect(&self, how: Disconnect) -> bool {
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

    /// The parent goes on.
    fn give_up_inherited(&self) {
        if let Some(mut st) = self.state.try_lock() {
            st.phase = Phase::Closed(Status::CONNECTION_RESET);
            st.server.forget();
            let on_close = st.on_close.take();
            drop(st);
            if let Some(f) = on_close {
                f();
            }
        }
    }

    /// Ends the connection because of `status`. Only the first end counts.
    pub(super) fn close(&self, status: Status) {
        let mut st = self.state.lock();
        self.close_locked(&mut st, status);
    }

    pub(super) fn close_locked(&self, st: &mut MutexGuard<'_, State<T, S>>, status: Status) {
        if matches!(st.phase, Phase::Closed(_)) {
            return;
        }
        st.phase = Phase::Closed(status);
        let tickets = S::give_up(self, st);
        lose(st, tickets);
        st.sleepers.wake_all();
    }
}

impl<T: Complete, S: Server<T>> State<T, S> {
    /// A thread stops waiting, or is busy with a callback: another one has to
    /// serve, if nobody does.
    fn leave(&mut self) {
        if self.server.is_free() {
            self.sleepers.wake_one();
        }
    }

    /// Why it is over, once every request has been completed.
    pub(super) fn over(&self) -> Option<Status> {
        match self.phase {
            Phase::Closed(status) if self.completing == 0 => Some(status),
            _ => None,
        }
    }

    /// Callbacks, or what runs at the end, have not run.
    fn has_undelivered(&self) -> bool {
        !self.followups.is_empty()
            || (self.on_close.is_some() && matches!(self.phase, Phase::Closed(_)))
    }
}

/// Completes requests that no answer will come for.
pub(super) fn lose<T: Complete, S: Server<T>>(
    st: &mut MutexGuard<'_, State<T, S>>,
    tickets: Vec<T>,
) {
    st.completing += 1;
    let followups = MutexGuard::unlocked(st, || {
        let lost = Outcome::Lost(Status::CONNECTION_RESET);
        let all = tickets.into_iter();
        all.filter_map(|t| t.complete(lost)).collect()
    });
    st.completing -= 1;
    st.followups.extend(followups);
}

/// The deadline, or that much time from now.
pub(super) fn sooner(deadline: Option<Instant>, time: Duration) -> Option<Instant> {
    let then = Instant::now() + time;
    Some(deadline.map_or(then, |d| d.min(then)))
}
