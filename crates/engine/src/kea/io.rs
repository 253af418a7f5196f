//! What a connection to a Kea server has in the kernel: exchanges in flight,
//! sockets that are kept, locks.

use super::config_lock::Lock;
use super::exchange::{Buffer, Exchange, unreachable};
use super::pollable::Registered;
use crate::net::{self, Attempts, Socket};
use ::kea::http::Template;
use ::kea::{AT_ONCE, Effect, Endpoint, KeaError, Running, Target};
use omapi::request::Complete;
use omapi::status::Status;
use rustix::event::PollFlags;
use rustix::fd::BorrowedFd;
use rustix::net::SocketAddrUnix;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long to wait before a lock that is held elsewhere is tried again.
const LOCK_NAP: Duration = Duration::from_millis(5);

/// See the module.
pub(super) struct KeaIo<T: Complete> {
    /// What is in flight. A round takes from the front and puts back at the end.
    pub in_flight: VecDeque<InFlight<T>>,
    /// Keys of the tickets completed in this round.
    pub completed: Vec<usize>,
    /// For what arrives.
    pub buffer: Buffer,
    /// Requests that have ended. As the sockets that served, they are cleared
    /// away while the server works on the next command.
    pub ended: Vec<Running<T>>,
    /// Over HTTP: connections for the next command. Over a UNIX socket: those
    /// that served; see [`keep`](Self::keep).
    idle: Vec<Socket>,
    /// A new socket for the next command over a UNIX socket: made while the
    /// server works.
    spare: Option<Socket>,
    unix: Option<SocketAddrUnix>,
    /// Over HTTP: where the server may be; first where it was last.
    addresses: Vec<SocketAddr>,
    /// Until an address has worked: when the thread that connects gives up.
    limit: Option<Instant>,
    template: Option<Template>,
}

/// A running request with what it waits for.
pub(super) struct InFlight<T> {
    /// The request.
    pub running: Running<T>,
    /// What it waits for.
    pub waiting: Waiting,
    /// The lock, held until the request ends.
    pub lock: Option<Lock>,
    /// What the program's event loop sees of it.
    pub registered: Registered,
}

impl<T> InFlight<T> {
    /// Takes it out of the program's event loop.
    pub(super) fn hide(&mut self) {
        self.registered.hide(self.waiting.interest());
    }
}

/// What a request waits for.
pub(super) enum Waiting {
    /// An answer.
    Exchange(Box<Exchange>),
    /// A lock that is held elsewhere.
    Lock {
        /// When to try again.
        retry: Instant,
        /// When to give up.
        limit: Instant,
    },
    /// Time to pass.
    Sleep(Instant),
}

impl Waiting {
    /// What to poll for; nothing while only time must pass.
    pub(super) fn interest(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        match self {
            Self::Exchange(exchange) => exchange.interest(),
            Self::Lock { .. } | Self::Sleep(_) => None,
        }
    }

    /// When to look again without any event.
    pub(super) fn wake_at(&self) -> Instant {
        match self {
            Self::Exchange(exchange) => exchange.wake_at(),
            Self::Lock { retry, limit } => *retry.min(limit),
            Self::Sleep(until) => *until,
        }
    }
}

/// What beginning an effect led to.
pub(super) enum Started {
    /// It has to wait.
    Waits(Waiting),
    /// The lock was free.
    Locked(Lock),
}

impl<T: Complete> KeaIo<T> {
    /// Looks up the server's name, if it has one.
    ///
    /// # Errors
    /// `DHCP_R_HOSTUNKNOWN`.
    pub(super) fn new(target: &Target) -> Result<Self, Status> {
        let mut unix = None;
        let mut addresses = Vec::new();
        match &target.endpoint {
            Endpoint::Unix(path) => {
                let address = SocketAddrUnix::new(path);
                unix = Some(address.map_err(|e| unreachable(e).status())?);
            }
            Endpoint::Http { host, port, .. } => addresses = net::resolve(host, *port)?,
        }
        Ok(Self {
            in_flight: VecDeque::new(),
            completed: Vec::new(),
            buffer: Buffer::default(),
            ended: Vec::new(),
            idle: Vec::new(),
            spare: None,
            unix,
            addresses,
            limit: None,
            template: None,
        })
    }

    /// Puts others in the place of the server's addresses.
    #[cfg(test)]
    pub(super) fn set_addresses(&mut self, addresses: &[SocketAddr]) {
        self.addresses = addresses.to_vec();
    }

