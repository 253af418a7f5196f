//! The sending half: requests to signed messages, and whose answer is whose.

use crate::auth::{Algorithm, SigningKey};
use crate::buffers::Outbox;
use crate::request::{Operation, Outcome, Request};
use crate::status::Status;
use crate::wire::{Encoder, INTRODUCTION, Value, WireError, op};
use std::collections::VecDeque;
use std::sync::Arc;

/// Most requests sent and not answered. dhcpd reaches its full speed at about
/// 64; where acknowledgements cannot be hurried, the answers to a window must
/// fit into one of dhcpd's 4047-byte writes, or each batch stalls for 40 ms.
const WINDOW: u64 = if cfg!(any(target_os = "linux", target_os = "android")) {
    128
} else {
    12
};

/// Bytes of answers that may be on their way on an authenticated connection.
/// dhcpd 4.4.3-P1 dies of a failed assertion (dst_api.c:353) when the end of
/// one of its 4047-byte writes falls into the signature of an answer, so all
/// answers to what is outstanding must fit into one write. A quarter is left
/// for answers larger than any before.
const SIGNED_BUDGET: u64 = 3000;

/// The least that an answer is reckoned with: more than twice a usual lease.
const USUAL_ANSWER: u64 = 750;

/// Requests of which the table's memory is kept when none is outstanding.
const KEEP: usize = 1024;

/// What a connection authenticates with.
#[derive(Clone)]
pub struct Credentials {
    /// Name of the key.
    pub name: Vec<u8>,
    /// Full algorithm name, as it goes on the wire. An algorithm that we do
    /// not know is left to the server to refuse.
    pub algorithm: Vec<u8>,
    /// The key, when the algorithm is one that we know.
    pub key: Option<Arc<SigningKey>>,
}

impl Credentials {
    /// Takes in the binary secret; no copy of it is kept.
    #[must_use]
    pub fn new(name: &[u8], algorithm: &[u8], secret: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            algorithm: algorithm.to_vec(),
            key: Algorithm::from_wire_name(algorithm).map(|a| Arc::new(SigningKey::new(a, secret))),
        }
    }
}

/// The server's handle of our authenticator, with the key.
#[derive(Clone, Debug)]
pub struct Signer {
    pub(super) authid: u32,
    pub(super) key: Arc<SigningKey>,
}

/// Whose answer an id is.
enum Owner<T> {
    /// The open of the authenticator, our own request.
    Authenticator,
    /// A program's.
    Ticket(T),
}

struct Outstanding<T> {
    owner: Owner<T>,
    /// Position behind the request in the stream of all bytes ever queued.
    end: u64,
}

/// An answer matched with its request.
pub enum Answered<T> {
    /// To the open of the authenticator.
    Authenticator,
    /// To a program's request.
    Ticket(T),
}

/// The sending half: ids, what is outstanding, bytes to send.
pub struct Session<T> {
    next_id: u32,
    /// By id: the front is `base_id`. Answered ones leave a hole until they
    /// reach the front.
    outstanding: VecDeque<Option<Outstanding<T>>>,
    base_id: u32,
    /// Requests released to the socket, and answered, since the start.
    released: u64,
    answered: u64,
    /// Index into `outstanding` of the first request not yet released.
    unreleased: usize,
    out: Outbox,
    /// Stream position of the first unsent byte, and of the end of what is
    /// released.
    sent: u64,
    released_end: u64,
    signer: Option<Signer>,
    credentials: Option<Credentials>,
    /// Bytes of the largest answer so far, or of a usual one.
    largest_answer: u64,
}

impl<T> Session<T> {
    /// A session whose first message has the id `first_id`.
    #[must_use]
    pub fn new(first_id: u32, credentials: Option<Credentials>) -> Self {
        Self {
            next_id: first_id,
            outstanding: VecDeque::new(),
            base_id: first_id,
            released: 0,
            answered: 0,
            unreleased: 0,
            out: Outbox::default(),
            sent: 0,
            released_end: 0,
            signer: None,
            credentials,
            largest_answer: USUAL_ANSWER,
        }
    }

    /// Queues the introduction and, with credentials, the open of the
    /// authenticator: both go out in one segment.
    ///
    /// # Errors
    /// A key name that cannot be sent.
    pub fn start(&mut self) -> Result<(), WireError> {
        self.out.end().extend_from_slice(&INTRODUCTION);
        self.released_end = INTRODUCTION.len() as u64;
        let Some(c) = self.credentials.clone() else {
            return Ok(());
        };
        self.enqueue(op::OPEN, 0, 0, Owner::Authenticator, |e| {
            e.value(b"type", Value::Bytes(b"authenticator"))?;
            e.next_list();
            e.value(b"name", Value::Bytes(&c.name))?;
            e.value(b"algorithm", Value::Bytes(&c.algorithm))
        })
        .map(drop)
        .map_err(|(e, _)| e)
    }

    /// Queues a request. Nothing is sent before [`sendable`](Self::sendable)
    /// is asked.
    ///
    /// Returns the id of its message.
    ///
    /// # Errors
    /// A value that cannot be encoded; the ticket comes back unused.
    pub fn submit(&mut self, request: &Request<'_>, ticket: T) -> Result<u32, (WireError, T)> {
        let (code, rid) = match request.operation {
            Operation::Open { .. } => (op::OPEN, 0),
            Operation::Update => (op::UPDATE, 0),
            // `Next` does not get here: the connection refuses it.
            Operation::Refresh | Operation::Next { .. } => (op::REFRESH, 0),
            Operation::Remove => (op::DELETE, 0),
            Operation::Message { op, rid, .. } => (op, rid),
        };
        self.enqueue(code, request.handle, rid, Owner::Ticket(ticket), |e| {
            match request.operation {
                Operation::Open { object_type, flags } => {
                    let mut result = Ok(());
                    Operation::open_values(object_type, flags, |name, value| {
                        if result.is_ok() {
                            result = e.value(name, value);
                        }
                    });
                    result?;
                }
                Operation::Message { values, .. } => e.values(values),
                _ => {}
            }
            e.next_list();
            e.values(request.attributes);
            Ok(())
        })
        .map_err(|(e, owner)| match owner {
            Owner::Ticket(t) => (e, t),
            Owner::Authenticator => unreachable!("submit passes a ticket"),
        })
    }

