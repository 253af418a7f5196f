//! One client: its messages, its keys, what it is answered.

use super::keyring::Keyring;
use super::open::{OpenValues, Opening, given, opening};
use super::reply::{Answers, Asker, Reply, Token};
use crate::auth::Algorithm;
use crate::buffers::{Inbox, Item};
use crate::refusals::{self, Refusal};
use crate::request::{Operation, Outcome, Request, flags};
use crate::status::Status;
use crate::wire::{Frame, INTRODUCTION, Limits, ValueList, op};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a server is told about its clients, the same for all.
#[derive(Debug)]
pub struct Config {
    /// What a client may send.
    pub limits: Limits,
    /// The keys.
    pub keyring: Keyring,
    /// Bytes of unsent answers at which no further request is taken up. A
    /// session holds at most that much, and one answer for each request that
    /// its store has.
    pub unsent: usize,
    /// Most requests that a store has and did not answer, at least 1.
    pub outstanding: usize,
}

impl Default for Config {
    /// No keys, the usual limits, 64 KiB unsent, 64 requests outstanding.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            keyring: Keyring::default(),
            unsent: 64 * 1024,
            outstanding: 64,
        }
    }
}

/// Where the objects are.
pub trait Store {
    /// Whether objects of that type can be named in an open; an open of any
    /// other type is one without a type. Not asked about authenticators.
    fn has_type(&self, name: &[u8]) -> bool;

    /// A handle that never was and never will be an object's, for a key; `None`
    /// when the request with that id gets none (its client can then not sign).
    fn new_handle(&mut self, id: u32) -> Option<u32>;

    /// Serves a request: an [`Open`](Operation::Open) of a type that the store
    /// has, an [`Update`](Operation::Update), a [`Refresh`](Operation::Refresh)
    /// or a [`Remove`](Operation::Remove). Answers, or keeps
    /// [`reply.later()`](Reply::later).
    ///
    /// Of attributes with the same name the last one counts.
    fn submit(&mut self, request: &Request<'_>, reply: Reply<'_>);
}

/// Why a session is over: nothing more will be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client broke the protocol or passed a limit.
    Violation,
    /// The store [hung up](Reply::hang_up).
    HungUp,
}

/// One client of a server.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    inbox: Inbox,
    answers: Answers,
    /// Places of the keys that this client has opened.
    opened: BTreeSet<usize>,
}

impl Session {
    /// A session whose first message has the id `first_id`. The introduction is
    /// sendable at once: a server need not wait for the client's.
    #[must_use]
    pub fn new(config: Arc<Config>, first_id: u32) -> Self {
        let mut answers = Answers::new(first_id);
        answers.out.end().extend_from_slice(&INTRODUCTION);
        Self {
            inbox: Inbox::new(config.limits),
            answers,
            opened: BTreeSet::new(),
            config,
        }
    }

    /// Free space to receive into. It grows only as bytes really arrive: to
    /// twice what is there. Receive only while the session
    /// [wants input](Self::wants_input).
    pub fn space(&mut self) -> &mut [u8] {
        self.inbox.space()
    }

    /// Says that `n` bytes were received into [`space`](Self::space).
    pub fn filled(&mut self, n: usize) {
        self.inbox.filled(n);
    }

    /// Serves the requests that were received, as far as the bounds of the
    /// [`Config`] allow. To be called when bytes were received, when bytes were
    /// sent, and when a request was answered.
    ///
    /// # Errors
    /// The session is over. What is [sendable](Self::sendable) should still be
    /// sent; then the connection is to be closed.
    pub fn serve(&mut self, store: &mut impl Store) -> Result<(), End> {
        loop {
            if let Some(end) = self.answers.ended {
                return Err(end);
            }
            if !self.wants_input() {
                return Ok(());
            }
            match self.inbox.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Item::Introduction)) => {}
                Ok(Some(Item::Message(frame, _))) => {
                    let mut exchange = Serving {
                        keyring: &self.config.keyring,
                        answers: &mut self.answers,
                        opened: &mut self.opened,
                        store,
                    };
                    if let Err(end) = exchange.message(&frame) {
                        self.answers.ended = Some(end);
                    }
                }
                Err(_) => self.answers.ended = Some(End::Violation),
            }
        }
    }

    /// False while answers have to be sent, or requests to be answered, before
    /// the next request is served.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.answers.ended.is_none()
            && self.answers.out.unsent().len() < self.config.unsent
            && self.answers.outstanding < self.config.outstanding.max(1)
    }

    /// Answers a request that the store has kept. Of a session that is over
    /// nobody hears any more, so that nothing happens then.
    pub fn answer(&mut self, token: Token, outcome: Outcome<'_>) {
        let Token(asker) = token;
        self.answers.answer(&self.config.keyring, asker, outcome);
    }

    /// True while the store has requests that it did not answer.
    #[must_use]
    pub fn has_outstanding(&self) -> bool {
        self.answers.outstanding > 0
    }

    /// The bytes to send.
    #[must_use]
    pub fn sendable(&self) -> &[u8] {
        self.answers.out.unsent()
    }

    /// Says that the first `n` sendable bytes are sent.
    pub fn sent(&mut self, n: usize) {
        self.answers.out.sent(n);
    }
}

/// What one message is served with.
struct Serving<'a, S> {
    keyring: &'a Keyring,
    answers: &'a mut Answers,
    opened: &'a mut BTreeSet<usize>,
    store: &'a mut S,
}

