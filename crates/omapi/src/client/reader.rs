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
    use crate::auth::{Algorithm, SigningKey};
    use crate::wire::{Encoder, INTRODUCTION, Value};
    use std::sync::Arc;

    fn signer() -> Signer {
        Signer {
            authid: 1,
            key: Arc::new(SigningKey::new(Algorithm::Md5, b"secret")),
        }
    }

    /// A message with a result, or an object if there is none.
    fn message(op: u32, authid: u32, result: Option<Status>, key: Option<&SigningKey>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut e = Encoder::begin(&mut out, op, 4, 9, 7);
        if let Some(Status(code)) = result {
            e.value(b"result", Value::Int(code)).unwrap();
            e.value(b"message", Value::Bytes(b"words")).unwrap();
        }
        e.next_list();
        if result.is_none() {
            e.value(b"name", Value::Bytes(b"x")).unwrap();
        }
        let range = e.finish(authid, key.map_or(0, |key| key.algorithm().len() as u32));
        if let Some(key) = key {
            key.append_signature(&mut out, range);
        }
        out
    }

    /// What comes of these bytes behind an introduction.
    fn receive(verifier: Option<Signer>, bytes: &[u8]) -> Result<String, Status> {
        let mut reader = Reader::new(Limits::default());
        if let Some(signer) = verifier {
            reader.verify_with(signer);
        }
        let all = [&INTRODUCTION[..], bytes].concat();
        reader.space()[..all.len()].copy_from_slice(&all);
        reader.filled(all.len());
        assert!(matches!(reader.receive(), Ok(Some(Received::Introduction))));
        match reader.receive()? {
            Some(Received::Answer(7, size, outcome)) => {
                assert_eq!(size, bytes.len());
                Ok(match outcome {
                    Outcome::Object { handle, .. } => format!("object {handle}"),
                    Outcome::Status { code, message } => {
                        let message = message.map(<[u8]>::escape_ascii);
                        format!(
                            "{} {}",
                            code.0,
                            message.map_or("-".into(), |m| m.to_string())
                        )
                    }
                    Outcome::Lost(_) => panic!("lost"),
                })
            }
            _ => panic!("no answer"),
        }
    }

    #[test]
    fn messages_without_a_key() {
        let broken = Err(Status::PROTOCOL_ERROR);
        let found = Some(Status::NOT_FOUND);
        let key = signer().key;
        for (message, expected) in [
            (message(op::UPDATE, 0, None, None), Ok("object 4".into())),
            (message(op::UPDATE, 0, found, None), Ok("393219 -".into())),
            (message(op::STATUS, 0, found, None), Ok("23 words".into())),
            (message(op::STATUS, 0, None, None), Ok("34 -".into())),
            (message(op::OPEN, 0, None, None), broken.clone()),
            (message(op::REFRESH, 0, None, None), broken.clone()),
            (message(9, 0, found, None), broken.clone()),
            // Nothing can have signed it, or claimed to.
            (message(op::UPDATE, 1, None, None), broken.clone()),
            (message(op::UPDATE, 1, None, Some(&key)), broken.clone()),
            (message(op::UPDATE, 0, None, Some(&key)), broken),
        ] {
            assert_eq!(receive(None, &message), expected);
        }
        let mut empty = message(op::STATUS, 0, found, None);
        let text = empty.windows(5).position(|w| w == b"words").unwrap();
        empty.drain(text..text + 5);
        empty[text - 1] = 0;
        assert_eq!(receive(None, &empty), Ok("23 -".into()));
    }

    #[test]
    fn only_two_errors_are_believed_without_a_signature() {
        let key = signer().key;
        let other = SigningKey::new(Algorithm::Md5, b"other");
        let broken = Err(Status::PROTOCOL_ERROR);
        let found = Some(Status::NOT_FOUND);
        for (message, expected) in [
            (
                message(op::UPDATE, 1, None, Some(&key)),
                Ok("object 4".into()),
            ),
            (
                message(op::STATUS, 1, found, Some(&key)),
                Ok("23 words".into()),
            ),
            (message(op::UPDATE, 1, None, Some(&other)), broken.clone()),
            (message(op::UPDATE, 2, None, Some(&key)), broken.clone()),
            (message(op::UPDATE, 0, None, Some(&key)), broken.clone()),
            (message(op::UPDATE, 1, None, None), broken.clone()),
            (message(op::UPDATE, 0, None, None), broken.clone()),
            (message(op::STATUS, 0, found, None), broken.clone()),
            (
                message(op::STATUS, 0, Some(Status::SUCCESS), None),
                broken.clone(),
            ),
            (message(op::STATUS, 1, Some(Status::NO_KEYS), None), broken),
            // Anybody could have written the text (COMPATIBILITY.md, row 34).
            (
                message(op::STATUS, 0, Some(Status::NO_KEYS), None),
                Ok("393225 -".into()),
            ),
            (
                message(op::STATUS, 0, Some(Status::INVALID_KEY), None),
                Ok("393227 -".into()),
            ),
        ] {
            assert_eq!(receive(Some(signer()), &message), expected);
        }
    }

    #[test]
    fn what_a_program_sees_of_a_server_that_breaks_the_protocol() {
        for (intro, expected) in [
            ([0, 0, 0, 99, 0, 0, 0, 24], Status::VERSION_MISMATCH),
            ([0, 0, 0, 100, 0, 0, 0, 20], Status::PROTOCOL_ERROR),
        ] {
            let mut reader = Reader::new(Limits::default());
            reader.space()[..8].copy_from_slice(&intro);
            reader.filled(7);
            assert!(matches!(reader.receive(), Ok(None)));
            reader.filled(1);
            assert_eq!(reader.receive().err(), Some(expected));
        }
        // A length beyond the limits is no argument of the program's.
        let mut long = message(op::UPDATE, 0, None, None);
        let at = long.len() - 7;
        assert_eq!(long[at..at + 4], [0, 0, 0, 1]);
        long[at] = 0xff;
        assert_eq!(receive(None, &long), Err(Status::PROTOCOL_ERROR));
    }
}
