//! The shared state of a connection, and waiting on it.

use super::sleepers::{self, Sleepers};
use super::turn::Turn;
use super::{followups, process};
use crate::backend::omapi::{Reader, Session};
use crate::net::Socket;
use crate::request::Complete;
use crate::status::Status;
use crate::wire::Limits;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

pub use crate::backend::omapi::Credentials;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Trying one address after the other.
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
type OnClose = Box<dyn FnOnce() + Send>;

/// A connection to a server. Shared by `Arc`; every method may be called from
/// any thread.
pub struct Connection<T: Complete> {
    pub(super) state: Mutex<State<T>>,
    /// Number of the thread that used it last; such a thread serves the
    /// connection in all its waits. For the object layer's dispatcher.
    pub last_user: AtomicU64,
    /// The process that made it; in a child it is of no use.
    process: u32,
}

pub(super) struct State<T: Complete> {
    pub(super) phase: Phase,
    pub(super) session: Session<T>,
    /// The reader role: whoever takes the reader out reads, and puts it back.
    pub(super) reader: Option<Box<Receiving<T>>>,
    /// The present socket or connection attempt.
    pub(super) socket: Option<Arc<Socket>>,
    /// Addresses not yet tried.
    untried: VecDeque<SocketAddr>,
    /// Callbacks to run, oldest first.
    pub(super) followups: followups::Queue<T::Followup>,
    pub(super) on_close: Option<OnClose>,
    pub(super) sleepers: Sleepers,
    /// Those who may be about to complete requests that the session has already
    /// given out: the reader, and whoever closes. While there are any, the end
    /// of the connection is not the end of every request.
    pub(super) completing: u32,
}

/// What only the reader needs.
pub(super) struct Receiving<T: Complete> {
    pub(super) reader: Reader,
    pub(super) memory: T::Memory,
    /// Keys of the tickets completed in the present turn.
    pub(super) completed: Vec<usize>,
}

