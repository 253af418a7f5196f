//! A turn as the one who serves a connection's sockets.

use super::connection::KeaConnection;
use super::driver::{self, Begun, Driver, Flight, Waits};
use super::link::Event;
use crate::backend::kea::Failure;
use crate::backend::kea::job::{Outcome, Reply};
use crate::backend::kea::session::{Progress, Running};
use crate::net;
use crate::request::Complete;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::AsFd;
use std::time::Instant;

/// The role, held until it is dropped. Lock-free while it is held: the driver
/// is out of the shared state.
pub struct Turn<'c, T: Complete> {
    connection: &'c KeaConnection<T>,
    driver: Option<Box<Driver<T>>>,
    followups: Vec<T::Followup>,
    /// Something ended: do not wait for more.
    progressed: bool,
}

impl<'c, T: Complete> Turn<'c, T> {
    pub(super) fn new(connection: &'c KeaConnection<T>, driver: Box<Driver<T>>) -> Self {
        Self {
            connection,
            driver: Some(driver),
            followups: Vec::new(),
            progressed: false,
        }
    }

    /// Starts what may start: connects and sends without blocking.
    pub(super) fn start(&mut self, fresh: Vec<Running<T>>) {
        for running in fresh {
            self.run(running, None, None);
        }
    }

    /// Adds what to poll for, in the order in which
    /// [`proceed`](Self::proceed) expects the results.
    pub fn register<'t>(&'t self, fds: &mut Vec<PollFd<'t>>) {
        fds.push(PollFd::from_borrowed_fd(
            self.connection.wakeup().as_fd(),
            PollFlags::IN,
        ));
        for flight in self.driver.iter().flat_map(|d| &d.flights) {
            if let Waits::Link(link) = &flight.waits
                && let Some((fd, flags)) = link.interest()
            {
                fds.push(PollFd::from_borrowed_fd(fd, flags));
            }
        }
    }

    /// When to call [`proceed`](Self::proceed) even if nothing is ready.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        if self.progressed {
            return Some(Instant::now());
        }
        self.driver.as_ref().and_then(|d| d.wake_at())
    }

    /// Waits for the sockets and takes in what is there, at most until the
    /// deadline.
    pub fn take(mut self, deadline: Option<Instant>) {
        let until = [deadline, self.wake_at()].into_iter().flatten().min();
        let mut fds = Vec::with_capacity(4);
        self.register(&mut fds);
        if let Err(e) = net::poll(&mut fds, until) {
            drop(fds);
            return self.connection.close(e.into());
        }
        let ready: Vec<_> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        self.proceed(&ready);
    }

    /// Does what a poll found ready; one entry for each descriptor that was
    /// registered. True when anything was.
    pub fn proceed(&mut self, ready: &[PollFlags]) -> bool {
        let mut ready = ready.iter().copied();
        if ready.next().is_some_and(|woken| !woken.is_empty()) {
            self.connection.awake();
        }
        let now = Instant::now();
        let flights = match &mut self.driver {
            Some(driver) => std::mem::take(&mut driver.flights),
            None => Vec::new(),
        };
        let mut any = self.progressed;
        for mut flight in flights {
            match &mut flight.waits {
                Waits::Link(link) => {
                    let flags = match link.interest() {
                        Some(_) => ready.next().unwrap_or(PollFlags::empty()),
                        None => PollFlags::empty(),
                    };
                    let event = if flags.is_empty() && link.wake_at() > now {
                        Ok(Event::Later)
                    } else {
                        any = true;
                        link.proceed(flags)
                    };
                    match event {
                        Ok(Event::Later) => self.put_back(flight),
                        Ok(Event::Answer(reply, socket)) => {
                            if let (Some(driver), Some(socket)) = (&mut self.driver, socket) {
                                driver.keep(socket);
                            }
                            self.run(flight.running, Some(Ok(reply)), flight.lock);
                        }
                        Err(failure) => self.run(flight.running, Some(Err(failure)), flight.lock),
                    }
                }
                Waits::Sleep(until) if *until > now => self.put_back(flight),
                Waits::Sleep(_) => {
                    any = true;
                    self.run(flight.running, Some(Ok(Reply::done())), flight.lock);
                }
                Waits::Lock { retry, limit } => {
                    if *retry > now {
                        self.put_back(flight);
                        continue;
                    }
                    any = true;
                    match driver::lock(self.connection.target(), *limit) {
                        Ok(Begun::Waits(waits)) => {
                            flight.waits = waits;
                            self.put_back(flight);
                        }
                        Ok(Begun::Locked(fd)) => {
                            self.run(flight.running, Some(Ok(Reply::done())), Some(fd));
                        }
                        Err(failure) => self.run(flight.running, Some(Err(failure)), None),
                    }
                }
            }
        }
        any
    }

    fn put_back(&mut self, flight: Flight<T>) {
        if let Some(driver) = &mut self.driver {
            driver.flights.push(flight);
        }
    }

    /// Steps a request until it has to wait or ends.
    fn run(
        &mut self,
        mut running: Running<T>,
        mut result: Option<Outcome>,
        mut lock: Option<rustix::fd::OwnedFd>,
    ) {
        loop {
            match running.step(result.take()) {
                Progress::Wants(effect) => {
                    let begun = match &mut self.driver {
                        Some(driver) => driver.begin(self.connection.target(), effect),
                        None => Err(Failure::Lost(crate::status::Status::CONNECTION_RESET)),
                    };
                    match begun {
                        Ok(Begun::Waits(waits)) => {
                            return self.put_back(Flight {
                                running,
                                waits,
                                lock,
                            });
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
                    let mut none = T::Memory::default();
                    let memory = self.driver.as_mut().map_or(&mut none, |d| &mut d.memory);
                    for (ticket, answer) in answers {
                        self.followups
                            .extend(ticket.complete(answer.outcome(), memory));
                    }
                    // Free for others before the next request of ours starts.
                    drop(lock.take());
                    self.connection.ended(&running);
                    break;
                }
            }
        }
        self.progressed = true;
        let fresh = self.connection.startable();
        self.start(fresh);
    }
}

impl<T: Complete> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            self.connection
                .end_turn(driver, core::mem::take(&mut self.followups));
        }
    }
}
