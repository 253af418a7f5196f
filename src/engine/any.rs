//! A connection to whatever server answers: the objects do not know which.

#[cfg(feature = "kea")]
use super::kea::{self, KeaConnection};
use super::{Connection, Credentials, Disconnect, Phase, Turn, Waited};
use crate::net::Socket;
#[cfg(feature = "kea")]
use ::kea::target::Target;
use omapi::request::{Complete, Request};
use omapi::status::Status;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::{AsFd, AsRawFd, RawFd};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// Where to connect to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A server that speaks OMAPI: its addresses, in the order in which to try
    /// them.
    Omapi(Vec<SocketAddr>),
    /// A Kea server.
    #[cfg(feature = "kea")]
    Kea(Target),
}

/// Calls the same method of whichever connection it is.
macro_rules! either {
    ($any:expr, $c:pat => $call:expr) => {
        match $any {
            AnyConnection::Omapi($c) => $call,
            #[cfg(feature = "kea")]
            AnyConnection::Kea($c) => $call,
        }
    };
}

/// A connection. See [`Connection`] for what the methods promise.
pub enum AnyConnection<T: Complete> {
    /// Over OMAPI.
    Omapi(Arc<Connection<T>>),
    /// To Kea.
    #[cfg(feature = "kea")]
    Kea(Arc<KeaConnection<T>>),
}

impl<T: Complete> AnyConnection<T> {
    /// Starts to connect. `first_id` is the id of the first message, for
    /// OMAPI, and so are `credentials`: who may use a Kea is a matter of its
    /// socket's file permissions or of HTTP. `on_close` runs once when the
    /// connection ends, with no lock held.
    ///
    /// # Errors
    /// Why no attempt can even be made.
    pub fn start(
        destination: Destination,
        first_id: u32,
        credentials: Option<Credentials>,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        Ok(Arc::new(match destination {
            Destination::Omapi(addresses) => Self::Omapi(Connection::start(
                addresses,
                first_id,
                credentials,
                on_close,
            )?),
            #[cfg(feature = "kea")]
            Destination::Kea(target) => Self::Kea(KeaConnection::start(target, on_close)?),
        }))
    }

    /// Number of the thread that used it last.
    pub fn last_user(&self) -> &AtomicU64 {
        either!(self, c => &c.last_user)
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        either!(self, c => c.phase())
    }

    /// The socket, if there is one for good.
    pub fn socket(&self) -> Option<Arc<Socket>> {
        match self {
            Self::Omapi(c) => c.socket(),
            #[cfg(feature = "kea")]
            Self::Kea(_) => None,
        }
    }

    /// The descriptor for a program's own event loop: the socket, or for Kea
    /// one that stands for all of them, made when it is asked for the first
    /// time. Readable when there is something to do.
    pub fn descriptor(&self) -> Option<RawFd> {
        match self {
            Self::Omapi(c) => c.socket().map(|s| s.as_fd().as_raw_fd()),
            #[cfg(feature = "kea")]
            Self::Kea(c) => c.descriptor(),
        }
    }

    /// True while another thread may be about to complete a request by running
    /// a program's handlers.
    pub fn is_completing(&self) -> bool {
        either!(self, c => c.is_completing())
    }

    /// True while requests are unanswered.
    pub fn is_busy(&self) -> bool {
        either!(self, c => c.is_busy())
    }

    /// True while something waits to be sent.
    pub fn has_sendable(&self) -> bool {
        either!(self, c => c.has_sendable())
    }

    /// Queues a request. Returns the id of the message, 0 without messages.
    ///
    /// # Errors
    /// Why it cannot be; the ticket comes back.
    pub fn submit(&self, request: &Request<'_>, ticket: T) -> Result<u32, (Status, T)> {
        either!(self, c => c.submit(request, ticket))
    }

    /// Sends what can be sent without blocking.
    pub fn flush(&self) {
        either!(self, c => c.flush());
    }

    /// Waits until `done` says so.
    pub fn wait(&self, deadline: Option<Instant>, done: impl FnMut(Phase) -> bool) -> Waited {
        either!(self, c => c.wait(deadline, done))
    }

    /// As [`wait`](Self::wait), for answers about `key` only.
    pub fn wait_about(
        &self,
        key: usize,
        deadline: Option<Instant>,
        done: impl FnMut(Phase) -> bool,
    ) -> Waited {
        either!(self, c => c.wait_about(key, deadline, done))
    }

    /// Takes the role of the one who serves, if it is free.
    pub fn turn(&self) -> Option<AnyTurn<'_, T>> {
        match self {
            Self::Omapi(c) => c.turn().map(AnyTurn::Omapi),
            #[cfg(feature = "kea")]
            Self::Kea(c) => c.turn().map(AnyTurn::Kea),
        }
    }

    /// Runs the callbacks of completions that were delivered.
    pub fn deliver(&self) {
        either!(self, c => c.deliver());
    }

    /// As [`deliver`](Self::deliver), also deep inside callbacks.
    pub fn deliver_all(&self) {
        either!(self, c => c.deliver_all());
    }

    /// Why it is over, once every request has been completed.
    pub fn over(&self) -> Option<Status> {
        either!(self, c => c.over())
    }

    /// Disconnects. [`deliver_all`](Self::deliver_all) must follow.
    pub fn disconnect(&self, how: Disconnect) -> bool {
        either!(self, c => c.disconnect(how))
    }

    /// True for a Kea.
    pub fn is_kea(&self) -> bool {
        !matches!(self, Self::Omapi(_))
    }
}

/// A turn as the one who serves.
pub enum AnyTurn<'c, T: Complete> {
    /// Over OMAPI: one descriptor.
    Omapi(Turn<'c, T>),
    /// To Kea: any number.
    #[cfg(feature = "kea")]
    Kea(kea::Turn<'c, T>),
}

impl<T: Complete> AnyTurn<'_, T> {
    /// Adds what to poll for; how many descriptors that are.
    pub fn register<'t>(&'t self, fds: &mut Vec<PollFd<'t>>) -> usize {
        let before = fds.len();
        match self {
            Self::Omapi(t) => fds.push(PollFd::from_borrowed_fd(t.fd(), t.interest())),
            #[cfg(feature = "kea")]
            Self::Kea(t) => t.register(fds),
        }
        fds.len() - before
    }

    /// When to call [`proceed`](Self::proceed) even if nothing is ready.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Omapi(_) => None,
            #[cfg(feature = "kea")]
            Self::Kea(t) => t.wake_at(),
        }
    }

    /// Waits and takes in what is there, at most until the deadline.
    pub fn take(self, deadline: Option<Instant>) {
        match self {
            Self::Omapi(t) => t.take(deadline),
            #[cfg(feature = "kea")]
            Self::Kea(t) => t.take(deadline),
        }
    }

    /// Does what a poll found ready, in the order of registration. True when
    /// anything was.
    pub fn proceed(&mut self, ready: &[PollFlags]) -> bool {
        match self {
            Self::Omapi(t) => {
                let flags = ready.first().copied().unwrap_or(PollFlags::empty());
                t.proceed(flags);
                !flags.is_empty()
            }
            #[cfg(feature = "kea")]
            Self::Kea(t) => t.proceed(ready),
        }
    }
}
