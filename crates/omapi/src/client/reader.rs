//! The receiving half: bytes to answers that may be believed.

use super::Signer;
use crate::buffers::{Inbox, Item};
use crate::request::Outcome;
use crate::status::Status;
use crate::wire::{Frame, Limits, ValueList, WireError, op};

/// The receiving half: buffer, message boundaries, verification.
pub struct Reader {
    inbox: Inbox,
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
            inbox: Inbox::new(limits),
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
        self.inbox.space()
    }

    /// Says that `n` bytes were received into [`space`](Self::space).
    pub fn filled(&mut self, n: usize) {
        self.inbox.filled(n);
    }

    /// The next complete thing in the buffer.
    ///
    /// # Errors
    /// The peer broke the protocol, a limit, or an answer is not signed as it
    /// must be. The connection is of no further use.
    pub fn receive(&mut self) -> Result<Option<Received<'_>>, Status> {
        let (frame, size) = match self.inbox.next().map_err(broken)? {
            None => return Ok(None),
            Some(Item::Introduction) => return Ok(Some(Received::Introduction)),
            Some(Item::Message(frame, size)) => (frame, size),
        };
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
        Ok(Some(Received::Answer(frame.header().rid, size, outcome)))
    }
}

/// What a program may see of it: a limit that the server passed is no argument
/// of the program's.
fn broken(error: WireError) -> Status {
    match error {
        WireError::Version(_) => error.into(),
        _ => Status::PROTOCOL_ERROR,
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
    use crate::auth::{Algorithm, Key};
    use crate::wire::{Encoder, INTRODUCTION, Value};
    use std::sync::Arc;

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
