//! The I/O role of a connection to a Kea server: starts commands, polls their
//! sockets, hands each answer to its request.

use super::config_lock::Lock;
use super::connection::KeaConnection;
use super::exchange::{Buffer, Event};
use super::io::{self, InFlight, KeaIo, Started, Waiting};
use super::pollable::Registered;
use crate::core::IoGuard;
use crate::errno::status_of;
use crate::net;
use ::kea::{AT_ONCE, Exchanged, KeaError, Progress, Reply, Running};
use omapi::request::Complete;
use omapi::status::Status;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::AsFd;
use std::time::Instant;

/// How many requests are started in one go.
const AT_A_STRETCH: usize = 8 * AT_ONCE;

/// The role, held until it is dropped. Lock-free while it is held: the io
/// is out of the shared state.
pub(crate) struct KeaGuard<'c, T: Complete> {
    connection: &'c KeaConnection<T>,
    io: Option<Box<KeaIo<T>>>,
    callbacks: Vec<T::Deferred>,
    /// Something ended, or more may start: do not wait.
    progressed: bool,
    /// The thread goes on waiting afterwards.
    pub(super) stays: bool,
    /// The thread was panicking already, and clears up.
    panicking: bool,
}

impl<'c, T: Complete> KeaGuard<'c, T> {
    pub(super) fn new(connection: &'c KeaConnection<T>, io: Box<KeaIo<T>>) -> Self {
        Self {
            connection,
            io: Some(io),
            callbacks: Vec::new(),
            progressed: false,
            stays: false,
            panicking: std::thread::panicking(),
        }
    }

    /// Starts what may start: connects and sends without blocking. When
    /// everything fails at once, others are looked after in between.
    pub(super) fn start(&mut self) {
        for _ in 0..AT_A_STRETCH {
            match self.connection.startable() {
                Some(running) => self.run(running, None, None),
                None => return,
            };
        }
        self.progressed = true;
    }

    /// Waits for the sockets and takes in what is there, at most until the
    /// deadline.
    pub(super) fn take(mut self, deadline: Option<Instant>) {
        let until = [deadline, self.wake_at()].into_iter().flatten().min();
        let mut fds = Vec::with_capacity(4);
        self.register(&mut fds);
        if let Err(e) = net::poll(&mut fds, until) {
            drop(fds);
            return self.connection.close(status_of(e));
        }
        let ready: Vec<_> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        self.proceed(&ready);
    }

    /// What a request waited for has happened. True when it has ended.
    fn go_on(&mut self, mut request: InFlight<T>, flags: PollFlags) -> bool {
        let mut none = Buffer::default();
        let buffer = self.io.as_mut().map_or(&mut none, |d| &mut d.buffer);
        let (result, lock) = match &mut request.waiting {
            Waiting::Exchange(exchange) => {
                let event = exchange.proceed(flags, buffer);
                if let (Some(io), Some(address)) = (&mut self.io, exchange.connected_to()) {
                    io.prefer(address);
                }
                match event {
                    Ok(Event::Later) => {
                        self.put_back(request);
                        return false;
                    }
                    Ok(Event::Answer(reply, socket)) => {
                        if let (Some(io), Some(socket)) = (&mut self.io, socket) {
                            io.keep(socket);
                        }
                        (Ok(reply), request.lock)
                    }
                    Err(failure) => (Err(failure), request.lock),
                }
            }
            Waiting::Sleep(_) => (Ok(Reply::done()), request.lock),
            Waiting::Lock { limit, .. } => match io::lock(self.connection.target(), *limit) {
                Ok(Started::Waits(waiting)) => {
                    request.waiting = waiting;
                    self.put_back(request);
                    return false;
                }
                Ok(Started::Locked(lock)) => (Ok(Reply::done()), Some(lock)),
                Err(failure) => (Err(failure), None),
            },
        };
        self.run(request.running, Some(result), lock)
    }

