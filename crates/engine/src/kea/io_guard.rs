//! The I/O role of a connection to a Kea server: starts commands, polls their
//! sockets, hands each answer to its request.

use super::config_lock::Lock;
use super::connection::KeaConnection;
use super::exchange::{Buffer, Event};
use super::io::{self, Begun, Driver, Flight, Waits};
use super::pollable::Shown;
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

/// The role, held until it is dropped. Lock-free while it is held: the driver
/// is out of the shared state.
pub(crate) struct KeaGuard<'c, T: Complete> {
    connection: &'c KeaConnection<T>,
    driver: Option<Box<Driver<T>>>,
    callbacks: Vec<T::Followup>,
    /// Something ended, or more may start: do not wait.
    progressed: bool,
    /// Whoever has it waits on afterwards.
    pub(super) stays: bool,
    /// The thread was panicking already, and clears up.
    panicking: bool,
}

impl<'c, T: Complete> KeaGuard<'c, T> {
    pub(super) fn new(connection: &'c KeaConnection<T>, driver: Box<Driver<T>>) -> Self {
        Self {
            connection,
            driver: Some(driver),
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
    fn go_on(&mut self, mut flight: Flight<T>, flags: PollFlags) -> bool {
        let mut none = Buffer::default();
        let buffer = self.driver.as_mut().map_or(&mut none, |d| &mut d.buffer);
        let (result, lock) = match &mut flight.waits {
            Waits::Link(link) => {
                let event = link.proceed(flags, buffer);
                if let (Some(driver), Some(address)) = (&mut self.driver, link.connected_to()) {
                    driver.prefer(address);
                }
                match event {
                    Ok(Event::Later) => {
                        self.put_back(flight);
                        return false;
                    }
                    Ok(Event::Answer(reply, socket)) => {
                        if let (Some(driver), Some(socket)) = (&mut self.driver, socket) {
                            driver.keep(socket);
                        }
                        (Ok(reply), flight.lock)
                    }
                    Err(failure) => (Err(failure), flight.lock),
                }
            }
            Waits::Sleep(_) => (Ok(Reply::done()), flight.lock),
            Waits::Lock { limit, .. } => match io::lock(self.connection.target(), *limit) {
                Ok(Begun::Waits(waits)) => {
                    flight.waits = waits;
                    self.put_back(flight);
                    return false;
                }
                Ok(Begun::Locked(lock)) => (Ok(Reply::done()), Some(lock)),
                Err(failure) => (Err(failure), None),
            },
        };
        self.run(flight.running, Some(result), lock)
    }

    fn put_back(&mut self, flight: Flight<T>) {
        if let Some(driver) = &mut self.driver {
            driver.flights.push_back(flight);
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
                    let begun = match &mut self.driver {
                        Some(driver) => driver.begin(self.connection.target(), effect),
                        None => Err(KeaError::Lost(Status::CONNECTION_RESET)),
                    };
                    match begun {
                        Ok(Begun::Waits(waits)) => {
                            self.put_back(Flight {
                                running,
                                waits,
                                lock,
                                shown: Shown::default(),
                            });
                            return false;
                        }
                        Ok(Begun::Locked(fd)) => {
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
                        let Some(driver) = &mut self.driver else {
                            break;
                        };
                        driver.completed.push(ticket.key());
                        let followup = ticket.complete(answer.outcome());
                        self.callbacks.extend(followup);
                    }
                    // Free for others before the next request of ours starts.
                    drop(lock.take());
                    self.connection.ended(&running);
                    if let Some(driver) = &mut self.driver {
                        driver.ended.push(running);
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
        for flight in self.driver.iter().flat_map(|d| &d.flights) {
            if let Some((fd, flags)) = flight.waits.interest() {
                fds.push(PollFd::from_borrowed_fd(fd, flags));
            }
        }
        fds.len() - before
    }

    fn wake_at(&self) -> Option<Instant> {
        if self.progressed {
            return Some(Instant::now());
        }
        self.driver.as_ref().and_then(|d| d.wake_at())
    }

    fn proceed(&mut self, ready: &[PollFlags]) -> bool {
        let mut ready = ready.iter().copied();
        if ready.next().is_some_and(|woken| !woken.is_empty()) {
            self.connection.awake();
        }
        let now = Instant::now();
        let mut any = self.progressed;
        // What starts meanwhile comes behind these.
        let number = self.driver.as_ref().map_or(0, |d| d.flights.len());
        for _ in 0..number {
            let next = self.driver.as_mut().and_then(|d| d.flights.pop_front());
            let Some(mut flight) = next else { break };
            let flags = match flight.waits.interest() {
                Some(_) => ready.next().unwrap_or(PollFlags::empty()),
                None => PollFlags::empty(),
            };
            if flags.is_empty() && flight.waits.wake_at() > now {
                self.put_back(flight);
                continue;
            }
            any = true;
            flight.hide();
            if self.go_on(flight, flags) {
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
        if let Some(driver) = self.driver.take() {
            if std::thread::panicking() && !self.panicking {
                // What it was at is lost, and nobody would ever know.
                self.connection.close(Status::UNEXPECTED);
            }
            let callbacks = core::mem::take(&mut self.callbacks);
            self.connection
                .driver_returns(driver, callbacks, self.stays);
        }
    }
}
