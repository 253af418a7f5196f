//! A connection to Kea.
//!
//! Nothing stays connected over a UNIX socket: a server that was restarted is
//! simply there again, and one that is gone fails the requests of that time.
//! So the state outlives sockets, and whoever serves polls those of the
//! commands under way, and one that wakes it when there is something new.

use super::io::Driver;
use super::io_guard::KeaGuard;
use super::pollable::Watch;
use crate::core::{Connection, Core, Disconnect, Phase, State, Transport, lose};
use crate::errno::status_of;
use crate::net::Socket;
use crate::waiters::{self, Waiters};
use ::kea::session::{Running, Session};
use ::kea::shared::Shared;
use ::kea::target::Target;
use omapi::request::{Complete, Request};
use omapi::status::Status;
use parking_lot::MutexGuard;
use rustix::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Instant;

/// A connection to a Kea server.
pub(crate) type KeaConnection<T> = Core<T, Kea<T>>;

/// What is Kea's in the state of a connection.
pub(crate) struct Kea<T: Complete> {
    session: Session<T>,
    /// The role: whoever takes the driver out serves, and puts it back.
    driver: Option<Box<Driver<T>>>,
    /// The thread that took it out last.
    serves: Option<ThreadId>,
    /// A byte is in the wake-up socket.
    woken: bool,
    /// The descriptor for the program's own event loop, once it has asked.
    watch: Option<Watch>,
}

/// What needs no lock.
pub(crate) struct Fixed {
    shared: Arc<Shared>,
    /// Written to by who wants the one who serves to look again.
    wake: (Socket, Socket),
}

impl<T: Complete> KeaConnection<T> {
    /// Prepares a connection; waiting for it asks the server what it can do.
    ///
    /// # Errors
    /// A name that cannot be looked up, or no descriptors left.
    pub(crate) fn start(
        target: Target,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        let driver = Driver::new(&target)?;
        let wake = Socket::pair().map_err(status_of)?;
        let shared = Shared::new(target);
        let kea = Kea {
            session: Session::new(Arc::clone(&shared)),
            driver: Some(Box::new(driver)),
            serves: None,
            woken: false,
            watch: None,
        };
        let fixed = Fixed { shared, wake };
        Ok(Arc::new(Self::new(kea, fixed, Box::new(on_close))))
    }

    /// Shows the program's event loop what is under way. `left` says that
    /// nobody is about to look again.
    fn watch(&self, st: &mut State<T, Kea<T>>, left: bool) {
        let kea = &mut st.transport;
        if let (Some(watch), Some(driver)) = (&mut kea.watch, &mut kea.driver) {
            watch.show(driver);
            if kea.session.can_start() || (left && !st.callbacks.is_empty()) {
                self.wake(st);
            }
        }
    }

    /// Wakes the one who serves, and the program's event loop.
    fn wake(&self, st: &mut State<T, Kea<T>>) {
        if !st.transport.woken {
            st.transport.woken = matches!(self.fixed.wake.0.send(&[0]), Ok(1));
        }
    }

    /// The end of the wake-up socket to poll.
    pub(super) fn wakeup(&self) -> &Socket {
        &self.fixed.wake.1
    }

    /// Takes the wake-up byte.
    pub(super) fn awake(&self) {
        let mut st = self.state.lock();
        let _ = self.fixed.wake.1.receive(&mut [0; 8], false);
        st.transport.woken = false;
    }

    /// The server.
    pub(super) fn target(&self) -> &Target {
        &self.fixed.shared.target
    }

    /// What may start now.
    pub(super) fn startable(&self) -> Option<Running<T>> {
        let mut st = self.state.lock();
        match st.phase {
            Phase::Closed(_) => None,
            _ => st.transport.session.start(),
        }
    }

    /// A request has ended.
    pub(super) fn ended(&self, running: &Running<T>) {
        self.state.lock().transport.session.ended(running);
    }

    /// The server said what it can do, or why not.
    pub(super) fn probed(&self, running: &Running<T>, status: Status) {
        let mut st = self.state.lock();
        st.transport.session.ended(running);
        if st.phase == Phase::Connecting {
            match status {
                Status::SUCCESS => st.phase = Phase::Ready,
                status => self.close_locked(&mut st, status),
            }
        }
    }

    /// Gives the role back and tells who waits.
    pub(super) fn driver_returns(
        &self,
        mut driver: Box<Driver<T>>,
        callbacks: Vec<T::Followup>,
        stays: bool,
    ) {
        let mut st = self.end_io(callbacks, &driver.completed);
        driver.completed.clear();
        st.transport.driver = Some(driver);
        if matches!(st.phase, Phase::Closed(_)) {
            // Left to us when it was closed.
            let tickets = st.transport.abandon();
            lose(&mut st, tickets);
        } else {
            self.watch(&mut st, !stays);
        }
        Self::io_ended(&mut st, stays);
    }
}

