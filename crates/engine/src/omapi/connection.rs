//! A connection over OMAPI.

use super::reader_guard::ReaderGuard;
use super::send;
use crate::core::{Core, Disconnect, Phase, State, Transport};
use crate::net::{Attempts, Socket};
use ::omapi::client::{Credentials, Reader, Session};
use ::omapi::request::{Complete, Request};
use ::omapi::status::Status;
use ::omapi::wire::Limits;
use parking_lot::MutexGuard;
use rustix::fd::{AsFd, AsRawFd, RawFd};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// A connection over OMAPI.
pub(crate) type OmapiConnection<T> = Core<T, Omapi<T>>;

/// What is OMAPI's in the state of a connection.
pub(crate) struct Omapi<T: Complete> {
    pub(super) session: Session<T>,
    /// The I/O role: the thread that takes the reader out reads, and puts it back.
    pub(super) reader: Option<Box<Receiving>>,
    /// The present socket or connection attempt.
    pub(super) socket: Option<Arc<Socket>>,
    /// The server's addresses.
    attempts: Attempts,
}

/// What only the reader needs.
pub(super) struct Receiving {
    pub(super) reader: Reader,
    /// Keys of the tickets completed in this round.
    pub(super) completed: Vec<usize>,
}

impl<T: Complete> OmapiConnection<T> {
    /// Starts to connect to the first of `addresses` that answers. One that
    /// does not is given up by the system, or, with
    /// [`Connection::limit_connecting`](crate::Connection::limit_connecting),
    /// after its share of the time.
    ///
    /// `first_id` is the id of the first message. `on_close` runs once when
    /// the connection ends, with no lock held.
    ///
    /// # Errors
    /// When no address can even be tried, why the last could not; or a key
    /// name that cannot be sent.
    pub(crate) fn start(
        addresses: Vec<SocketAddr>,
        first_id: u32,
        credentials: Option<Credentials>,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        let mut session = Session::new(first_id, credentials);
        session.start()?;
        let mut omapi = Omapi {
            session,
            reader: Some(Box::new(Receiving {
                reader: Reader::new(Limits::default()),
                completed: Vec::new(),
            })),
            socket: None,
            attempts: Attempts::new(addresses, None),
        };
        omapi.try_next_address(Status::HOST_UNKNOWN)?;
        Ok(Arc::new(Self::new(omapi, (), Box::new(on_close))))
    }

    /// Gives the I/O role back and wakes the waiters. What was `received` is
    /// acknowledged, if that cannot wait for the program's next request.
    pub(super) fn reader_returns(
        &self,
        mut reader: Box<Receiving>,
        callbacks: Vec<T::Deferred>,
        received: bool,
        stays: bool,
    ) {
        let mut st = self.end_io(callbacks, &reader.completed);
        reader.completed.clear();
        if !matches!(st.phase, Phase::Closed(_)) {
            st.transport.reader = Some(reader);
        }
        if received && st.transport.session.awaits_answers() {
            // More requests carry the acknowledgement, if there are any.
            let sent = self.flush_locked(&mut st);
            if let Some(socket) = st.transport.socket.as_ref().filter(|_| !sent) {
                socket.quick_ack();
            }
        }
        Self::io_ended(&mut st, stays);
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
                if let Err(last) = st.transport.try_next_address(status) {
                    self.close_locked(&mut st, last);
                }
            }
        }
    }

    /// The peer's introduction arrived.
    pub(super) fn introduced(&self) {
        let mut st = self.state.lock();
        if st.phase == Phase::Handshake && !st.transport.session.is_authenticating() {
            st.phase = Phase::Ready;
        }
    }
}

impl<T: Complete> Transport<T> for Omapi<T> {
    type Fixed = ();
    type Guard<'c>
        = ReaderGuard<'c, T>
    where
        T: 'c;

    const IS_KEA: bool = false;

    fn limit_connecting(&mut self, deadline: Option<Instant>) {
        self.attempts.set_limit(deadline);
    }

    fn socket(core: &OmapiConnection<T>) -> Option<Arc<Socket>> {
        if core.is_inherited() {
            return None;
        }
        core.state.lock().transport.socket.clone()
    }

    fn descriptor(core: &OmapiConnection<T>) -> Option<RawFd> {
        Self::socket(core).map(|s| s.as_fd().as_raw_fd())
    }

    fn has_sendable(core: &OmapiConnection<T>) -> bool {
        send::has_sendable(core)
    }

    fn submit(
        core: &OmapiConnection<T>,
        request: &Request<'_>,
        ticket: T,
    ) -> Result<u32, (Status, T)> {
        send::submit(core, request, ticket)
    }

    fn flush(core: &OmapiConnection<T>) {
        send::flush(core);
    }

    fn begin_io<'c>(
        core: &'c OmapiConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<ReaderGuard<'c, T>> {
        core.flush_locked(st);
        let connecting = st.phase == Phase::Connecting;
        let draining = st.phase == Phase::Draining;
        let omapi = &mut st.transport;
        let socket = omapi.socket.clone()?;
        let reader = omapi.reader.take()?;
        let write = connecting || !omapi.session.sendable(draining).is_empty();
        let until = omapi.attempts.until();
        st.completing += 1;
        let mut guard = ReaderGuard::new(core, reader, socket, write);
        if connecting {
            guard.connects(until);
        }
        Some(guard)
    }

    fn do_io(mut guard: ReaderGuard<'_, T>, deadline: Option<Instant>) {
        guard.stays = true;
        guard.take(deadline);
    }

    fn is_free(&self) -> bool {
        self.reader.is_some()
    }

    fn has_outstanding(&self) -> bool {
        self.session.has_outstanding()
    }

    /// The thread that reads may not look whether there is room to write.
    fn assist(
        core: &OmapiConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
        deadline: Option<Instant>,
    ) -> bool {
        let draining = match st.phase {
            Phase::Handshake | Phase::Ready => false,
            Phase::Draining => true,
            Phase::Connecting | Phase::Closed(_) => return false,
        };
        if st.transport.session.sendable(draining).is_empty() {
            return false;
        }
        core.push(st, deadline);
        true
    }

    fn disconnect(
        core: &OmapiConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
        how: Disconnect,
    ) {
        match (how, st.phase) {
            (Disconnect::WhenSent, Phase::Ready | Phase::Draining) => {
                st.phase = Phase::Draining;
                core.flush_locked(st);
            }
            _ => core.close_locked(st, Status::CONNECTION_RESET),
        }
    }

    fn give_up(_: &OmapiConnection<T>, st: &mut State<T, Self>) -> Vec<T> {
        st.transport.reader = None;
        if let Some(socket) = st.transport.socket.take() {
            // Wakes a reader that blocks; the descriptor lives until it is out.
            socket.shut_down();
        }
        st.transport.session.abandon()
    }

    fn forget(&mut self) {
        self.socket = None;
        self.reader = None;
    }
}

impl<T: Complete> Omapi<T> {
    /// Starts the attempt on the next address; without one, fails with what
    /// the last attempt failed with.
    fn try_next_address(&mut self, last: Status) -> Result<(), Status> {
        self.socket = None;
        self.socket = Some(Arc::new(self.attempts.start_next(last)?));
        Ok(())
    }
}
