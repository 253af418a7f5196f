//! One exchange: connect, send the command, receive until the answer is whole.

use crate::errno::status_of;
use crate::net::{self, Attempts, Socket};
use ::kea::json::{self, Scanner};
use ::kea::{KeaError, Reply, http, usual_lease};
use omapi::status::Status;
use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long to wait before a server whose queue is full, or a kernel without
/// memory for more, is tried again.
const FULL: Duration = Duration::from_millis(1);

/// Largest piece that is received at once.
const PIECE: usize = 128 * 1024;

/// Most bytes of an answer that is read as a usual lease, complete or not.
const LEASE: usize = 4 * 1024;

/// Where pieces are received, for all commands of a connection: an answer that
/// is one piece is read from there.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    fn space(&mut self) -> &mut [u8] {
        self.0.resize(PIECE, 0);
        &mut self.0
    }
}

/// How an exchange goes on.
pub(super) enum Event {
    /// Poll again.
    Later,
    /// The answer, and the socket to keep.
    Answer(Reply, Option<Socket>),
}

/// See the module.
pub(super) struct Exchange {
    socket: Option<Socket>,
    /// The command. There may be passwords in it, or in front of it.
    out: Zeroizing<Vec<u8>>,
    /// A lease is wanted, and need not come as a tree.
    lease: bool,
    sent: usize,
    inside: Inside,
    /// Without progress, it has failed then.
    limit: Instant,
    patience: Duration,
    retry: Option<Instant>,
}

enum Inside {
    Unix {
        address: SocketAddrUnix,
        spare: Option<Socket>,
        scanner: Scanner,
        /// The pieces before the last.
        input: Vec<u8>,
    },
    Http {
        connecting: bool,
        /// A connection that was used before; the server may have closed it.
        reused: bool,
        repeatable: bool,
        attempts: Attempts,
        /// The address that was connected to, until it is asked for.
        connected: Option<SocketAddr>,
        response: Box<http::Response>,
        scanner: Scanner,
    },
}

