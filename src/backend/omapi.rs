//! OMAPI: requests to signed messages, messages to outcomes. No I/O, no locks.

use crate::auth::{Algorithm, Key};
use crate::request::{Operation, Outcome, Request};
use crate::status::Status;
use crate::wire::{
    Encoder, Frame, INTRODUCTION, Introduction, Limits, Scanner, Value, ValueList, WireError, op,
};
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

/// What is kept of the buffer when it runs empty.
const KEEP: usize = 64 * 1024;

/// What a connection authenticates with.
#[derive(Clone)]
pub struct Credentials {
    /// Name of the key.
    pub name: Vec<u8>,
    /// Full algorithm name, as it goes on the wire. An algorithm that we do
    /// not know is left to the server to refuse.
    pub algorithm: Vec<u8>,
    /// The key, when the algorithm is one that we know.
    pub key: Option<Arc<Key>>,
}

impl Credentials {
    /// Takes in the binary secret; no copy of it is kept.
    #[must_use]
    pub fn new(name: &[u8], algorithm: &[u8], secret: &[u8]) -> Self {
        Self {
            name: name.to_vec(),
            algorithm: algorithm.to_vec(),
            key: Algorithm::from_wire_name(algorithm).map(|a| Arc::new(Key::new(a, secret))),
        }
    }
}

/// The server's handle of our authenticator, with the key.
#[derive(Clone, Debug)]
pub struct Signer {
    authid: u32,
    key: Arc<Key>,
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
    /// Bytes not yet sent start at `out[out_at]`.
    out: Vec<u8>,
    out_at: usize,
    /// Stream position of `out[out_at]`, and of the end of what is released.
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
            out: Vec::new(),
            out_at: 0,
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
        self.out.extend_from_slice(&INTRODUCTION);
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
        .map(|()| self.next_id.wrapping_sub(1))
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
    ) -> Result<(), (WireError, Owner<T>)> {
        if self.next_id == 0 {
            // An answer to id 0 would look like a request: leave a hole.
            self.outstanding.push_back(None);
            self.next_id = 1;
        }
        let mut e = Encoder::begin(&mut self.out, code, handle, self.next_id, rid);
        if let Err(error) = body(&mut e) {
            return Err((error, owner));
        }
        match &self.signer {
            None => drop(e.finish(0, 0)),
            Some(s) => {
                let range = e.finish(s.authid, s.key.algorithm().len() as u32);
                s.key.append_signature(&mut self.out, range);
            }
        }
        let end = self.sent + (self.out.len() - self.out_at) as u64;
        self.outstanding.push_back(Some(Outstanding { owner, end }));
        self.next_id = self.next_id.wrapping_add(1);
        Ok(())
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
        &self.out[self.out_at..self.out_at + n]
    }

    /// Says that the first `n` sendable bytes are sent.
    pub fn sent(&mut self, n: usize) {
        self.sent += n as u64;
        self.out_at += n;
        if self.out_at == self.out.len() {
            self.out.clear();
            self.out_at = 0;
            self.out.shrink_to(KEEP);
        } else if self.out_at > KEEP && self.out_at > self.out.len() / 2 {
            self.out.drain(..self.out_at);
            self.out_at = 0;
        }
    }

    /// True while bytes are queued, whether the window allows them or not.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.out_at < self.out.len()
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
            self.outstanding.shrink_to(KEEP / 64);
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
        self.out = Vec::new();
        self.out_at = 0;
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

/// The receiving half: buffer, message boundaries, verification.
pub struct Reader {
    limits: Limits,
    /// `None` until the peer's introduction is here.
    scanner: Option<Scanner>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
    verifier: Option<Signer>,
}

/// What the buffer held next.
pub enum Received<'a> {
    /// The peer's introduction.
    Introduction,
    /// A message that may be believed: id, size in bytes, outcome.
    Answer(u32, usize, Outcome<'a>),
}

