//! The shared state of a connection, and waiting on it.

use super::process;
use super::turn::Turn;
use crate::backend::omapi::{Reader, Session};
use crate::net::Socket;
use crate::request::{Complete, Followup, Operation, Outcome, Request};
use crate::status::Status;
use crate::wire::Limits;
use parking_lot::{Condvar, Mutex, MutexGuard};
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
    /// Signalled when completions were delivered, when the reader role became
    /// free, and at the end of the connection.
    changed: Condvar,
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
    pub(super) reader: Option<Box<Reader>>,
    /// The present socket or connection attempt.
    pub(super) socket: Option<Arc<Socket>>,
    /// Addresses not yet tried.
    untried: VecDeque<SocketAddr>,
    /// Callbacks to run, oldest first.
    followups: VecDeque<T::Followup>,
    on_close: Option<OnClose>,
    sleepers: usize,
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
            reader: Some(Box::new(Reader::new(Limits::default()))),
            socket: None,
            untried: addresses.into(),
            followups: VecDeque::new(),
            on_close: None,
            sleepers: 0,
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

    /// True in a child of the process that connected. The lock must not be
    /// waited for then: a thread that did not survive the fork may hold it.
    fn is_inherited(&self) -> bool {
        self.process != process::generation()
    }

    /// The socket, while there is one.
    pub fn socket(&self) -> Option<Arc<Socket>> {
        if self.is_inherited() {
            return None;
        }
        self.state.lock().socket.clone()
    }

    /// True while requests are unanswered.
    pub fn is_busy(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        !matches!(st.phase, Phase::Closed(_))
            && (st.phase != Phase::Ready || st.session.has_outstanding())
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
    /// dispatches, so that many requests go out in few writes. Returns the id
    /// of the message.
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
        st.session
            .submit(request, ticket)
            .map_err(|(e, t)| (e.into(), t))
    }

    /// Sends what can be sent without blocking.
    pub fn flush(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.flush_locked(&mut st);
    }

    /// Waits until the connection can be used, driving it.
    pub fn wait_ready(&self, deadline: Option<Instant>) -> Waited {
        self.wait_for(deadline, |phase| {
            matches!(phase, Phase::Ready | Phase::Draining)
        })
    }

    /// Waits until `done` says so, driving the connection. `done` is asked
    /// under the connection's lock and must only look. At least one
    /// non-blocking attempt is made, even when the deadline has passed.
    pub fn wait(&self, deadline: Option<Instant>, mut done: impl FnMut() -> bool) -> Waited {
        self.wait_for(deadline, |_| done())
    }

    fn wait_for(&self, deadline: Option<Instant>, mut done: impl FnMut(Phase) -> bool) -> Waited {
        if self.is_inherited() {
            return Waited::Closed(Status::CONNECTION_RESET);
        }
        let mut tried = false;
        let mut st = self.state.lock();
        loop {
            self.run_followups(&mut st);
            if done(st.phase) {
                return Waited::Done;
            }
            if let Phase::Closed(status) = st.phase {
                return Waited::Closed(status);
            }
            let late = deadline.is_some_and(|d| d <= Instant::now());
            if late && tried {
                return Waited::TimedOut;
            }
            tried = true;
            match self.begin_turn(&mut st) {
                Some(turn) => MutexGuard::unlocked(&mut st, || turn.take(deadline)),
                None if matches!(st.phase, Phase::Closed(_)) => {}
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

    fn begin_turn(&self, st: &mut MutexGuard<'_, State<T>>) -> Option<Turn<'_, T>> {
        self.flush_locked(st);
        let socket = st.socket.clone()?;
        let reader = st.reader.take()?;
        let connecting = st.phase == Phase::Connecting;
        let draining = st.phase == Phase::Draining;
        let write = connecting || !st.session.sendable(draining).is_empty();
        Some(Turn::new(self, reader, socket, write, connecting))
    }

    /// Gives the reader role back and tells who waits.
    pub(super) fn end_turn(&self, reader: Box<Reader>, followups: Vec<T::Followup>) {
        let mut st = self.state.lock();
        if !matches!(st.phase, Phase::Closed(_)) {
            st.reader = Some(reader);
        }
        st.followups.extend(followups);
        if st.sleepers > 0 {
            self.changed.notify_all();
        }
    }

    /// Runs queued callbacks, one at a time, with the lock released. A
    /// callback that waits runs the rest itself; each runs once.
    fn run_followups(&self, st: &mut MutexGuard<'_, State<T>>) {
        while let Some(f) = st.followups.pop_front() {
            MutexGuard::unlocked(st, || f.run());
        }
    }

    /// Runs the callbacks of completions that were delivered.
    pub fn deliver(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_followups(&mut st);
    }

    fn flush_locked(&self, st: &mut MutexGuard<'_, State<T>>) {
        let draining = match st.phase {
            Phase::Handshake | Phase::Ready => false,
            Phase::Draining => true,
            Phase::Connecting | Phase::Closed(_) => return,
        };
        let Some(socket) = st.socket.clone() else {
            return;
        };
        loop {
            let bytes = st.session.sendable(draining);
            if bytes.is_empty() {
                break;
            }
            match socket.send(bytes) {
                Ok(0) => return,
                Ok(n) => st.session.sent(n),
                // What the server wrote before it closed is still to be read:
                // the reader finds the end. Nothing more can be sent.
                Err(_) if !draining => return,
                Err(e) => return self.close_locked(st, e.into()),
            }
        }
        if draining && !st.session.has_unsent() {
            self.close_locked(st, Status::CONNECTION_RESET);
        }
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

    /// Disconnects. Each outstanding request completes with
    /// `DHCP_R_CONNRESET`, when the connection closes. False when it was
    /// closed already.
    pub fn disconnect(&self, how: Disconnect) -> bool {
        if self.is_inherited() {
            self.give_up_inherited();
            return true;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return false;
        }
        match (how, st.phase) {
            (Disconnect::WhenSent, Phase::Ready | Phase::Draining) => {
                st.phase = Phase::Draining;
                self.flush_locked(&mut st);
            }
            _ => self.close_locked(&mut st, Status::CONNECTION_RESET),
        }
        true
    }

    /// Closes the child's copy of the descriptor, without a word to the server:
    /// the parent goes on.
    fn give_up_inherited(&self) {
        if let Some(mut st) = self.state.try_lock() {
            st.phase = Phase::Closed(Status::CONNECTION_RESET);
            st.socket = None;
            st.reader = None;
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

    fn close_locked(&self, st: &mut MutexGuard<'_, State<T>>, status: Status) {
        if matches!(st.phase, Phase::Closed(_)) {
            return;
        }
        st.phase = Phase::Closed(status);
        st.reader = None;
        if let Some(socket) = st.socket.take() {
            // Wakes a reader that blocks; the descriptor lives until it is out.
            socket.shut_down();
        }
        let on_close = st.on_close.take();
        let tickets = st.session.abandon();
        let followups = MutexGuard::unlocked(st, || {
            let lost = Outcome::Lost(Status::CONNECTION_RESET);
            let followups: Vec<_> = tickets
                .into_iter()
                .filter_map(|t| t.complete(lost))
                .collect();
            if let Some(f) = on_close {
                f();
            }
            followups
        });
        st.followups.extend(followups);
        self.changed.notify_all();
    }
}

impl<T: Complete> State<T> {
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
