//! The shared state of a Kea connection, and waiting on it.
//!
//! As over OMAPI, whoever waits serves the sockets if nobody else does; the
//! others sleep, and wake the one who serves when they have something new to
//! send. Nothing stays connected over a UNIX socket: a server that was
//! restarted is simply there again, and one that is gone fails the requests
//! of that time.

use super::driver::Driver;
use super::turn::Turn;
use crate::backend::kea::session::{Running, Session};
use crate::backend::kea::shared::Shared;
use crate::backend::kea::target::Target;
use crate::engine::{Disconnect, Phase, Waited, followups, process};
use crate::net::Socket;
use crate::request::{Complete, Outcome, Request};
use crate::status::Status;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

type OnClose = Box<dyn FnOnce() + Send>;

/// A Kea server. Shared by `Arc`; every method may be called from any thread.
pub struct KeaConnection<T: Complete> {
    state: Mutex<State<T>>,
    /// Signalled when completions were delivered, when the role became free,
    /// and at the end.
    changed: Condvar,
    shared: Arc<Shared>,
    /// Written to by who wants the one who serves to look again.
    wake: (Socket, Socket),
    /// Number of the thread that used it last, see `Connection`.
    pub last_user: AtomicU64,
    /// The process that made it; in a child it is of no use.
    process: u32,
}

