//! Queueing requests, and getting them onto the wire.

use super::connection::{Omapi, OmapiConnection};
use crate::core::{Phase, State, sooner};
use crate::errno::status_of;
use crate::net;
use ::omapi::request::{Complete, Operation, Request};
use ::omapi::status::Status;
use parking_lot::MutexGuard;
use rustix::event::{PollFd, PollFlags};
use std::time::{Duration, Instant};

/// How long a thread whose bytes do not fit into the socket looks after them
/// itself before it looks at everything else again, while another thread reads.
const PUSH: Duration = Duration::from_millis(5);

/// True while there is something that the socket should take: a
/// connection attempt, or bytes within the window.
pub(super) fn has_sendable<T: Complete>(core: &OmapiConnection<T>) -> bool {
    if core.is_inherited() {
        return false;
    }
    let mut st = core.state.lock();
    match st.phase {
        Phase::Connecting => true,
        Phase::Handshake | Phase::Ready => !st.transport.session.sendable(false).is_empty(),
        Phase::Draining => st.transport.session.has_unsent(),
        Phase::Closed(_) => false,
    }
}

/// Queues a request. Nothing is sent before a thread waits, flushes or
/// dispatches, so that many requests are sent in few writes. (If another thread has
/// the I/O role, it is sent now: that thread may sleep until the answer.)
/// Returns the id of the message.
///
/// # Errors
/// The ticket comes back: `DHCP_R_CONNRESET` after the end,
/// `ISC_R_SHUTTINGDOWN` while draining, `DHCP_R_NOTYET` before an
/// authenticated connection is ready, or what is wrong with a value.
pub(super) fn submit<T: Complete>(
    core: &OmapiConnection<T>,
    request: &Request<'_>,
    ticket: T,
) -> Result<u32, (Status, T)> {
    if core.is_inherited() {
        return Err((Status::CONNECTION_RESET, ticket));
    }
    let mut st = core.state.lock();
    let refusal = match st.phase {
        Phase::Closed(_) => Some(Status::CONNECTION_RESET),
        Phase::Draining => Some(Status::SHUTTING_DOWN),
        _ if st.transport.session.is_authenticating() => Some(Status::NOT_YET),
        // OMAPI cannot enumerate.
        _ if matches!(request.operation, Operation::Next { .. }) => Some(Status::NOT_IMPLEMENTED),
        _ => None,
    };
    if let Some(status) = refusal {
        return Err((status, ticket));
    }
    let id = st
        .transport
        .session
        .submit(request, ticket)
        .map_err(|(e, t)| (e.into(), t))?;
    if st.transport.reader.is_none() {
        core.flush_locked(&mut st);
    }
    Ok(id)
}

/// Sends what can be sent without blocking.
pub(super) fn flush<T: Complete>(core: &OmapiConnection<T>) {
    if core.is_inherited() {
        return;
    }
    let mut st = core.state.lock();
    core.flush_locked(&mut st);
}

impl<T: Complete> OmapiConnection<T> {
    /// Another thread reads, and perhaps does not look whether there is room
    /// to write: waits for that itself.
    pub(super) fn push(
        &self,
        st: &mut MutexGuard<'_, State<T, Omapi<T>>>,
        deadline: Option<Instant>,
    ) {
        if let Some(socket) = st.transport.socket.clone() {
            let until = sooner(deadline, PUSH);
            MutexGuard::unlocked(st, || {
                // The reader will report the error.
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
        let Some(socket) = &st.transport.socket else {
            return false;
        };
        let mut sent = false;
        let failed = loop {
            let bytes = st.transport.session.sendable(draining);
            if bytes.is_empty() {
                break None;
            }
            match socket.send(bytes) {
                Ok(0) => return sent,
                Ok(n) => st.transport.session.sent(n),
                // What the server wrote before it closed is still to be read:
                // the reader finds the end. Nothing more can be sent.
                Err(_) if !draining => return sent,
                Err(e) => break Some(status_of(e)),
            }
            sent = true;
        };
        match failed {
            Some(status) => self.close_locked(guard, status),
            None if draining && !st.transport.session.has_unsent() => {
                self.close_locked(guard, Status::CONNECTION_RESET);
            }
            None => {}
        }
        sent
    }
}