    fn put_back(&mut self, request: InFlight<T>) {
        if let Some(io) = &mut self.io {
            io.in_flight.push_back(request);
        }
    }

    /// Steps a request until it has to wait or ends. True when it has ended.
    fn run(
        &mut self,
        mut running: Running<T>,
        mut result: Option<Exchanged>,
        mut lock: Option<Lock>,
    ) -> bool {
        loop {
            match running.step(result.take(), self.connection.moment()) {
                Progress::Wants(effect) => {
                    let begun = match &mut self.io {
                        Some(io) => io.begin(self.connection.target(), effect),
                        None => Err(KeaError::Lost(Status::CONNECTION_RESET)),
                    };
                    match begun {
                        Ok(Started::Waits(waiting)) => {
                            self.put_back(InFlight {
                                running,
                                waiting,
                                lock,
                                registered: Registered::default(),
                            });
                            return false;
                        }
                        Ok(Started::Locked(fd)) => {
                            lock = Some(fd);
                            result = Some(Ok(Reply::done()));
                        }
                        Err(failure) => result = Some(Err(failure)),
                    }
                }
                Progress::Probed(status) => {
                    self.connection.probed(&running, status);
                    break;
                }
                Progress::Done(answers) => {
                    for (ticket, answer) in answers {
                        let Some(io) = &mut self.io else {
                            break;
                        };
                        io.completed.push(ticket.key());
                        let deferred = ticket.complete(answer.outcome());
                        self.callbacks.extend(deferred);
                    }
                    // Free for others before the next request of ours starts.
                    drop(lock.take());
                    self.connection.ended(&running);
                    if let Some(io) = &mut self.io {
                        io.ended.push(running);
                    }
                    break;
                }
            }
        }
        self.progressed = true;
        true
    }
}

impl<T: Complete> IoGuard for KeaGuard<'_, T> {
    fn register<'t>(&'t self, fds: &mut Vec<PollFd<'t>>) -> usize {
        let before = fds.len();
        fds.push(PollFd::from_borrowed_fd(
            self.connection.wakeup().as_fd(),
            PollFlags::IN,
        ));
        for request in self.io.iter().flat_map(|d| &d.in_flight) {
            if let Some((fd, flags)) = request.waiting.interest() {
                fds.push(PollFd::from_borrowed_fd(fd, flags));
            }
        }
        fds.len() - before
    }

    fn wake_at(&self) -> Option<Instant> {
        if self.progressed {
            return Some(Instant::now());
        }
        self.io.as_ref().and_then(|d| d.wake_at())
    }

    fn proceed(&mut self, ready: &[PollFlags]) -> bool {
        let mut ready = ready.iter().copied();
        if ready.next().is_some_and(|woken| !woken.is_empty()) {
            self.connection.awake();
        }
        let now = Instant::now();
        let mut any = self.progressed;
        // What starts meanwhile comes behind these.
        let number = self.io.as_ref().map_or(0, |d| d.in_flight.len());
        for _ in 0..number {
            let next = self.io.as_mut().and_then(|d| d.in_flight.pop_front());
            let Some(mut request) = next else { break };
            let flags = match request.waiting.interest() {
                Some(_) => ready.next().unwrap_or(PollFlags::empty()),
                None => PollFlags::empty(),
            };
            if flags.is_empty() && request.waiting.wake_at() > now {
                self.put_back(request);
                continue;
            }
            any = true;
            request.hide();
            if self.go_on(request, flags) {
                // The server is not to wait for what we do with other answers.
                self.start();
            }
        }
        any
    }

    fn poll_once(self: Box<Self>, deadline: Option<Instant>) {
        self.take(deadline);
    }
}

impl<T: Complete> Drop for KeaGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(io) = self.io.take() {
            if std::thread::panicking() && !self.panicking {
                // What was being done is lost, and its request would never end.
                self.connection.close(Status::UNEXPECTED);
            }
            let callbacks = core::mem::take(&mut self.callbacks);
            self.connection.io_returns(io, callbacks, self.stays);
        }
    }
}
