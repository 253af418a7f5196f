//! A connection to Kea.
//!
//! Nothing stays connected over a UNIX socket: a server that was restarted is
//! simply there again, and one that is gone fails the requests of that time.
//! So the state outlives sockets, and whoever serves polls those of the
//! commands under way, and one that wakes it when there is something new.

use super::driver::Driver;
use super::turn::Turn;
use super::watch::Watch;
use crate::common::{Core, Disconnect, Phase, Server, State, lose};
use crate::net::Socket;
use crate::sleepers::{self, Sleepers};
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
pub type KeaConnection<T> = Core<T, Kea<T>>;

/// What is Kea's in the state of a connection.
pub struct Kea<T: Complete> {
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
pub struct Fixed {
    shared: Arc<Shared>,
    /// Written to by who wants the one who serves to look again.
    wake: (Socket, Socket),
}

impl<T: Complete> KeaConnection<T> {
    /// Prepares a connection; waiting for it asks the server what it can do.
    ///
    /// # Errors
    /// A name that cannot be looked up, or no descriptors left.
    pub fn start(
        target: Target,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        let driver = Driver::new(&target)?;
        let wake = Socket::pair()?;
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

    /// True while requests wait to be started.
    pub fn has_sendable(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        st.phase == Phase::Connecting || st.server.session.has_waiting()
    }

    /// Queues a request. It is sent when somebody waits, flushes or
    /// dispatches; changes of hosts that are queued together become one
    /// change of the configuration.
    ///
    /// # Errors
    /// The ticket comes back: `DHCP_R_CONNRESET` after the end,
    /// `ISC_R_SHUTTINGDOWN` while draining.
    pub fn submit(&self, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)> {
        if self.is_inherited() {
            return Err((Status::CONNECTION_RESET, ticket));
        }
        let mut st = self.state.lock();
        match st.phase {
            Phase::Closed(_) => Err((Status::CONNECTION_RESET, ticket)),
            Phase::Draining => Err((Status::SHUTTING_DOWN, ticket)),
            _ => {
                st.server.session.submit(request, ticket)?;
                let kea = &st.server;
                let is_seen = kea.driver.is_none() || kea.watch.is_some();
                // Otherwise it starts when something else ends.
                if is_seen && kea.session.can_start() {
                    self.wake(&mut st);
                }
                Ok(0)
            }
        }
    }

    /// Starts what can be started without blocking.
    pub fn flush(&self) {
        drop(self.turn());
    }

    /// A descriptor that is readable when there is something to do: see
    /// `watch.rs`. Made when it is asked for the first time; `None` at the end
    /// of the connection, without descriptors left, or where the system has
    /// nothing of the kind.
    pub fn descriptor(&self) -> Option<RawFd> {
        if self.is_inherited() {
            return None;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        if st.server.watch.is_none() {
            st.server.watch = Some(Watch::new(&self.fixed.wake.1)?);
            match st.server.driver {
                Some(_) => self.watch(&mut st, true),
                // Whoever serves shows what it has when it comes back.
                None => self.wake(&mut st),
            }
        }
        st.server.watch.as_ref().map(|w| w.as_fd().as_raw_fd())
    }

    /// Shows the program's event loop what is under way. `left` says that
    /// nobody is about to look again.
    fn watch(&self, st: &mut State<T, Kea<T>>, left: bool) {
        let kea = &mut st.server;
        if let (Some(watch), Some(driver)) = (&mut kea.watch, &mut kea.driver) {
            watch.show(driver);
            if kea.session.can_start() || (left && !st.followups.is_empty()) {
                self.wake(st);
            }
        }
    }

    /// Wakes the one who serves, and the program's event loop.
    fn wake(&self, st: &mut State<T, Kea<T>>) {
        if !st.server.woken {
            st.server.woken = matches!(self.fixed.wake.0.send(&[0]), Ok(1));
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
        st.server.woken = false;
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
            _ => st.server.session.start(),
        }
    }

    /// A request has ended.
    pub(super) fn ended(&self, running: &Running<T>) {
        self.state.lock().server.session.ended(running);
    }

    /// The server said what it can do, or why not.
    pub(super) fn probed(&self, running: &Running<T>, status: Status) {
        let mut st = self.state.lock();
        st.server.session.ended(running);
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
        followups: Vec<T::Followup>,
        stays: bool,
    ) {
        let mut st = self.end_turn(followups, &driver.completed);
        driver.completed.clear();
        st.server.driver = Some(driver);
        if matches!(st.phase, Phase::Closed(_)) {
            // Left to us when it was closed.
            let tickets = st.server.abandon();
            lose(&mut st, tickets);
        } else {
            self.watch(&mut st, !stays);
        }
        Self::turn_ended(&mut st, stays);
    }
}

impl<T: Complete> Server<T> for Kea<T> {
    type Fixed = Fixed;
    type Turn<'c>
        = Turn<'c, T>
    where
        T: 'c;

    fn begin_turn<'c>(
        core: &'c KeaConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<Turn<'c, T>> {
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        let Some(driver) = st.server.driver.take() else {
            // Whoever serves is to look for new requests.
            if st.server.session.can_start() {
                core.wake(st);
            }
            return None;
        };
        st.server.serves = Some(thread::current().id());
        st.completing += 1;
        let mut turn = Turn::new(core, driver);
        MutexGuard::unlocked(st, || turn.start());
        Some(turn)
    }

    fn take(mut turn: Turn<'_, T>, deadline: Option<Instant>) {
        turn.stays = true;
        turn.take(deadline);
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
        let inside = st.server.driver.is_none() && st.server.serves == Some(thread::current().id());
        let may_wait = how == Disconnect::WhenSent && !inside;
        if may_wait && matches!(st.phase, Phase::Ready | Phase::Draining) {
            st.phase = Phase::Draining;
            let limit = Instant::now().checked_add(core.target().options.timeout);
            let done = |st: &State<T, Self>| !st.server.session.has_changes();
            core.wait_locked(st, sleepers::ANYTHING, limit, done);
        }
        core.close_locked(st, Status::CONNECTION_RESET);
        // Another thread that serves gives up what is under way; it is awake.
        while !inside && st.over().is_none() {
            Sleepers::sleep(st, |st| &mut st.sleepers, sleepers::ANYTHING, None);
        }
    }

    fn give_up(core: &KeaConnection<T>, st: &mut State<T, Self>) -> Vec<T> {
        // Whoever serves, or polls the descriptor that ends here, is to see it.
        core.wake(st);
        st.server.watch = None;
        match st.server.driver {
            Some(_) => st.server.abandon(),
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
