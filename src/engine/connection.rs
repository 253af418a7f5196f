//! The shared state of a connection, and waiting on it.

use super::turn::Turn;
use super::{followups, process};
use crate::backend::omapi::{Reader, Session};
use crate::net::{self, Socket};
use crate::request::{Complete, Operation, Request};
use crate::status::Status;
use crate::wire::Limits;
use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

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

/// How long a thread whose bytes do not fit into the socket looks after them
/// itself before it looks at everything else again, while another thread reads.
const PUSH: Duration = Duration::from_millis(5);

/// What runs once when a connection ends.
type OnClose = Box<dyn FnOnce() + Send>;

/// A connection to a server. Shared by `Arc`; every method may be called from
/// any thread.
pub struct Connection<T: Complete> {
    pub(super) state: Mutex<State<T>>,
    /// Signalled when completions were delivered, when the reader role became
    /// free, and at the end of the connection.
    pub(super) changed: Condvar,
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
    sleepers: usize,
    /// Those who may be about to complete requests that the session has already
    /// given out: the reader, and whoever closes. While there are any, the end
    /// of the connection is not the end of every request.
    pub(super) completing: u32,
}

/// What only the reader needs.
pub(super) struct Receiving<T: Complete> {
    pub(super) reader: Reader,
    pub(super) memory: T::Memory,
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
            })),
            socket: None,
            untried: addresses.into(),
            followups: followups::Queue::new(),
            on_close: None,
            sleepers: 0,
            completing: 0,
        };
        state.try_next_address(Status::HOST_UNKNOWN)?;
        state.on_close = Some(Box::new(on_close));
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
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

    /// True while there is something that the socket should take: a
    /// connection attempt, or bytes within the window.
    pub fn has_sendable(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let mut st = self.state.lock();
        match st.phase {
            Phase::Connecting => true,
            Phase::Handshake | Phase::Ready => !st.session.sendable(false).is_empty(),
            Phase::Draining => st.session.has_unsent(),
            Phase::Closed(_) => false,
        }
    }

    /// Queues a request. Nothing is sent before somebody waits, flushes or
    /// dispatches, so that many requests go out in few writes; unless very many
    /// are queued, which keep the server busy meanwhile. (If another thread is
    /// at it already, it goes out now: that thread may sleep until the answer.)
    /// Returns the id of the message.
    ///
    /// # Errors
    /// The ticket comes back: `DHCP_R_CONNRESET` after the end,
    /// `ISC_R_SHUTTINGDOWN` while draining, `DHCP_R_NOTYET` before an
    /// authenticated connection is ready, or what the value is guilty of.
    pub fn submit(&self, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)> {
        if self.is_inherited() {
            return Err((Status::CONNECTION_RESET, ticket));
        }
        let mut st = self.state.lock();
        if st.phase == Phase::Ready && st.session.is_piling_up() {
            // Before the request is queued, so that an answer is still to come
            // that wakes whoever waits for the socket to be readable.
            if let Some(turn) = self.begin_turn(&mut st) {
                MutexGuard::unlocked(&mut st, || turn.look());
            }
        }
        let refusal = match st.phase {
            Phase::Closed(_) => Some(Status::CONNECTION_RESET),
            Phase::Draining => Some(Status::SHUTTING_DOWN),
            _ if st.session.is_authenticating() => Some(Status::NOT_YET),
            _ if matches!(request.operation, Operation::Next { .. }) => {
                Some(Status::NOT_IMPLEMENTED)
            }
            _ => None,
        };
        if let Some(status) = refusal {
            return Err((status, ticket));
        }
        let id = st
            .session
            .submit(request, ticket)
            .map_err(|(e, t)| (e.into(), t))?;
        if st.reader.is_none() {
            self.flush_locked(&mut st);
        }
        Ok(id)
    }

    /// Sends what can be sent without blocking.
    pub fn flush(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.flush_locked(&mut st);
    }

    /// Waits until `done` says so, driving the connection. `done` is asked
    /// under the connection's lock and must only look. At least one
    /// non-blocking attempt is made, even when the deadline has passed.
    pub fn wait(&self, deadline: Option<Instant>, mut done: impl FnMut(Phase) -> bool) -> Waited {
        if self.is_inherited() {
            return Waited::Closed(Status::CONNECTION_RESET);
        }
        let mut tried = false;
        let mut st = self.state.lock();
        loop {
            self.run_followups(&mut st, false);
            if done(st.phase) {
                return Waited::Done;
            }
            if let Some(status) = st.over() {
                return Waited::Closed(status);
            }
            let late = deadline.is_some_and(|d| d <= Instant::now());
            if late && tried {
                return Waited::TimedOut;
            }
            tried = true;
            match self.begin_turn(&mut st) {
                Some(turn) => MutexGuard::unlocked(&mut st, || turn.take(deadline)),
                None if st.over().is_some() => {}
                None if st.is_stuck() => self.push(&mut st, deadline),
                None => {
                    st.sleepers += 1;
                    match deadline {
                        None => self.changed.wait(&mut st),
                        Some(d) => drop(self.changed.wait_until(&mut st, d)),
                    }
                    st.sleepers -= 1;
                }
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

    /// Another thread reads, and perhaps does not look whether there is room
    /// to write: waits for that itself.
    fn push(&self, st: &mut MutexGuard<'_, State<T>>, deadline: Option<Instant>) {
        if let Some(socket) = st.socket.clone() {
            let soon = Instant::now() + PUSH;
            let until = deadline.map_or(soon, |d| d.min(soon));
            MutexGuard::unlocked(st, || {
                // An error is the reader's to find.
                let _ = net::poll(&mut [PollFd::new(&*socket, PollFlags::OUT)], Some(until));
            });
        }
    }

    fn begin_turn(&self, st: &mut MutexGuard<'_, State<T>>) -> Option<Turn<'_, T>> {
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
        reader: Box<Receiving<T>>,
        followups: Vec<T::Followup>,
        received: bool,
    ) {
        let mut st = self.state.lock();
        st.completing -= 1;
        if !matches!(st.phase, Phase::Closed(_)) {
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
        if st.sleepers > 0 {
            self.changed.notify_all();
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
        followups::run(st, |st| &mut st.followups, all);
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

    /// Sends what can be sent without blocking; false when that is nothing.
    pub(super) fn flush_locked(&self, guard: &mut MutexGuard<'_, State<T>>) -> bool {
        let st = &mut **guard;
        let draining = match st.phase {
            Phase::Handshake | Phase::Ready => false,
            Phase::Draining => true,
            Phase::Connecting | Phase::Closed(_) => return false,
        };
        let Some(socket) = &st.socket else {
            return false;
        };
        let mut sent = false;
        let failed = loop {
            let bytes = st.session.sendable(draining);
            if bytes.is_empty() {
                break None;
            }
            match socket.send(bytes) {
                Ok(0) => return sent,
                Ok(n) => st.session.sent(n),
                // What the server wrote before it closed is still to be read:
                // the reader finds the end. Nothing more can be sent.
                Err(_) if !draining => return sent,
                Err(e) => break Some(e.into()),
            }
            sent = true;
        };
        match failed {
            Some(status) => self.close_locked(guard, status),
            None if draining && !st.session.has_unsent() => {
                self.close_locked(guard, Status::CONNECTION_RESET);
            }
            None => {}
        }
        sent
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