    fn enqueue(
        &mut self,
        code: u32,
        handle: u32,
        rid: u32,
        owner: Owner<T>,
        body: impl FnOnce(&mut Encoder<'_>) -> Result<(), WireError>,
    ) -> Result<u32, (WireError, Owner<T>)> {
        // An answer to id 0 would look like a request.
        let id = self.next_id.max(1);
        let mut e = Encoder::begin(self.out.end(), code, handle, id, rid);
        if let Err(error) = body(&mut e) {
            return Err((error, owner));
        }
        match &self.signer {
            None => drop(e.finish(0, 0)),
            Some(s) => {
                let range = e.finish(s.authid, s.key.algorithm().len() as u32);
                s.key.append_signature(self.out.end(), range);
            }
        }
        let end = self.sent + self.out.unsent().len() as u64;
        if self.next_id == 0 {
            // The hole that id 0 leaves.
            self.outstanding.push_back(None);
        }
        self.outstanding.push_back(Some(Outstanding { owner, end }));
        self.next_id = id.wrapping_add(1);
        Ok(id)
    }

    /// The bytes that may be sent now: what is queued, up to the window, or
    /// all of it when `drain` (but signed requests only as far as is good for
    /// dhcpd).
    pub fn sendable(&mut self, drain: bool) -> &[u8] {
        let window = match self.signer {
            Some(_) => (SIGNED_BUDGET / self.largest_answer).clamp(1, WINDOW),
            None if drain => u64::MAX,
            None => WINDOW,
        };
        while self.unreleased < self.outstanding.len() && self.released - self.answered < window {
            if let Some(o) = &self.outstanding[self.unreleased] {
                self.released_end = o.end;
                self.released += 1;
            }
            self.unreleased += 1;
        }
        let n = usize::try_from(self.released_end - self.sent).unwrap_or(usize::MAX);
        &self.out.unsent()[..n]
    }

    /// Says that the first `n` sendable bytes are sent.
    pub fn sent(&mut self, n: usize) {
        self.sent += n as u64;
        self.out.sent(n);
    }

    /// True while bytes are queued, whether the window allows them or not.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        !self.out.unsent().is_empty()
    }

    /// True while requests are unanswered.
    #[must_use]
    pub fn has_outstanding(&self) -> bool {
        !self.outstanding.is_empty()
    }

    /// True while requests are sent and not answered.
    #[must_use]
    pub fn awaits_answers(&self) -> bool {
        self.released > self.answered
    }

    /// The owner of the request with that id, once; `None` when no such
    /// request was sent. `size` is that of the answer in bytes.
    pub fn answered(&mut self, rid: u32, size: usize) -> Option<Answered<T>> {
        let index = rid.wrapping_sub(self.base_id) as usize;
        if index >= self.unreleased {
            return None;
        }
        let found = self.outstanding.get_mut(index)?.take()?;
        self.answered += 1;
        self.largest_answer = self.largest_answer.max(size as u64);
        while let Some(None) = self.outstanding.front() {
            if self.unreleased == 0 {
                break;
            }
            self.outstanding.pop_front();
            self.base_id = self.base_id.wrapping_add(1);
            self.unreleased -= 1;
        }
        if self.outstanding.is_empty() {
            self.outstanding.shrink_to(KEEP);
        }
        Some(match found.owner {
            Owner::Authenticator => Answered::Authenticator,
            Owner::Ticket(t) => Answered::Ticket(t),
        })
    }

    /// Takes the answer to the authenticator's open: from now on requests are
    /// signed. Returns what the reader verifies with.
    ///
    /// # Errors
    /// The server's code; or `DHCP_R_PROTOCOLERROR` for an answer that would
    /// leave the connection unauthenticated while claiming success.
    pub fn authenticated(&mut self, outcome: &Outcome<'_>) -> Result<Signer, Status> {
        let authid = match *outcome {
            Outcome::Object { handle, .. } if handle != 0 => handle,
            Outcome::Status { code, .. } if !code.is_success() => return Err(code),
            _ => return Err(Status::PROTOCOL_ERROR),
        };
        let key = self.credentials.take().and_then(|c| c.key);
        let signer = Signer {
            authid,
            key: key.ok_or(Status::INVALID_KEY)?,
        };
        self.signer = Some(signer.clone());
        Ok(signer)
    }

    /// True until the authenticator's open is answered.
    #[must_use]
    pub fn is_authenticating(&self) -> bool {
        self.credentials.is_some()
    }

    /// Gives up: the tickets of all requests without answer, in order.
    pub fn abandon(&mut self) -> Vec<T> {
        self.out = Outbox::default();
        self.sent = 0;
        self.released_end = 0;
        self.unreleased = 0;
        core::mem::take(&mut self.outstanding)
            .into_iter()
            .flatten()
            .filter_map(|o| match o.owner {
                Owner::Ticket(t) => Some(t),
                Owner::Authenticator => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