    /// The server's addresses, in the order in which the next command tries
    /// them.
    #[cfg(test)]
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Begins an effect.
    ///
    /// # Errors
    /// Why it failed at once.
    pub(super) fn begin(&mut self, target: &Target, effect: Effect) -> Result<Started, KeaError> {
        let patience = target.options.timeout;
        match (effect, &target.endpoint) {
            (Effect::Command { bytes, lease, .. }, Endpoint::Unix(_)) => {
                let address = self.unix.as_ref().ok_or(Status::INVALID_ARGUMENT)?;
                if self.spare.is_none() {
                    // Descriptors may be scarce: these are of no use any more.
                    self.idle.clear();
                }
                let spare = self.spare.take();
                let command = Zeroizing::new(bytes);
                let exchange = Exchange::unix(address, spare, command, lease, patience)?;
                self.idle.clear();
                self.ended.clear();
                self.spare = Socket::unix().ok();
                Ok(Started::Waits(Waiting::Exchange(Box::new(exchange))))
            }
            (
                Effect::Command {
                    bytes,
                    repeatable,
                    lease,
                },
                Endpoint::Http {
                    host,
                    port,
                    path,
                    authorization,
                },
            ) => {
                if self.template.is_none() {
                    let authority = if host.contains(':') {
                        format!("[{host}]:{port}")
                    } else {
                        format!("{host}:{port}")
                    };
                    let template = Template::new(&authority, path, authorization.as_ref())?;
                    self.template = Some(template);
                }
                let template = self.template.as_ref().ok_or(Status::INVALID_ARGUMENT)?;
                let request = template.request(&Zeroizing::new(bytes));
                let idle = self.usable();
                let now = Instant::now();
                let limit = self.limit.filter(|limit| *limit > now);
                let limit = limit.map_or(now + patience, |limit| limit.min(now + patience));
                let attempts = Attempts::new(self.addresses.clone(), Some(limit));
                let exchange =
                    Exchange::http(request, idle, attempts, repeatable, lease, patience)?;
                self.ended.clear();
                Ok(Started::Waits(Waiting::Exchange(Box::new(exchange))))
            }
            (Effect::Sleep(time), _) => Ok(Started::Waits(Waiting::Sleep(Instant::now() + time))),
            (Effect::Lock, _) => lock(target, Instant::now() + patience),
        }
    }

    /// The thread that connects gives up at `deadline`.
    pub(super) fn limit_connecting(&mut self, deadline: Option<Instant>) {
        self.limit = deadline;
    }

    /// The server was there: the next command is not to wait for addresses
    /// where it is not.
    pub(super) fn prefer(&mut self, address: SocketAddr) {
        self.limit = None;
        if let Some(at) = self.addresses.iter().position(|a| *a == address) {
            self.addresses[..=at].rotate_right(1);
        }
    }

    /// A kept connection on which nothing is to be received: neither the end,
    /// nor unsolicited bytes, which would pass for the next answer.
    fn usable(&mut self) -> Option<Socket> {
        while let Some(socket) = self.idle.pop() {
            if let Ok(None) = socket.receive(&mut [0; 1], false) {
                return Some(socket);
            }
        }
        None
    }

    /// Keeps a connection for the next command. One over a UNIX socket is done,
    /// but Kea closes it itself right behind the answer, and takes much longer
    /// to do so when we were faster: it is closed when the next has begun.
    pub(super) fn keep(&mut self, socket: Socket) {
        if self.idle.len() < AT_ONCE {
            self.idle.push(socket);
        }
    }

    /// Gives up what is in flight, the oldest first.
    pub(super) fn give_up(&mut self) -> Vec<T> {
        let mut in_flight: Vec<_> = std::mem::take(&mut self.in_flight).into();
        in_flight.sort_by_key(|f| f.running.id());
        in_flight
            .into_iter()
            .flat_map(|mut f| {
                f.hide();
                f.running.abandon()
            })
            .collect()
    }

    /// When to look again without any event.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.in_flight.iter().map(|f| f.waiting.wake_at()).min()
    }
}

/// Tries to take the lock, until `limit`.
///
/// # Errors
/// Why it cannot be taken, or `ISC_R_TIMEDOUT` after `limit`.
pub(super) fn lock(target: &Target, limit: Instant) -> Result<Started, KeaError> {
    if let Some(lock) = Lock::take(target)? {
        return Ok(Started::Locked(lock));
    }
    let now = Instant::now();
    if now >= limit {
        let why = "another client keeps changing the configuration";
        return Err(KeaError::because(Status::TIMED_OUT, why));
    }
    let retry = now + LOCK_NAP;
    Ok(Started::Waits(Waiting::Lock { retry, limit }))
}