struct State<T: Complete> {
    phase: Phase,
    session: Session<T>,
    /// The role: whoever takes the driver out serves, and puts it back.
    driver: Option<Box<Driver<T>>>,
    /// A byte is in the wake-up socket.
    woken: bool,
    followups: followups::Queue<T::Followup>,
    on_close: Option<OnClose>,
    sleepers: usize,
    /// Those who may be about to complete requests; see `Connection`.
    completing: u32,
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
        Ok(Arc::new(Self {
            state: Mutex::new(State {
                phase: Phase::Connecting,
                session: Session::new(Arc::clone(&shared)),
                driver: Some(Box::new(driver)),
                woken: false,
                followups: followups::Queue::new(),
                on_close: Some(Box::new(on_close)),
                sleepers: 0,
                completing: 0,
            }),
            changed: Condvar::new(),
            shared,
            wake,
            last_user: AtomicU64::new(0),
            process: process::generation(),
        }))
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        if self.is_inherited() {
            return Phase::Closed(Status::CONNECTION_RESET);
        }
        self.state.lock().phase
    }

    /// True in a child of the process that connected; see `Connection`.
    fn is_inherited(&self) -> bool {
        self.process != process::generation()
    }

    /// True while requests are unanswered, or callbacks have not run.
    pub fn is_busy(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        st.has_undelivered()
            || match st.phase {
                Phase::Closed(_) => false,
                Phase::Ready => st.session.has_outstanding(),
                _ => true,
            }
    }

    /// True while requests wait to be started.
    pub fn has_sendable(&self) -> bool {
        if self.is_inherited() {
            return false;
        }
        let st = self.state.lock();
        st.phase == Phase::Connecting || st.session.has_waiting()
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
                st.session.submit(request, ticket)?;
                if st.driver.is_none() {
                    self.wake_server(&mut st);
                }
                Ok(0)
            }
        }
    }

    /// Starts what can be started without blocking.
    pub fn flush(&self) {
        drop(self.turn());
    }

    /// Why it is over, once every request has been completed.
    pub fn over(&self) -> Option<Status> {
        if self.is_inherited() {
            return Some(Status::CONNECTION_RESET);
        }
        self.state.lock().over()
    }

    /// Waits until `done` says so, driving the connection; see
    /// `Connection::wait`.
    pub fn wait(&self, deadline: Option<Instant>, mut done: impl FnMut(Phase) -> bool) -> Waited {
        self.wait_for(deadline, |st| done(st.phase))
    }

    fn wait_for(
        &self,
        deadline: Option<Instant>,
        mut done: impl FnMut(&State<T>) -> bool,
    ) -> Waited {
        if self.is_inherited() {
            return Waited::Closed(Status::CONNECTION_RESET);
        }
        let mut tried = false;
        let mut st = self.state.lock();
        loop {
            self.run_followups(&mut st, false);
            if done(&st) {
                return Waited::Done;
            }
            if let Some(status) = st.over() {
                return Waited::Closed(status);
            }
            let late = deadline.is_some_and(|d| d <= Instant::now());
            if late && tried {
                return Waited::TimedOut;
            }
            tried = true;
            match self.begin_turn(&mut st) {
                Some((mut turn, fresh)) => MutexGuard::unlocked(&mut st, || {
                    turn.start(fresh);
                    turn.take(deadline);
                }),
                None => {
                    st.sleepers += 1;
                    match deadline {
                        None => self.changed.wait(&mut st),
                        Some(d) => drop(self.changed.wait_until(&mut st, d)),
                    }
                    st.sleepers -= 1;
                }
            }
        }
    }

    /// Takes the role if it is free, and starts what may start.
    pub fn turn(&self) -> Option<Turn<'_, T>> {
        if self.is_inherited() {
            return None;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        let (mut turn, fresh) = self.begin_turn(&mut st)?;
        drop(st);
        turn.start(fresh);
        Some(turn)
    }

    fn begin_turn(
        &self,
        st: &mut MutexGuard<'_, State<T>>,
    ) -> Option<(Turn<'_, T>, Vec<Running<T>>)> {
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        let Some(driver) = st.driver.take() else {
            // Whoever serves is to look for new requests.
            if st.session.has_waiting() {
                self.wake_server(st);
            }
            return None;
        };
        st.completing += 1;
        let fresh = std::iter::from_fn(|| st.session.start()).collect();
        Some((Turn::new(self, driver), fresh))
    }

    fn wake_server(&self, st: &mut State<T>) {
        if !st.woken {
            st.woken = matches!(self.wake.0.send(&[0]), Ok(1));
        }
    }

    /// The end of the wake-up socket to poll.
    pub(super) fn wakeup(&self) -> &Socket {
        &self.wake.1
    }

    /// Takes the wake-up byte.
    pub(super) fn awake(&self) {
        let mut st = self.state.lock();
        let _ = self.wake.1.receive(&mut [0; 8], false);
        st.woken = false;
    }

    /// The server.
    pub(super) fn target(&self) -> &Target {
        &self.shared.target
    }

    /// What may start now.
    pub(super) fn startable(&self) -> Vec<Running<T>> {
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return Vec::new();
        }
        std::iter::from_fn(|| st.session.start()).collect()
    }

    /// A request has ended.
    pub(super) fn ended(&self, running: &Running<T>) {
        self.state.lock().session.ended(running);
    }

    /// The server said what it can do, or why not.
    pub(super) fn probed(&self, running: &Running<T>, status: Status) {
        let mut st = self.state.lock();
        st.session.ended(running);
        if st.phase == Phase::Connecting {
            match status {
                Status::SUCCESS => st.phase = Phase::Ready,
                status => self.close_locked(&mut st, status),
            }
        }
    }

    /// Gives the role back and tells who waits.
    pub(super) fn end_turn(&self, mut driver: Box<Driver<T>>, followups: Vec<T::Followup>) {
        let mut st = self.state.lock();
        st.followups.extend(followups);
        if matches!(st.phase, Phase::Closed(_)) {
            let lost = give_up(&mut driver);
            let followups = MutexGuard::unlocked(&mut st, || abandon(lost));
            st.followups.extend(followups);
        }
        st.completing -= 1;
        st.driver = Some(driver);
        if st.sleepers > 0 {
            self.changed.notify_all();
        }
    }

    fn run_followups(&self, st: &mut MutexGuard<'_, State<T>>, all: bool) {
        if matches!(st.phase, Phase::Closed(_))
            && let Some(f) = st.on_close.take()
        {
            MutexGuard::unlocked(st, f);
        }
        // Somebody else has to drive meanwhile, or has its answer.
        let wake = |st: &mut State<T>| {
            if st.sleepers > 0 {
                self.changed.notify_all();
            }
        };
        followups::run(st, |st| &mut st.followups, wake, wake, all);
    }

    /// Runs the callbacks of completions that were delivered.
    pub fn deliver(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_followups(&mut st, false);
    }

    /// As [`deliver`](Self::deliver), also deep inside callbacks.
    pub fn deliver_all(&self) {
        if self.is_inherited() {
            return;
        }
        let mut st = self.state.lock();
        self.run_followups(&mut st, true);
    }

    /// Disconnects. Without haste, requests that change something are done
    /// first, which may take as long as the server does. False when it was
    /// closed already.
    pub fn disconnect(&self, how: Disconnect) -> bool {
        if self.is_inherited() {
            let on_close = self.state.try_lock().and_then(|mut st| {
                st.phase = Phase::Closed(Status::CONNECTION_RESET);
                st.on_close.take()
            });
            if let Some(f) = on_close {
                f();
            }
            return true;
        }
        let mut st = self.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return false;
        }
        if how == Disconnect::WhenSent && st.phase == Phase::Ready {
            st.phase = Phase::Draining;
            drop(st);
            let limit = Instant::now().checked_add(self.target().options.timeout);
            self.wait_for(limit, |st| !st.session.has_changes());
            st = self.state.lock();
        }
        self.close_locked(&mut st, Status::CONNECTION_RESET);
        true
    }

    /// Ends the connection because of `status`. Only the first end counts.
    pub(super) fn close(&self, status: Status) {
        let mut st = self.state.lock();
        self.close_locked(&mut st, status);
    }

    fn close_locked(&self, st: &mut MutexGuard<'_, State<T>>, status: Status) {
        if matches!(st.phase, Phase::Closed(_)) {
            return;
        }
        st.phase = Phase::Closed(status);
        let mut lost = match &mut st.driver {
            Some(driver) => give_up(driver),
            // Whoever serves gives up when it comes back.
            None => {
                self.wake_server(st);
                Vec::new()
            }
        };
        lost.extend(st.session.abandon());
        st.completing += 1;
        let followups = MutexGuard::unlocked(st, || abandon(lost));
        st.completing -= 1;
        st.followups.extend(followups);
        self.changed.notify_all();
    }
}

impl<T: Complete> State<T> {
    /// Why it is over, once every request has been completed.
    fn over(&self) -> Option<Status> {
        match self.phase {
            Phase::Closed(status) if self.completing == 0 => Some(status),
            _ => None,
        }
    }

    /// Callbacks, or what runs at the end, have not run.
    fn has_undelivered(&self) -> bool {
        !self.followups.is_empty()
            || (self.on_close.is_some() && matches!(self.phase, Phase::Closed(_)))
    }
}

fn give_up<T: Complete>(driver: &mut Driver<T>) -> Vec<T> {
    let flights = std::mem::take(&mut driver.flights);
    flights
        .into_iter()
        .flat_map(|f| f.running.abandon())
        .collect()
}

fn abandon<T: Complete>(tickets: Vec<T>) -> Vec<T::Followup> {
    let lost = Outcome::Lost(Status::CONNECTION_RESET);
    let mut memory = T::Memory::default();
    tickets
        .into_iter()
        .filter_map(|t| t.complete(lost, &mut memory))
        .collect()
}