impl Reader {
    /// A reader at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            scanner: None,
            buf: Vec::new(),
            start: 0,
            end: 0,
            verifier: None,
        }
    }

    /// From now on answers must be signed.
    pub fn verify_with(&mut self, signer: Signer) {
        self.verifier = Some(signer);
    }

    /// Free space to receive into. It grows only as bytes really arrive: to
    /// twice what is there.
    pub fn space(&mut self) -> &mut [u8] {
        const FIRST: usize = 16 * 1024;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.buf.len() > KEEP {
                self.buf = Vec::new();
            }
        } else if self.start > 0 && self.buf.len() - self.end < FIRST / 4 {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buf.len() || self.buf.is_empty() {
            self.buf.resize((self.buf.len() * 2).max(FIRST), 0);
        }
        &mut self.buf[self.end..]
    }

    /// Says that `n` bytes were received into [`space`](Self::space).
    pub fn filled(&mut self, n: usize) {
        self.end += n;
    }

    /// The next complete thing in the buffer.
    ///
    /// # Errors
    /// The peer broke the protocol, a limit, or an answer is not signed as it
    /// must be. The connection is of no further use.
    pub fn receive(&mut self) -> Result<Option<Received<'_>>, Status> {
        let Some(scanner) = &mut self.scanner else {
            let bytes = &self.buf[self.start..self.end];
            return match Introduction::decode(bytes, &self.limits)? {
                None => Ok(None),
                Some(intro) => {
                    self.scanner = Some(Scanner::new(intro.header_size, self.limits));
                    self.start += Introduction::LEN;
                    Ok(Some(Received::Introduction))
                }
            };
        };
        let span = scanner
            .scan(&self.buf[self.start..self.end])
            .map_err(|_| Status::PROTOCOL_ERROR)?;
        let Some(span) = span else {
            return Ok(None);
        };
        let frame = Frame::new(&self.buf[self.start..self.end], span);
        self.start += span.len();
        let outcome = outcome(&frame)?;
        if !believable(self.verifier.as_ref(), &frame, &outcome) {
            return Err(Status::PROTOCOL_ERROR);
        }
        let outcome = match outcome {
            // Anybody could have written the text.
            Outcome::Status { code, .. }
                if self.verifier.is_some() && frame.header().authlen == 0 =>
            {
                Outcome::Status {
                    code,
                    message: None,
                }
            }
            other => other,
        };
        Ok(Some(Received::Answer(
            frame.header().rid,
            span.len(),
            outcome,
        )))
    }
}

/// What a message from the server says.
fn outcome<'a>(frame: &Frame<'a>) -> Result<Outcome<'a>, Status> {
    let values = frame.message_values();
    match frame.header().op {
        op::UPDATE => {
            let attributes: ValueList<'a> = frame.object_values();
            if attributes.is_empty() {
                // The genuine library's word for an object without content.
                return Ok(Outcome::Status {
                    code: Status::INVALID_ARGUMENT,
                    message: None,
                });
            }
            Ok(Outcome::Object {
                handle: frame.header().handle,
                attributes,
            })
        }
        op::STATUS => Ok(Outcome::Status {
            code: values.get_u32(b"result").map_or(Status::UNEXPECTED, Status),
            message: values.get(b"message").filter(|m| !m.is_empty()),
        }),
        _ => Err(Status::PROTOCOL_ERROR),
    }
}

/// On an authenticated connection a message counts only when it names our
/// authenticator, has a signature of the digest's length, and that verifies.
/// dhcpd sends exactly two errors unsigned; they are believed, as errors.
fn believable(verifier: Option<&Signer>, frame: &Frame<'_>, outcome: &Outcome<'_>) -> bool {
    let header = frame.header();
    let Some(signer) = verifier else {
        return header.authid == 0 && header.authlen == 0;
    };
    if header.authid == 0 && header.authlen == 0 {
        return matches!(
            outcome,
            Outcome::Status {
                code: Status::NO_KEYS | Status::INVALID_KEY,
                ..
            }
        );
    }
    header.authid == signer.authid && signer.key.verify(&frame.signed(), frame.signature())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// COMPATIBILITY.md, row 34: anybody could have written the text.
    #[test]
    fn an_unsigned_error_counts_without_its_text() {
        let mut message = Vec::new();
        let mut e = Encoder::begin(&mut message, op::STATUS, 0, 9, 7);
        e.value(b"result", Value::Int(Status::INVALID_KEY.0))
            .unwrap();
        e.value(b"message", Value::Bytes(b"forged")).unwrap();
        e.next_list();
        e.finish(0, 0);
        let mut reader = Reader::new(Limits::default());
        reader.verify_with(Signer {
            authid: 1,
            key: Arc::new(Key::new(Algorithm::Md5, b"secret")),
        });
        let bytes = [&INTRODUCTION[..], &message].concat();
        reader.space()[..bytes.len()].copy_from_slice(&bytes);
        reader.filled(bytes.len());
        assert!(matches!(reader.receive(), Ok(Some(Received::Introduction))));
        let answer = reader.receive();
        let Ok(Some(Received::Answer(7, _, Outcome::Status { code, message }))) = answer else {
            panic!("no answer");
        };
        assert_eq!((code, message), (Status::INVALID_KEY, None));
    }
}