impl Exchange {
    /// Starts a command over a UNIX socket.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(super) fn unix(
        address: &SocketAddrUnix,
        spare: Option<Socket>,
        command: Zeroizing<Vec<u8>>,
        lease: bool,
        patience: Duration,
    ) -> Result<Self, KeaError> {
        let mut exchange = Self::new(
            command,
            lease,
            patience,
            Inside::Unix {
                address: address.clone(),
                spare,
                scanner: Scanner::default(),
                input: Vec::new(),
            },
        );
        exchange.connect_unix()?;
        exchange.send()?;
        Ok(exchange)
    }

    /// Starts a command over HTTP, on a connection that is there or a new one.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(super) fn http(
        (request, response): (Zeroizing<Vec<u8>>, http::Response),
        idle: Option<Socket>,
        attempts: Attempts,
        repeatable: bool,
        lease: bool,
        patience: Duration,
    ) -> Result<Self, KeaError> {
        let reused = idle.is_some();
        let mut exchange = Self::new(
            request,
            lease,
            patience,
            Inside::Http {
                connecting: false,
                reused,
                repeatable,
                attempts,
                connected: None,
                response: Box::new(response),
                scanner: Scanner::default(),
            },
        );
        exchange.socket = idle;
        if !reused {
            exchange.connect_next(Status::HOST_UNKNOWN)?;
        }
        exchange.send()?;
        Ok(exchange)
    }

    fn new(out: Zeroizing<Vec<u8>>, lease: bool, patience: Duration, inside: Inside) -> Self {
        Self {
            socket: None,
            out,
            lease,
            sent: 0,
            inside,
            limit: Instant::now() + patience,
            patience,
            retry: None,
        }
    }

    /// What to poll for; nothing while only time must pass.
    pub(super) fn interest(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let socket = self.socket.as_ref()?;
        let connecting = matches!(
            self.inside,
            Inside::Http {
                connecting: true,
                ..
            }
        );
        // Without memory in the kernel, room for more says nothing.
        let waits = self.retry.is_some();
        let write = connecting || (self.sent < self.out.len() && !waits);
        Some((socket.as_fd(), net::interest(!connecting, write)))
    }

    /// When to look again without any event.
    pub(super) fn wake_at(&self) -> Instant {
        let others = [self.retry, self.connecting_until()];
        others.into_iter().flatten().fold(self.limit, Instant::min)
    }

    /// When the attempt to connect has to make room for the next address.
    fn connecting_until(&self) -> Option<Instant> {
        match &self.inside {
            Inside::Http {
                connecting: true,
                attempts,
                ..
            } => attempts.until(),
            _ => None,
        }
    }

    /// The address of a connection that was made since this was called last.
    pub(super) fn connected_to(&mut self) -> Option<SocketAddr> {
        match &mut self.inside {
            Inside::Http { connected, .. } => connected.take(),
            Inside::Unix { .. } => None,
        }
    }

    /// Over HTTP: starts to connect to the next address, because the one before
    /// ended with `last`.
    fn connect_next(&mut self, last: Status) -> Result<(), KeaError> {
        self.socket = None;
        if let Inside::Http {
            connecting,
            attempts,
            ..
        } = &mut self.inside
        {
            *connecting = false;
            self.socket = Some(attempts.start_next(last).map_err(|last| match last {
                Status::TIMED_OUT => no_answer(),
                last => last.into(),
            })?);
            *connecting = true;
        }
        Ok(())
    }

    fn connect_unix(&mut self) -> Result<(), KeaError> {
        let Inside::Unix { address, spare, .. } = &mut self.inside else {
            return Ok(());
        };
        let socket = match spare.take() {
            Some(socket) => socket,
            None => Socket::unix().map_err(unreachable)?,
        };
        match socket.connect_unix(address) {
            Ok(()) => {
                self.socket = Some(socket);
                self.retry = None;
                Ok(())
            }
            Err(Errno::AGAIN) => {
                *spare = Some(socket);
                self.retry = Some(Instant::now() + FULL);
                Ok(())
            }
            Err(e) => Err(unreachable(e)),
        }
    }

    fn send(&mut self) -> Result<(), KeaError> {
        let Some(socket) = &self.socket else {
            return Ok(());
        };
        if matches!(
            self.inside,
            Inside::Http {
                connecting: true,
                ..
            }
        ) {
            return Ok(());
        }
        while self.sent < self.out.len() {
            match socket.send(&self.out[self.sent..]) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    self.sent += n;
                    self.limit = Instant::now() + self.patience;
                }
                Err(Errno::NOBUFS | Errno::NOMEM) => {
                    self.retry = Some(Instant::now() + FULL);
                    return Ok(());
                }
                // What the server said before it closed is still to be read.
                Err(_) => self.sent = self.out.len(),
            }
        }
        Ok(())
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// No answer will come.
    pub(super) fn proceed(
        &mut self,
        ready: PollFlags,
        buffer: &mut Buffer,
    ) -> Result<Event, KeaError> {
        let now = Instant::now();
        if self.retry.is_some_and(|at| at <= now) {
            self.retry = None;
            if self.socket.is_none() {
                self.connect_unix()?;
            }
            self.send()?;
        }
        if ready.is_empty() {
            if self.connecting_until().is_some_and(|until| until <= now) {
                self.connect_next(Status::TIMED_OUT)?;
            } else if self.limit <= now {
                return Err(no_answer());
            }
            return Ok(Event::Later);
        }
        if let Inside::Http {
            connecting: connecting @ true,
            attempts,
            connected,
            ..
        } = &mut self.inside
        {
            if let Some(Err(e)) = self.socket.as_ref().map(Socket::finish_connect) {
                self.connect_next(status_of(e))?;
                return Ok(Event::Later);
            }
            *connecting = false;
            *connected = attempts.address();
        }
        self.send()?;
        if ready.intersects(!PollFlags::OUT) {
            return self.receive(buffer.space());
        }
        Ok(Event::Later)
    }

    fn receive(&mut self, space: &mut [u8]) -> Result<Event, KeaError> {
        let Some(socket) = &self.socket else {
            return Ok(Event::Later);
        };
        let received = socket.receive(space, false);
        if let Ok(None) = received {
            return Ok(Event::Later);
        }
        self.limit = Instant::now() + self.patience;
        match &mut self.inside {
            Inside::Unix { scanner, input, .. } => {
                let piece = match received {
                    Ok(Some(n)) if n > 0 => &space[..n],
                    _ => return Err(KeaError::Lost(Status::CONNECTION_RESET)),
                };
                // Grows only as bytes really arrive.
                let all = if input.is_empty() {
                    piece
                } else {
                    input.extend_from_slice(piece);
                    &input[..]
                };
                match answer(scanner, all, self.lease)? {
                    Some(reply) => Ok(Event::Answer(reply, self.socket.take())),
                    None => {
                        if input.is_empty() {
                            input.extend_from_slice(piece);
                        }
                        Ok(Event::Later)
                    }
                }
            }
            Inside::Http {
                reused,
                response,
                scanner,
                ..
            } => {
                let piece = match received {
                    Ok(Some(0)) => return self.closed(),
                    Ok(Some(n)) => &space[..n],
                    _ => return self.again(),
                };
                *reused = false;
                match response.take(piece)? {
                    None => {
                        // The next command acknowledges what was the last.
                        socket.quick_ack();
                        Ok(Event::Later)
                    }
                    Some((body, reusable)) => {
                        let reply = content(scanner, &body, self.lease)?;
                        Ok(Event::Answer(
                            reply,
                            self.socket.take().filter(|_| reusable),
                        ))
                    }
                }
            }
        }
    }

    /// The server closed: the end of an answer without a length, or no answer.
    fn closed(&mut self) -> Result<Event, KeaError> {
        if let Inside::Http {
            response, scanner, ..
        } = &mut self.inside
            && let Some(body) = response.closed()?
        {
            return Ok(Event::Answer(content(scanner, &body, self.lease)?, None));
        }
        self.again()
    }

    /// The server closed without an answer. A connection that it had kept may
    /// just have been idle for too long: then a command that changes nothing
    /// is sent once more.
    fn again(&mut self) -> Result<Event, KeaError> {
        match &mut self.inside {
            Inside::Http {
                reused: reused @ true,
                repeatable: true,
                attempts,
                ..
            } => {
                *reused = false;
                attempts.set_limit(Some(self.limit));
                self.sent = 0;
                self.connect_next(Status::CONNECTION_RESET)?;
                Ok(Event::Later)
            }
            _ => Err(KeaError::Lost(Status::CONNECTION_RESET)),
        }
    }
}