impl<T: Complete> Transport<T> for Kea<T> {
    type Fixed = Fixed;
    type Guard<'c>
        = KeaGuard<'c, T>
    where
        T: 'c;

    const IS_KEA: bool = true;

    fn socket(_: &KeaConnection<T>) -> Option<Arc<Socket>> {
        None
    }

    fn descriptor(core: &KeaConnection<T>) -> Option<RawFd> {
        if core.is_inherited() {
            return None;
        }
        let mut st = core.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        if st.transport.watch.is_none() {
            st.transport.watch = Some(Watch::new(&core.fixed.wake.1)?);
            match st.transport.driver {
                Some(_) => core.watch(&mut st, true),
                // Whoever serves shows what it has when it comes back.
                None => core.wake(&mut st),
            }
        }
        st.transport.watch.as_ref().map(|w| w.as_fd().as_raw_fd())
    }

    fn has_sendable(core: &KeaConnection<T>) -> bool {
        if core.is_inherited() {
            return false;
        }
        let st = core.state.lock();
        st.phase == Phase::Connecting || st.transport.session.has_waiting()
    }

    // Queues a request. It is sent when somebody waits, flushes or
    // dispatches; changes of hosts that are queued together become one
    // change of the configuration.
    fn submit(
        core: &KeaConnection<T>,
        request: &Request<'_>,
        ticket: T,
    ) -> Result<u32, (Status, T)> {
        if core.is_inherited() {
            return Err((Status::CONNECTION_RESET, ticket));
        }
        let mut st = core.state.lock();
        match st.phase {
            Phase::Closed(_) => Err((Status::CONNECTION_RESET, ticket)),
            Phase::Draining => Err((Status::SHUTTING_DOWN, ticket)),
            _ => {
                st.transport.session.submit(request, ticket)?;
                let kea = &st.transport;
                let is_seen = kea.driver.is_none() || kea.watch.is_some();
                // Otherwise it starts when something else ends.
                if is_seen && kea.session.can_start() {
                    core.wake(&mut st);
                }
                Ok(0)
            }
        }
    }

    fn flush(core: &KeaConnection<T>) {
        drop(core.begin_io());
    }

    fn begin_io<'c>(
        core: &'c KeaConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<KeaGuard<'c, T>> {
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        let Some(driver) = st.transport.driver.take() else {
            // Whoever serves is to look for new requests.
            if st.transport.session.can_start() {
                core.wake(st);
            }
            return None;
        };
        st.transport.serves = Some(thread::current().id());
        st.completing += 1;
        let mut guard = KeaGuard::new(core, driver);
        MutexGuard::unlocked(st, || guard.start());
        Some(guard)
    }

    fn do_io(mut guard: KeaGuard<'_, T>, deadline: Option<Instant>) {
        guard.stays = true;
        guard.take(deadline);
    }

    fn is_free(&self) -> bool {
        self.driver.is_some()
    }

    fn has_outstanding(&self) -> bool {
        self.session.has_outstanding()
    }

    fn disconnect(
        core: &KeaConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
        how: Disconnect,
    ) {
        // A program's object that ended with its request disconnects, in the
        // middle of a turn: there is nobody to wait for.
        let inside =
            st.transport.driver.is_none() && st.transport.serves == Some(thread::current().id());
        let may_wait = how == Disconnect::WhenSent && !inside;
        if may_wait && matches!(st.phase, Phase::Ready | Phase::Draining) {
            st.phase = Phase::Draining;
            let limit = Instant::now().checked_add(core.target().options.timeout);
            let done = |st: &State<T, Self>| !st.transport.session.has_changes();
            core.wait_locked(st, waiters::ANYTHING, limit, done);
        }
        core.close_locked(st, Status::CONNECTION_RESET);
        // Another thread that serves gives up what is under way; it is awake.
        while !inside && st.over().is_none() {
            Waiters::sleep(st, |st| &mut st.waiters, waiters::ANYTHING, None);
        }
    }

    fn give_up(core: &KeaConnection<T>, st: &mut State<T, Self>) -> Vec<T> {
        // Whoever serves, or polls the descriptor that ends here, is to see it.
        core.wake(st);
        st.transport.watch = None;
        match st.transport.driver {
            Some(_) => st.transport.abandon(),
            None => Vec::new(),
        }
    }

    fn forget(&mut self) {
        self.watch = None;
    }
}

impl<T: Complete> Kea<T> {
    /// Gives everything up, in the order in which it was queued.
    fn abandon(&mut self) -> Vec<T> {
        let mut tickets = match &mut self.driver {
            Some(driver) => driver.give_up(),
            None => Vec::new(),
        };
        tickets.extend(self.session.abandon());
        tickets
    }
}
