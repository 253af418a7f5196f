//! A turn as the reader of a connection: wait for the socket, take in what is
//! there, hand each answer to its request.

use super::common::Phase;
use super::connection::{Connection, Receiving};
use crate::net::{self, Socket};
use omapi::client::{Answered, Received};
use omapi::request::Complete;
use omapi::status::Status;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

/// The reader role, held until it is dropped. Lock-free while it is held: the
/// reader is out of the shared state.
pub struct Turn<'c, T: Complete> {
    connection: &'c Connection<T>,
    reader: Option<Box<Receiving>>,
    socket: Arc<Socket>,
    write: bool,
    connecting: bool,
    received: bool,
    /// Whoever has it waits on afterwards.
    pub(super) stays: bool,
    /// The thread was panicking already, and clears up.
    panicking: bool,
    followups: Vec<T::Followup>,
}

impl<'c, T: Complete> Turn<'c, T> {
    pub(super) fn new(
        connection: &'c Connection<T>,
        reader: Box<Receiving>,
        socket: Arc<Socket>,
        write: bool,
        connecting: bool,
    ) -> Self {
        Self {
            connection,
            reader: Some(reader),
            socket,
            write,
            connecting,
            received: false,
            stays: false,
            panicking: std::thread::panicking(),
            followups: Vec::new(),
        }
    }

    /// What to poll for, for callers that poll several descriptors.
    #[must_use]
    pub fn interest(&self) -> PollFlags {
        net::interest(!self.connecting, self.write)
    }

    /// The descriptor to poll.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Waits for the socket and takes in what is there, at most until the
    /// deadline.
    pub fn take(mut self, deadline: Option<Instant>) {
        if deadline.is_none() && !self.write && !self.connecting {
            return self.receive(true);
        }
        let ready = {
            let mut fds = [PollFd::new(&*self.socket, self.interest())];
            match net::poll(&mut fds, deadline) {
                Ok(_) => fds[0].revents(),
                Err(e) => return self.connection.close(e.into()),
            }
        };
        self.proceed(ready);
    }

    /// Takes in what is there, without waiting.
    pub fn look(mut self) {
        if !self.connecting {
            self.receive(false);
        }
    }

    /// Does what a poll found ready.
    pub fn proceed(&mut self, ready: PollFlags) {
        if ready.is_empty() {
            return;
        }
        if self.connecting {
            let result = self.socket.finish_connect().map_err(status_of);
            return self.connection.connect_finished(result);
        }
        // Errors and hang-ups are found by reading. Room to write needs
        // nothing here: every turn starts with a flush.
        if ready.intersects(!PollFlags::OUT) {
            self.receive(false);
        }
    }

    fn receive(&mut self, block: bool) {
        let Some(receiving) = &mut self.reader else {
            return;
        };
        let reader = &mut receiving.reader;
        match self.socket.receive(reader.space(), block) {
            Ok(None) => {}
            Ok(Some(0)) => self.connection.close(Status::CONNECTION_RESET),
            Ok(Some(n)) => {
                reader.filled(n);
                self.received = true;
                if let Err(status) = self.digest() {
                    // Answers that came before the fault are told first.
                    let followups = core::mem::take(&mut self.followups);
                    self.connection.state.lock().followups.extend(followups);
                    self.connection.close(status);
                }
            }
            Err(e) => self.connection.close(e.into()),
        }
    }

    /// Hands out everything complete in the buffer.
    fn digest(&mut self) -> Result<(), Status> {
        let Some(receiving) = &mut self.reader else {
            return Ok(());
        };
        let Receiving { reader, completed } = &mut **receiving;
        loop {
            let (rid, size, outcome) = match reader.receive()? {
                None => return Ok(()),
                Some(Received::Introduction) => {
                    self.connection.introduced();
                    continue;
                }
                Some(Received::Answer(rid, size, outcome)) => (rid, size, outcome),
            };
            let mut st = self.connection.state.lock();
            if matches!(st.phase, Phase::Closed(_)) {
                return Ok(());
            }
            match st.server.session.answered(rid, size) {
                None => return Err(Status::PROTOCOL_ERROR),
                Some(Answered::Ticket(ticket)) => {
                    drop(st);
                    completed.push(ticket.key());
                    self.followups.extend(ticket.complete(outcome));
                }
                Some(Answered::Authenticator) => {
                    let signer = st.server.session.authenticated(&outcome)?;
                    st.phase = Phase::Ready;
                    drop(st);
                    reader.verify_with(signer);
                }
            }
        }
    }
}

impl<T: Complete> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            if std::thread::panicking() && !self.panicking {
                // The answer that it was at is lost, and nobody would ever know.
                self.connection.close(Status::UNEXPECTED);
            }
            let followups = core::mem::take(&mut self.followups);
            self.connection
                .reader_returns(reader, followups, self.received, self.stays);
        }
    }
}