/// The answer in the content of a response.
fn content(scanner: &mut Scanner, body: &[u8], lease: bool) -> Result<Reply, KeaError> {
    answer(scanner, body, lease)?.ok_or(KeaError::Lost(Status::CONNECTION_RESET))
}

/// The answer at the start of `input`, if it is complete.
fn answer(scanner: &mut Scanner, input: &[u8], lease: bool) -> Result<Option<Reply>, KeaError> {
    if lease
        && input.len() <= LEASE
        && let Some(lease) = usual_lease(input)
    {
        return Ok(Some(Reply::of(lease)));
    }
    match scanner.scan(input)? {
        Some(length) => Ok(Some(Reply::new(json::parse(&input[..length])?)?)),
        None => Ok(None),
    }
}

/// A server that makes no progress.
fn no_answer() -> KeaError {
    KeaError::because(Status::TIMED_OUT, "no answer from Kea")
}

/// A server that is not there.
pub(super) fn unreachable(e: Errno) -> KeaError {
    match e {
        // The socket's file is gone: nobody listens.
        Errno::NOENT | Errno::NOTDIR => Status::CONNECTION_REFUSED.into(),
        Errno::NAMETOOLONG => Status::INVALID_ARGUMENT.into(),
        Errno::PERM => Status::NO_PERMISSION.into(),
        e => status_of(e).into(),
    }
}
