//! One descriptor that stands for all of a connection's, for programs that wait
//! in an event loop of their own.
//!
//! It is readable when calling the library does something: an answer is here,
//! a connection is made, a request can be started, a time has come, another
//! thread left something to do. It may be readable for less, as any descriptor
//! may; it is never the other way round. There is nothing to write to it.

use super::io::KeaIo;
use crate::net::Socket;
use omapi::request::Complete;
use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How often a command is looked at that the system had no room for.
const HIDDEN: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct Pollable {
    set: Set,
    timer: Timer,
}

impl AsFd for Pollable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.as_fd()
    }
}

impl Pollable {
    /// Without descriptors left, or where there is none, nothing.
    pub(super) fn new(wakeup: &Socket) -> Option<Self> {
        let set = Set::new()?;
        let timer = Timer::new()?;
        (set.add(wakeup, PollFlags::IN) && set.add(&timer, PollFlags::IN))
            .then_some(Self { set, timer })
    }

    /// Takes in what has become of the exchanges in flight. Those of which
    /// anything changed have been taken out, see [`Registered`].
    pub(super) fn show<T: Complete>(&mut self, io: &mut KeaIo<T>) {
        let mut all = true;
        for request in &mut io.in_flight {
            all &= request
                .registered
                .show(&self.set, request.waiting.interest());
        }
        let soon = (!all).then(|| Instant::now() + HIDDEN);
        self.timer
            .rings_at(io.wake_at().into_iter().chain(soon).min());
    }
}

/// What is in the set of an exchange in flight.
///
/// It has to be taken out while its socket is still open. The kernel forgets a
/// closed socket by itself, but not one that a child of this process has too.
#[derive(Default)]
pub(super) struct Registered(Option<Set>);

impl Registered {
    /// False when the system has no room for it.
    fn show(&mut self, set: &Set, interest: Option<(BorrowedFd<'_>, PollFlags)>) -> bool {
        if self.0.is_none()
            && let Some((fd, flags)) = interest
        {
            self.0 = set.add(fd, flags).then(|| set.clone());
            return self.0.is_some();
        }
        true
    }

    /// Takes it out, before anything becomes of the socket.
    pub(super) fn hide(&mut self, interest: Option<(BorrowedFd<'_>, PollFlags)>) {
        if let (Some(set), Some((fd, _))) = (self.0.take(), interest) {
            set.remove(fd);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use rustix::event::{PollFlags, Timespec, epoll};
    use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create,
        timerfd_settime,
    };
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// Descriptors, of which one being ready makes this one readable.
    #[derive(Clone)]
    pub(super) struct Set(Arc<OwnedFd>);

    impl AsFd for Set {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    impl Set {
        pub(super) fn new() -> Option<Self> {
            let fd = epoll::create(epoll::CreateFlags::CLOEXEC).ok()?;
            Some(Self(Arc::new(fd)))
        }

        pub(super) fn add(&self, fd: impl AsFd, flags: PollFlags) -> bool {
            let mut events = epoll::EventFlags::empty();
            events.set(epoll::EventFlags::IN, flags.contains(PollFlags::IN));
            events.set(epoll::EventFlags::OUT, flags.contains(PollFlags::OUT));
            epoll::add(&self.0, fd, epoll::EventData::new_u64(0), events).is_ok()
        }

        pub(super) fn remove(&self, fd: impl AsFd) {
            // Only one that is there is removed.
            let _ = epoll::delete(&self.0, fd);
        }
    }

    /// Makes the set readable at a time.
    pub(super) struct Timer {
        fd: OwnedFd,
        at: Option<Instant>,
    }

    impl AsFd for Timer {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.fd.as_fd()
        }
    }

    impl Timer {
        pub(super) fn new() -> Option<Self> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags).ok()?;
            Some(Self { fd, at: None })
        }

        /// Times move on with every answer: one that is too early is left as
        /// it is, and set anew when it has come.
        pub(super) fn rings_at(&mut self, at: Option<Instant>) {
            let now = Instant::now();
            let set = match (self.at, at) {
                (None, None) => return,
                (Some(old), Some(new)) => old <= now || new < old,
                (Some(old), None) => old <= now,
                (None, Some(_)) => true,
            };
            if !set {
                return;
            }
            // Zero would stop it.
            let left = at.map(|at| at.saturating_duration_since(now));
            let left = left.map_or(Duration::ZERO, |l| l.max(Duration::from_nanos(1)));
            let zero = Timespec::default();
            let time = Itimerspec {
                it_interval: zero,
                it_value: Timespec::try_from(left).unwrap_or(zero),
            };
            if timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &time).is_ok() {
                self.at = at;
            }
        }
    }
}

/// Systems without epoll: there is no such descriptor.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use rustix::event::PollFlags;
    use rustix::fd::{AsFd, BorrowedFd};
    use std::time::Instant;

    #[derive(Clone)]
    pub enum Set {}
    pub enum Timer {}

    impl AsFd for Set {
        fn as_fd(&self) -> BorrowedFd<'_> {
            match *self {}
        }
    }

    impl AsFd for Timer {
        fn as_fd(&self) -> BorrowedFd<'_> {
            match *self {}
        }
    }

    impl Set {
        pub fn new() -> Option<Self> {
            None
        }

        pub fn add(&self, _: impl AsFd, _: PollFlags) -> bool {
            match *self {}
        }

        pub fn remove(&self, _: impl AsFd) {
            match *self {}
        }
    }

    impl Timer {
        pub fn new() -> Option<Self> {
            None
        }

        pub fn rings_at(&mut self, _: Option<Instant>) {
            match *self {}
        }
    }
}

use system::{Set, Timer};
