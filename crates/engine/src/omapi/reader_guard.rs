//! The I/O role of a connection over OMAPI: wait for the socket, take in what
//! is there, hand each answer to its request.

use super::connection::{OmapiConnection, Receiving};
use crate::core::{IoGuard, Phase};
use crate::errno::status_of;
use crate::net::{self, Socket};
use ::omapi::client::{Answered, Received};
use ::omapi::request::Complete;
use ::omapi::status::Status;
use rustix::event::{PollFd, PollFlags};
use std::sync::Arc;
use std::time::Instant;

/// The reader role, held until it is dropped. Lock-free while it is held: the
/// reader is out of the shared state.
pub(crate) struct ReaderGuard<'c, T: Complete> {
    connection: &'c OmapiConnection<T>,
    reader: Option<Box<Receiving>>,
    socket: Arc<Socket>,
    write: bool,
    connecting: bool,
    /// The attempt to connect is given up then.
    until: Option<Instant>,
    received: bool,
    /// The thread goes on waiting afterwards.
    pub(super) stays: bool,
    /// The thread was panicking already, and clears up.
    panicking: bool,
    callbacks: Vec<T::Deferred>,
}

impl<'c, T: Complete> ReaderGuard<'c, T> {
    pub(super) fn new(
        connection: &'c OmapiConnection<T>,
        reader: Box<Receiving>,
        socket: Arc<Socket>,
        write: bool,
    ) -> Self {
        Self {
            connection,
            reader: Some(reader),
            socket,
            write,
            connecting: false,
            until: None,
            received: false,
            stays: false,
            panicking: std::thread::panicking(),
            callbacks: Vec::new(),
        }
    }

    /// There is no connection yet, and there will be none at the present address
    /// if there is none by `until`.
    pub(super) fn connects(&mut self, until: Option<Instant>) {
        self.connecting = true;
        self.until = until;
    }

    /// Waits for the socket and takes in what is there, at most until the
    /// deadline.
    pub(super) fn take(mut self, deadline: Option<Instant>) {
        if deadline.is_none() && !self.write && !self.connecting {
            return self.receive(true);
        }
        let deadline = [deadline, self.until].into_iter().flatten().min();
        let ready = {
            let mut fds = [self.poll_fd()];
            match net::poll(&mut fds, deadline) {
                Ok(_) => fds[0].revents(),
                Err(e) => return self.connection.close(status_of(e)),
            }
        };
        Self::proceed(&mut self, ready);
    }

    /// What to poll for.
    fn poll_fd(&self) -> PollFd<'_> {
        PollFd::new(&*self.socket, net::interest(!self.connecting, self.write))
    }

    /// Does what a poll found ready.
    fn proceed(&mut self, ready: PollFlags) {
        if ready.is_empty() {
            if self.until.is_some_and(|until| until <= Instant::now()) {
                self.connection.connect_finished(Err(Status::TIMED_OUT));
            }
            return;
        }
        if self.connecting {
            let result = self.socket.finish_connect().map_err(status_of);
            return self.connection.connect_finished(result);
        }
        // Errors and hang-ups are found by reading. Room to write needs
        // nothing here: every round starts with a flush.
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
                    let callbacks = core::mem::take(&mut self.callbacks);
                    self.connection.state.lock().callbacks.extend(callbacks);
                    self.connection.close(status);
                }
            }
            Err(e) => self.connection.close(status_of(e)),
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
            match st.transport.session.answered(rid, size) {
                None => return Err(Status::PROTOCOL_ERROR),
                Some(Answered::Ticket(ticket)) => {
                    drop(st);
                    completed.push(ticket.key());
                    self.callbacks.extend(ticket.complete(outcome));
                }
                Some(Answered::Authenticator) => {
                    let signer = st.transport.session.authenticated(&outcome)?;
                    st.phase = Phase::Ready;
                    drop(st);
                    reader.verify_with(signer);
                }
            }
        }
    }
}

impl<T: Complete> IoGuard for ReaderGuard<'_, T> {
    fn register<'t>(&'t self, fds: &mut Vec<PollFd<'t>>) -> usize {
        fds.push(self.poll_fd());
        1
    }

    fn wake_at(&self) -> Option<Instant> {
        None
    }

    fn proceed(&mut self, ready: &[PollFlags]) -> bool {
        let flags = ready.first().copied().unwrap_or(PollFlags::empty());
        self.proceed(flags);
        !flags.is_empty()
    }

    fn poll_once(self: Box<Self>, deadline: Option<Instant>) {
        self.take(deadline);
    }
}

impl<T: Complete> Drop for ReaderGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(reader) = self.reader.take() {
            if std::thread::panicking() && !self.panicking {
                // The answer that was being taken in is lost, and its request would
                // never end.
                self.connection.close(Status::UNEXPECTED);
            }
            let callbacks = core::mem::take(&mut self.callbacks);
            self.connection
                .reader_returns(reader, callbacks, self.received, self.stays);
        }
    }
}