impl<S: Store> Serving<'_, S> {
    fn message(&mut self, frame: &Frame<'_>) -> Result<(), End> {
        let header = frame.header();
        let mut asker = Asker {
            id: header.id,
            signer: None,
        };
        if header.authid != 0 {
            // A handle that was not opened on this connection ends it.
            let is_it = |at: &&usize| self.keyring.entry(**at).handle() == header.authid;
            let at = *self.opened.iter().find(is_it).ok_or(End::Violation)?;
            let key = &self.keyring.entry(at).key;
            if !key.verify(&frame.signed(), frame.signature()) {
                self.refuse(asker, (Status::INVALID_KEY, ""));
                return Ok(());
            }
            asker.signer = Some(at);
        }
        if header.rid != 0 {
            // An answer to nothing that we asked.
            return Err(End::Violation);
        }
        let open = (header.op == op::OPEN).then(|| OpenValues::read(frame.message_values()));
        let opens_key = |open: &OpenValues<'_>| open.object_type == Some(b"authenticator");
        let opens_key = open.as_ref().is_some_and(opens_key);
        if self.keyring.is_required() && asker.signer.is_none() && !opens_key {
            self.refuse(asker, (Status::NO_KEYS, refusals::NO_AUTHENTICATOR));
            return Ok(());
        }
        let attributes = frame.object_values();
        match (header.op, &open) {
            (op::OPEN, Some(open)) => match open.flags() {
                Err(refusal) => self.refuse(asker, refusal),
                Ok(open_flags) if opens_key => {
                    self.open_key(asker, open_flags, attributes);
                }
                Ok(open_flags) => self.open(asker, open, open_flags, header.handle, attributes),
            },
            (op::REFRESH, _) => self.object(asker, Operation::Refresh, header.handle, attributes),
            (op::UPDATE, _) => self.object(asker, Operation::Update, header.handle, attributes),
            (op::DELETE, _) => self.object(asker, Operation::Remove, header.handle, attributes),
            (op::NOTIFY, _) => {
                self.refuse(asker, (Status::NOT_IMPLEMENTED, refusals::NO_NOTIFY));
            }
            // Answers, and operations that nobody knows.
            _ => return Err(End::Violation),
        }
        Ok(())
    }

    fn refuse(&mut self, asker: Asker, refusal: Refusal) {
        self.answers.refuse(self.keyring, asker, refusal);
    }

    fn submit(&mut self, asker: Asker, request: &Request<'_>) {
        let reply = Reply::new(self.answers, self.keyring, asker);
        self.store.submit(request, reply);
    }

    /// Opens an object of the store's.
    fn open(
        &mut self,
        asker: Asker,
        open: &OpenValues<'_>,
        open_flags: u32,
        handle: u32,
        attributes: ValueList<'_>,
    ) {
        match open.object_type {
            Some(name) if self.store.has_type(name) => {
                let operation = Operation::Open {
                    object_type: Some(name),
                    flags: open_flags,
                };
                let request = Request {
                    operation,
                    handle,
                    attributes,
                };
                self.submit(asker, &request);
            }
            _ if open_flags & flags::CREATE != 0 => {
                self.refuse(asker, (Status::INVALID_ARGUMENT, refusals::TYPE_REQUIRED));
            }
            // Then it is about the handle, as a refresh is.
            _ => self.object(asker, Operation::Refresh, handle, attributes),
        }
    }

    /// An operation on the object with that handle.
    fn object(
        &mut self,
        asker: Asker,
        operation: Operation<'_>,
        handle: u32,
        attributes: ValueList<'_>,
    ) {
        let Some(at) = self.keyring.by_handle(handle) else {
            let request = Request {
                operation,
                handle,
                attributes,
            };
            self.submit(asker, &request);
            return;
        };
        match operation {
            Operation::Update => {
                let refusal = (Status::SUCCESS, refusals::CANNOT_UPDATE_AUTHENTICATOR);
                self.refuse(asker, refusal);
            }
            Operation::Remove => {
                let refusal = (Status::NOT_IMPLEMENTED, refusals::NO_REMOVE_METHOD);
                self.refuse(asker, refusal);
            }
            _ => self.answers.authenticator(self.keyring, asker, at),
        }
    }

    /// Opens a key: from now on this client may sign with it.
    fn open_key(&mut self, asker: Asker, open_flags: u32, attributes: ValueList<'_>) {
        match self.find_key(open_flags, attributes) {
            Err(refusal) => self.refuse(asker, refusal),
            Ok(at) => {
                let new = || self.store.new_handle(asker.id);
                let handle = self.keyring.entry(at).handle_or(new);
                self.answers.authenticator(self.keyring, asker, at);
                if handle != 0 {
                    self.opened.insert(at);
                }
            }
        }
    }

    fn find_key(&self, open_flags: u32, attributes: ValueList<'_>) -> Result<usize, Refusal> {
        let found = if attributes.is_empty() {
            Ok(None)
        } else {
            let name = given(attributes, b"name");
            let algorithm = given(attributes, b"algorithm").and_then(Algorithm::from_wire_name);
            let at = name.zip(algorithm);
            let at = at.and_then(|(name, algorithm)| self.keyring.find(name, algorithm));
            at.map(Some).ok_or(Status::NOT_FOUND)
        };
        match opening(found, open_flags, false)? {
            Opening::Answer(at) if self.keyring.is_selected(at) => Ok(at),
            Opening::Answer(_) => {
                let text = refusals::CANNOT_SELECT_AUTHENTICATOR;
                Err((Status::INVALID_KEY, text))
            }
            // dhcpd's word for it: success, and yet a text.
            _ => Err((Status::SUCCESS, refusals::CANNOT_UPDATE)),
        }
    }
}
