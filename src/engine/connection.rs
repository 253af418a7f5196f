//! A connection over OMAPI.

use super::common::{Core, Disconnect, Phase, Server, State};
use super::turn::Turn;
use crate::net::Socket;
use omapi::client::{Reader, Session};
use omapi::request::Complete;
use omapi::status::Status;
use omapi::wire::Limits;
use parking_lot::MutexGuard;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

pub use omapi::client::Credentials;

/// A connection over OMAPI.
pub type Connection<T> = Core<T, Omapi<T>>;

/// What is OMAPI's in the state of a connection.
pub struct Omapi<T: Complete> {
    pub(super) session: Session<T>,
    /// The reader role: whoever takes the reader out reads, and puts it back.
    pub(super) reader: Option<Box<Receiving>>,
    /// The present socket or connection attempt.
    pub(super) socket: Option<Arc<Socket>>,
    /// Addresses not yet tried.
    untried: VecDeque<SocketAddr>,
}

/// What only the reader needs.
pub(super) struct Receiving {
    pub(super) reader: Reader,
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
        let mut omapi = Omapi {
            session,
            reader: Some(Box::new(Receiving {
                reader: Reader::new(Limits::default()),
                completed: Vec::new(),
            })),
            socket: None,
            untried: addresses.into(),
        };
        omapi.try_next_address(Status::HOST_UNKNOWN)?;
        Ok(Arc::new(Self::new(omapi, (), Box::new(on_close))))
    }

    /// The socket, while there is one.
    pub fn socket(&self) -> Option<Arc<Socket>> {
        if self.is_inherited() {
            return None;
        }
        self.state.lock().server.socket.clone()
    }

    /// Gives the reader role back and tells who waits. What was `received` is
    /// acknowledged, if that cannot wait for the program's next request.
    pub(super) fn reader_returns(
        &self,
        mut reader: Box<Receiving>,
        followups: Vec<T::Followup>,
        received: bool,
        stays: bool,
    ) {
        let mut st = self.end_turn(followups, &reader.completed);
        reader.completed.clear();
        if !matches!(st.phase, Phase::Closed(_)) {
            st.server.reader = Some(reader);
        }
        if received && st.server.session.awaits_answers() {
            // More requests carry the acknowledgement, if there are any.
            let sent = self.flush_locked(&mut st);
            if let Some(socket) = st.server.socket.as_ref().filter(|_| !sent) {
                socket.quick_ack();
            }
        }
        Self::turn_ended(&mut st, stays);
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
                if let Err(last) = st.server.try_next_address(status) {
                    self.close_locked(&mut st, last);
                }
            }
        }
    }

    /// The peer's introduction arrived.
    pub(super) fn introduced(&self) {
        let mut st = self.state.lock();
        if st.phase == Phase::Handshake && !st.server.session.is_authenticating() {
            st.phase = Phase::Ready;
        }
    }
}

impl<T: Complete> Server<T> for Omapi<T> {
    type Fixed = ();
    type Turn<'c>
        = Turn<'c, T>
    where
        T: 'c;

    fn begin_turn<'c>(
        core: &'c Connection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<Turn<'c, T>> {
        core.flush_locked(st);
        let connecting = st.phase == Phase::Connecting;
        let draining = st.phase == Phase::Draining;
        let omapi = &mut st.server;
        let socket = omapi.socket.clone()?;
        let reader = omapi.reader.take()?;
        let write = connecting || !omapi.session.sendable(draining).is_empty();
        st.completing += 1;
        Some(Turn::new(core, reader, socket, write, connecting))
    }

    fn take(mut turn: Turn<'_, T>, deadline: Option<Instant>) {
        turn.stays = true;
        turn.take(deadline);
    }

    fn is_free(&self) -> bool {
        self.reader.is_some()
    }

    fn has_outstanding(&self) -> bool {
        self.session.has_outstanding()
    }

    /// The one who reads may not look whether there is room to write.
    fn assist(
        core: &Connection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
        deadline: Option<Instant>,
    ) -> bool {
        let draining = match st.phase {
            Phase::Handshake | Phase::Ready => false,
            Phase::Draining => true,
            Phase::Connecting | Phase::Closed(_) => return false,
        };
        if st.server.session.sendable(draining).is_empty() {
            return false;
        }
        core.push(st, deadline);
        true
    }

    fn disconnect(core: &Connection<T>, st: &mut MutexGuard<'_, State<T, Self>>, how: Disconnect) {
        match (how, st.phase) {
            (Disconnect::WhenSent, Phase::Ready | Phase::Draining) => {
                st.phase = Phase::Draining;
                core.flush_locked(st);
            }
            _ => core.close_locked(st, Status::CONNECTION_RESET),
        }
    }

    fn give_up(_: &Connection<T>, st: &mut State<T, Self>) -> Vec<T> {
        st.server.reader = None;
        if let Some(socket) = st.server.socket.take() {
            // Wakes a reader that blocks; the descriptor lives until it is out.
            socket.shut_down();
        }
        st.server.session.abandon()
    }

    fn forget(&mut self) {
        self.socket = None;
        self.reader = None;
    }
}

impl<T: Complete> Omapi<T> {
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
