//! Answers: whose, and as bytes.

use super::keyring::Keyring;
use super::session::End;
use crate::auth::complete_name;
use crate::buffers::Outbox;
use crate::refusals::Refusal;
use crate::request::Outcome;
use crate::status::Status;
use crate::wire::{Encoder, Value, ValueList, op};

/// Which request an answer belongs to. It is good for one answer, by the session
/// that gave it.
#[derive(Debug, PartialEq, Eq)]
pub struct Token(pub(super) Asker);

/// What a request's answer needs of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asker {
    /// The id of the message.
    pub(super) id: u32,
    /// The place in the keyring of the key that signed the request and signs
    /// the answer.
    pub(super) signer: Option<usize>,
}

/// Takes the answer to one request. It has to be used: a request that is neither
/// answered nor kept for later counts as outstanding for ever.
#[derive(Debug)]
pub struct Reply<'a> {
    answers: &'a mut Answers,
    keyring: &'a Keyring,
    asker: Asker,
}

impl<'a> Reply<'a> {
    pub(super) fn new(answers: &'a mut Answers, keyring: &'a Keyring, asker: Asker) -> Self {
        answers.outstanding += 1;
        Self {
            answers,
            keyring,
            asker,
        }
    }

    /// The id that the client gave the request: any number, 0 too, and not
    /// always another one than before.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.asker.id
    }

    /// Answers now.
    pub fn answer(self, outcome: Outcome<'_>) {
        self.answers.answer(self.keyring, self.asker, outcome);
    }

    /// The request will be answered later, by
    /// [`Session::answer`](super::Session::answer).
    #[must_use]
    pub fn later(self) -> Token {
        Token(self.asker)
    }

    /// Ends the session, without an answer to this and all other requests.
    /// What was answered before can still be sent.
    pub fn hang_up(self) {
        self.answers.ended = Some(End::HungUp);
    }
}

/// The sending half of a session.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) out: Outbox,
    next_id: u32,
    /// Requests that the store has and did not answer.
    pub(super) outstanding: usize,
    /// Why there will be no more answers.
    pub(super) ended: Option<End>,
}

impl Answers {
    pub(super) fn new(first_id: u32) -> Self {
        Self {
            out: Outbox::default(),
            next_id: first_id,
            outstanding: 0,
            ended: None,
        }
    }

    /// The answer of the store.
    pub(super) fn answer(&mut self, keyring: &Keyring, asker: Asker, outcome: Outcome<'_>) {
        if self.ended.is_some() {
            return;
        }
        self.outstanding = self.outstanding.saturating_sub(1);
        match outcome {
            Outcome::Object { handle, attributes } => {
                self.object(keyring, asker, handle, attributes);
            }
            Outcome::Status { code, message } => {
                self.status(keyring, asker, code, message.unwrap_or_default());
            }
            Outcome::Lost(code) => self.status(keyring, asker, code, b""),
        }
    }

    /// An answer of the session's own.
    pub(super) fn refuse(&mut self, keyring: &Keyring, asker: Asker, (code, text): Refusal) {
        self.status(keyring, asker, code, text.as_bytes());
    }

    /// Shows a key as an object.
    pub(super) fn authenticator(&mut self, keyring: &Keyring, asker: Asker, at: usize) {
        let entry = keyring.entry(at);
        let algorithm = complete_name(entry.key.algorithm().name().as_bytes());
        let mut list = Vec::new();
        for (name, value) in [(&b"name"[..], &entry.name), (b"algorithm", &algorithm)] {
            // It fails for names and values that are too long: not for these
            // names, and a value of 4 GiB was not read from any configuration.
            let _ = Encoder::put(&mut list, name, Value::Bytes(value));
        }
        let attributes = ValueList::from_bytes(&list);
        self.object(keyring, asker, entry.handle(), attributes);
    }

    fn object(&mut self, keyring: &Keyring, asker: Asker, handle: u32, attributes: ValueList<'_>) {
        self.message(keyring, asker, op::UPDATE, handle, |e| {
            e.next_list();
            e.values(attributes);
        });
    }

    fn status(&mut self, keyring: &Keyring, asker: Asker, code: Status, text: &[u8]) {
        self.message(keyring, asker, op::STATUS, 0, |e| {
            // As above; a text of 4 GiB would be left out.
            let mut list = Vec::new();
            let _ = Encoder::put(&mut list, b"result", Value::Int(code.0));
            if !text.is_empty() {
                let _ = Encoder::put(&mut list, b"message", Value::Bytes(text));
            }
            e.values(ValueList::from_bytes(&list));
            e.next_list();
        });
    }

    /// Appends a message, signed if the request was.
    fn message(
        &mut self,
        keyring: &Keyring,
        asker: Asker,
        op: u32,
        handle: u32,
        body: impl FnOnce(&mut Encoder<'_>),
    ) {
        let signer = asker.signer.map(|at| keyring.entry(at));
        let mut e = Encoder::begin(self.out.end(), op, handle, self.next_id, asker.id);
        body(&mut e);
        match signer {
            None => drop(e.finish(0, 0)),
            Some(signer) => {
                // A digest has at most 64 bytes.
                let len = signer.key.algorithm().len() as u32;
                let range = e.finish(signer.handle(), len);
                signer.key.append_signature(self.out.end(), range);
            }
        }
        self.next_id = self.next_id.wrapping_add(1);
    }
}
