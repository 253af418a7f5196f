//! Answers to bytes.

use crate::database::Database;
use crate::objects::{self, Kind, ObjectRef};
use omapi::auth::Key;
use omapi::status::Status;
use omapi::wire::{Encoder, Value, WireError, op};
use std::ops::Range;

/// The ids of one answer, and what signs it: the authenticator's handle and
/// its key.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) id: u32,
    pub(crate) rid: u32,
    pub(crate) signer: Option<(u32, &'a Key)>,
}

impl Envelope<'_> {
    /// Appends a status message; an empty text is not sent.
    pub(crate) fn status(self, out: &mut Vec<u8>, code: Status, text: &str) {
        let mut e = Encoder::begin(out, op::STATUS, 0, self.id, self.rid);
        let mut put = e.value(b"result", Value::Int(code.0));
        if put.is_ok() && !text.is_empty() {
            put = e.value(b"message", Value::Bytes(text.as_bytes()));
        }
        // Neither name is empty and no text of ours is long: nothing to do
        // about an error but to send no message.
        if put.is_ok() {
            e.next_list();
            let range = e.finish(self.authid(), self.authlen());
            self.sign(out, range);
        }
    }

    /// Appends an answer with an object and its handle; or with defaults and
    /// a handle that lasts, when there is only a kind.
    pub(crate) fn object(
        self,
        out: &mut Vec<u8>,
        db: &mut Database,
        object: Result<ObjectRef, Kind>,
    ) -> Result<(), WireError> {
        // dhcpd gives out no new handle in the answer to a request with id 0.
        let handle = match (object, self.rid) {
            (Ok(object), 0) => db.handles.known(object).unwrap_or(0),
            (Ok(object), _) => db.handles.of(object),
            (Err(_), 0) => 0,
            (Err(_), _) => db.handles.transient(),
        };
        let mut e = Encoder::begin(out, op::UPDATE, handle, self.id, self.rid);
        e.next_list();
        match object {
            Ok(object) => objects::publish(db, object, &mut e)?,
            Err(kind) => objects::publish_transient(kind, &mut e)?,
        }
        let range = e.finish(self.authid(), self.authlen());
        self.sign(out, range);
        Ok(())
    }

    fn authid(self) -> u32 {
        self.signer.map_or(0, |(handle, _)| handle)
    }

    fn authlen(self) -> u32 {
        // A digest has at most 64 bytes.
        self.signer
            .map_or(0, |(_, key)| key.algorithm().len() as u32)
    }

    fn sign(self, out: &mut Vec<u8>, range: Range<usize>) {
        if let Some((_, key)) = self.signer {
            key.append_signature(out, range);
        }
    }
}
