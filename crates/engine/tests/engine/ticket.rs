//! Tickets that count what happens to them.

use engine::{Connection, Destination, Phase, Waited};
use omapi::request::{Complete, Deferred, Operation, Outcome, Request};
use omapi::status::Status;
use omapi::wire::ValueList;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longer than any test should take: it tells a hang from work.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// An object whose values have so many bytes.
    Object(usize),
    Status(Status),
    Lost(Status),
}

/// What is known of one request.
#[derive(Default)]
pub(crate) struct Slot {
    completed: AtomicU32,
    followed: AtomicU32,
    got: Mutex<Option<Got>>,
    handle: AtomicU32,
}

impl Slot {
    /// How often it was completed.
    pub(crate) fn completed(&self) -> u32 {
        self.completed.load(Ordering::SeqCst)
    }

    /// How often its deferred work has run.
    pub(crate) fn followed(&self) -> u32 {
        self.followed.load(Ordering::SeqCst)
    }

    /// What waits for it are about.
    pub(crate) fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn got(&self) -> Option<Got> {
        *self.got.lock().unwrap()
    }

    /// The handle of the object that it ended with.
    pub(crate) fn handle(&self) -> u32 {
        self.handle.load(Ordering::SeqCst)
    }
}

/// Work of a test, to be done as a deferred work.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// The ticket.
pub(crate) struct Ticket {
    slot: Arc<Slot>,
    work: Option<Work>,
    key: usize,
    how: How,
}

/// What is special about a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum How {
    #[default]
    Plain,
    /// The request has not ended before the deferred work has run, as with
    /// handlers of a program.
    Later,
    /// The work is done while the request is being completed, as with a
    /// program's object that ends there.
    Inside,
    /// A defect.
    Panics,
}

impl Ticket {
    pub(crate) fn new(slot: &Arc<Slot>, work: Option<Work>, how: How) -> Self {
        Self {
            key: slot.key(),
            slot: Arc::clone(slot),
            work,
            how,
        }
    }
}

/// The deferred work.
pub(crate) struct After(Ticket);

impl Complete for Ticket {
    type Deferred = After;

    fn key(&self) -> usize {
        self.key
    }

    fn complete(mut self, outcome: Outcome<'_>) -> Option<After> {
        assert_ne!(self.how, How::Panics, "on purpose");
        if self.how == How::Inside
            && let Some(work) = self.work.take()
        {
            work();
        }
        if let Outcome::Object { handle, .. } = outcome {
            self.slot.handle.store(handle, Ordering::SeqCst);
        }
        *self.slot.got.lock().unwrap() = Some(match outcome {
            Outcome::Object { attributes, .. } => Got::Object(attributes.as_bytes().len()),
            Outcome::Status { code, .. } => Got::Status(code),
            Outcome::Lost(status) => Got::Lost(status),
        });
        if self.how != How::Later {
            // Last: a waiter that sees it looks at the rest.
            self.slot.completed.fetch_add(1, Ordering::SeqCst);
        }
        Some(After(self))
    }
}

impl Deferred for After {
    fn run(self) {
        self.0.slot.followed.fetch_add(1, Ordering::SeqCst);
        if let Some(work) = self.0.work {
            work();
        }
        if self.0.how == How::Later {
            self.0.slot.completed.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn completes(&self) -> bool {
        self.0.how == How::Later
    }
}

pub(crate) type Conn = Arc<dyn Connection<Ticket>>;

/// A connection that is ready.
pub(crate) fn connect(address: SocketAddr) -> Conn {
    let c =
        engine::connect(Destination::Omapi(vec![address]), 1, None, || {}).expect("a connection");
    assert_eq!(ready(&c, LONG), Waited::Done);
    c
}

/// Waits until it is ready.
pub(crate) fn ready(c: &Conn, limit: Duration) -> Waited {
    c.wait(Some(Instant::now() + limit), &mut |phase| {
        phase == Phase::Ready
    })
}

/// Queues a refresh.
pub(crate) fn ask(c: &Conn) -> Arc<Slot> {
    ask_with(c, &[], None)
}

/// Queues a refresh that carries these attributes, in wire form.
pub(crate) fn ask_with(c: &Conn, attributes: &[u8], work: Option<Work>) -> Arc<Slot> {
    try_ask(c, attributes, work).expect("the connection takes requests")
}

/// As [`ask_with`], where the connection may be over.
pub(crate) fn try_ask(
    c: &Conn,
    attributes: &[u8],
    work: Option<Work>,
) -> Result<Arc<Slot>, Status> {
    try_ask_as(c, attributes, work, How::Plain)
}

pub(crate) fn try_ask_as(
    c: &Conn,
    attributes: &[u8],
    work: Option<Work>,
    how: How,
) -> Result<Arc<Slot>, Status> {
    let slot = Arc::<Slot>::default();
    let ticket = Ticket::new(&slot, work, how);
    let request = Request {
        operation: Operation::Refresh,
        handle: 5,
        attributes: ValueList::from_bytes(attributes),
    };
    match c.submit(&request, ticket) {
        Ok(_) => Ok(slot),
        Err((status, _)) => Err(status),
    }
}

/// Waits until that request has ended.
pub(crate) fn finish(c: &Conn, slot: &Slot) -> Waited {
    c.wait_about(slot.key(), Some(Instant::now() + LONG), &mut |_| {
        slot.completed() > 0
    })
}

/// One value of that size, in wire form.
pub(crate) fn value_of(size: usize) -> Vec<u8> {
    attribute("fill", &vec![b'y'; size])
}

/// An attribute, in wire form.
pub(crate) fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + value.len() + 6);
    out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
    out.extend_from_slice(value);
    out
}

/// A sequence of numbers that looks random and is the same every time.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}
