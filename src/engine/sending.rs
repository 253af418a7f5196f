//! Queueing requests, and getting them onto the wire.

use super::common::{Phase, State, sooner};
use super::connection::{Connection, Omapi};
use crate::net;
use omapi::request::{Complete, Operation, Request};
use omapi::status::Status;
use parking_lot::MutexGuard;
use rustix::event::{PollFd, PollFlags};
use std::time::{Duration, Instant};

/// How long a thread whose bytes do not fit into the socket looks after them
/// itself before it looks at everything else again, while another thread reads.
const PUSH: Duration = Duration::from_millis(5);

impl<T: Complete> Connection<T> {
    /// True while there is something that the socket should take: a
    /// connection attempt, or bytes within the window.
    pub fn has_sendable(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let mut st = self.state.lock();
        match st.phase {
            Phase::Connecting => true,
            Phase::Handshake | Phase::Ready => !st.server.session.sendable(false).is_empty(),
            Phase::Draining => st.server.session.has_unsent(),
            Phase::Closed(_) => false,
        }
    }

    /// Queues a request. Nothing is sent before somebody waits, flushes or
    /// dispatches, so that many requests go out in few writes. (If another
    /// thread is at it already, it goes out now: that thread may sleep until
    /// the answer.)
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
        let refusal = match st.phase {
            Phase::Closed(_) => Some(Status::CONNECTION_RESET),
            Phase::Draining => Some(Status::SHUTTING_DOWN),
            _ if st.server.session.is_authenticating() => Some(Status::NOT_YET),
            // OMAPI cannot enumerate.
            _ if matches!(request.operation, Operation::Next { .. }) => {
                Some(Status::NOT_IMPLEMENTED)
            }
            _ => None,
        };
        if let Some(status) = refusal {
            return Err((status, ticket));
        }
        let id = st
            .server
            .session
            .submit(request, ticket)
            .map_err(|(e, t)| (e.into(), t))?;
        if st.server.reader.is_none() {
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

    /// Another thread reads, and perhaps does not look whether there is room
    /// to write: waits for that itself.
    pub(super) fn push(
        &self,
        st: &mut MutexGuard<'_, State<T, Omapi<T>>>,
        deadline: Option<Instant>,
    ) {
        if let Some(socket) = st.server.socket.clone() {
            let until = sooner(deadline, PUSH);
            MutexGuard::unlocked(st, || {
                // An error is the reader's to find.
                let _ = net::poll(&mut [PollFd::new(&*socket, PollFlags::OUT)], until);
            });
        }
    }

    /// Sends what can be sent without blocking; false when that is nothing.
    pub(super) fn flush_locked(&self, guard: &mut MutexGuard<'_, State<T, Omapi<T>>>) -> bool {
        let st = &mut **guard;
        let draining = match st.phase {
            Phase::Handshake | Phase::Ready => false,
            Phase::Draining => true,
            Phase::Connecting | Phase::Closed(_) => return false,
        };
        let Some(socket) = &st.server.socket else {
            return false;
        };
        let mut sent = false;
        let failed = loop {
            let bytes = st.server.session.sendable(draining);
            if bytes.is_empty() {
                break None;
            }
            match socket.send(bytes) {
                Ok(0) => return sent,
                Ok(n) => st.server.session.sent(n),
                // What the server wrote before it closed is still to be read:
                // the reader finds the end. Nothing more can be sent.
                Err(_) if !draining => return sent,
                Err(e) => break Some(e.into()),
            }
            sent = true;
        };
        match failed {
            Some(status) => self.close_locked(guard, status),
            None if draining && !st.server.session.has_unsent() => {
                self.close_locked(guard, Status::CONNECTION_RESET);
            }
            None => {}
        }
        sent
    }
}