impl<T: Complete> Connection<T> {
    /// Starts to connect to the first of `addresses` that answers.
    ///
    /// `first_id` is the id of the first message. `on_close` runs once when
    /// the connection ends, with no lock held.
    ///
    /// # Errors
    /// When no address can even be tried, why the last could not; or a key
    /// name that cannot be sent.
    pub fn start(
        addresses: Vec<SocketAddr>,
        first_id: u32,
        credentials: Option<Credentials>,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        let mut session = Session::new(first_id, credentials);
        session.start()?;
        let mut state = State {
            phase: Phase::Connecting,
            session,
            reader: Some(Box::new(Receiving {
                reader: Reader::new(Limits::default()),
                memory: T::Memory::default(),
                completed: Vec::new(),
            })),
            socket: None,
            untried: addresses.into(),
            followups: followups::Queue::new(),
            on_close: None,
            sleepers: Sleepers::default(),
            completing: 0,
        };
        state.try_next_address(Status::HOST_UNKNOWN)?;
        state.on_close = Some(Box::new(on_close));
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            last_user: AtomicU64::new(0),
            process: process::generation(),
        }))
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

    /// The socket, while there is one.
    pub fn socket(&self) -> Option<Arc<Socket>> {
        if self.is_inherited() {
            return None;
        }
        self.state.lock().socket.clone()
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
                Phase::Ready => st.session.has_outstanding(),
                _ => true,
            }
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
        let mut tried = false;
        let mut st = self.state.lock();
        loop {
            self.run_followups(&mut st, false);
            if done(st.phase) {
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
            match self.begin_turn(&mut st) {
                Some(mut turn) => MutexGuard::unlocked(&mut st, || {
                    turn.stays = true;
                    turn.take(deadline);
                }),
                None if st.over().is_some() => {}
                None if st.is_stuck() => self.push(&mut st, deadline),
                None => Sleepers::sleep(&mut st, |st| &mut st.sleepers, key, deadline),
            }
        }
    }

    /// Takes the reader role if it is free, after sending what can be sent.
    pub fn turn(&self) -> Option<Turn<'_, T>> {
        if self.is_inherited() {
            return None;
        }
        let mut st = self.state.lock();
        self.begin_turn(&mut st)
    }

    pub(super) fn begin_turn(&self, st: &mut MutexGuard<'_, State<T>>) -> Option<Turn<'_, T>> {
        self.flush_locked(st);
        let socket = st.socket.clone()?;
        let reader = st.reader.take()?;
        let connecting = st.phase == Phase::Connecting;
        let draining = st.phase == Phase::Draining;
        let write = connecting || !st.session.sendable(draining).is_empty();
        st.completing += 1;
        Some(Turn::new(self, reader, socket, write, connecting))
    }

    /// Gives the reader role back and tells who waits. What was `received` is
    /// acknowledged, if that cannot wait for the program's next request.
    pub(super) fn end_turn(
        &self,
        mut reader: Box<Receiving<T>>,
        followups: Vec<T::Followup>,
        received: bool,
        stays: bool,
    ) {
        let mut st = self.state.lock();
        st.completing -= 1;
        st.sleepers.wake(&reader.completed);
        reader.completed.clear();
        if matches!(st.phase, Phase::Closed(_)) {
            // Now it may be over, for those who wait for nothing else too.
            st.sleepers.wake_all();
        } else {
            st.reader = Some(reader);
        }
        if received && st.session.awaits_answers() {
            // More requests carry the acknowledgement, if there are any.
            let sent = self.flush_locked(&mut st);
            if let Some(socket) = st.socket.as_ref().filter(|_| !sent) {
                socket.quick_ack();
            }
        }
        if !followups.is_empty() {
            st.followups.extend(followups);
        }
        // A thread that stays reads on, or says that it leaves.
        if !stays {
            st.sleepers.wake_one();
        }
    }

    /// Runs what has to run at the end of the connection, and queued callbacks,
    /// with the lock released.
    fn run_followups(&self, st: &mut MutexGuard<'_, State<T>>, all: bool) {
        if matches!(st.phase, Phase::Closed(_))
            && let Some(f) = st.on_close.take()
        {
            MutexGuard::unlocked(st, f);
        }
        let woken = |st: &mut State<T>| st.sleepers.wake_all();
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

    /// The attempt on the present address ended.
    pub(super) fn connect_finished(&self, result: Result<(), Status>) {
        let mut st = self.state.lock();
        if st.phase != Phase::Connecting {
            return;
        }
        match result {
            Ok(()) => {
                st.phase = Phase::Handshake;
                self.flush_locked(&mut st);
            }
            Err(status) => {
                if let Err(last) = st.try_next_address(status) {
                    self.close_locked(&mut st, last);
                }
            }
        }
    }

    /// The peer's introduction arrived.
    pub(super) fn introduced(&self) {
        let mut st = self.state.lock();
        if st.phase == Phase::Handshake && !st.session.is_authenticating() {
            st.phase = Phase::Ready;
        }
    }
}

impl<T: Complete> State<T> {
    /// A thread stops waiting, or is busy with a callback: another one has to
    /// read, if nobody does.
    fn leave(&mut self) {
        if self.reader.is_some() {
            self.sleepers.wake_one();
        }
    }

    /// Why it is over, once every request has been completed.
    fn over(&self) -> Option<Status> {
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

    /// Bytes could be sent if there were room in the socket.
    fn is_stuck(&mut self) -> bool {
        match self.phase {
            Phase::Handshake | Phase::Ready => !self.session.sendable(false).is_empty(),
            Phase::Draining => !self.session.sendable(true).is_empty(),
            Phase::Connecting | Phase::Closed(_) => false,
        }
    }

    /// Starts the attempt on the next address; without one, fails with what
    /// the last attempt failed with.
    fn try_next_address(&mut self, mut last: Status) -> Result<(), Status> {
        self.socket = None;
        while let Some(address) = self.untried.pop_front() {
            match Socket::start_connect(&address) {
                Ok(socket) => {
                    self.socket = Some(Arc::new(socket));
                    return Ok(());
                }
                Err(e) => last = e.into(),
            }
        }
        Err(last)
    }
}
