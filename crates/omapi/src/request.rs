//! What a call asks of a server, and what comes back: the words between the
//! object layer and the engine, the same for every backend.

use crate::status::Status;
use crate::wire::{Value, ValueList};

/// Flags of an open, as bits (`DHCPCTL_CREATE` ...).
pub mod flags {
    /// Create the object when it is not found.
    pub const CREATE: u32 = 1;
    /// Apply the given attributes to the object found.
    pub const UPDATE: u32 = 2;
    /// With `CREATE`: fail when it is found.
    pub const EXCLUSIVE: u32 = 4;
}

/// The operation of a request.
#[derive(Clone, Copy, Debug)]
pub enum Operation<'a> {
    /// Find (create, change) the object that the attributes describe.
    Open {
        /// Object type: lease, host, group ...; without one the server looks
        /// at the handle.
        object_type: Option<&'a [u8]>,
        /// Bits of [`flags`]; others are ignored.
        flags: u32,
    },
    /// Change the attributes of the object with that handle.
    Update,
    /// Send all attributes of the object with that handle.
    Refresh,
    /// Remove the object with that handle.
    Remove,
    /// Send the object of that type behind the one with the handle, the first
    /// when the handle is 0; only Kea can.
    Next {
        /// Object type: lease or host.
        object_type: Option<&'a [u8]>,
    },
    /// A message that the program built itself; only OMAPI can send it.
    Message {
        /// Operation code of the header.
        op: u32,
        /// The id that it answers, 0 for a request.
        rid: u32,
        /// Message values, in this order.
        values: ValueList<'a>,
    },
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub operation: Operation<'a>,
    /// The server's handle of the object, 0 when it has none yet.
    pub handle: u32,
    /// Attributes to look up, set or change, in the order to send them.
    pub attributes: ValueList<'a>,
}

impl Operation<'_> {
    /// The message values of an open, in the genuine order.
    pub(crate) fn open_values(
        object_type: Option<&[u8]>,
        open_flags: u32,
        mut put: impl FnMut(&'static [u8], Value<'_>),
    ) {
        for (bit, name) in [
            (flags::CREATE, &b"create"[..]),
            (flags::UPDATE, b"update"),
            (flags::EXCLUSIVE, b"exclusive"),
        ] {
            if open_flags & bit != 0 {
                put(name, Value::Int(1));
            }
        }
        if let Some(t) = object_type {
            put(b"type", Value::Bytes(t));
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// The server sent the object.
    Object {
        /// Its handle, 0 when the server gave none.
        handle: u32,
        /// Its attributes, never empty.
        attributes: ValueList<'a>,
    },
    /// The server sent a result.
    Status {
        /// The code, any 32-bit number.
        code: Status,
        /// Its explanation, when there is one.
        message: Option<&'a [u8]>,
    },
    /// No answer will come: the connection ended.
    Lost(Status),
}

/// What an outstanding request belongs to. The engine calls `complete` exactly
/// once for each request that it accepted.
pub trait Complete: Send {
    /// Work that may run program code; the engine runs it later, with no lock
    /// and no role held.
    type Deferred: Deferred;

    /// What a wait for this completion is about (see `Connection::wait_about`
    /// of the engine); 0 concerns all waits.
    fn key(&self) -> usize {
        0
    }

    /// Takes the outcome. Must not run program code, must not block.
    fn complete(self, outcome: Outcome<'_>) -> Option<Self::Deferred>;
}

/// Deferred work, see [`Complete`].
pub trait Deferred: Send {
    /// Does it.
    fn run(self);

    /// True when the request has not ended before this has run: a wait needs
    /// it, and cannot leave it for later.
    fn completes(&self) -> bool {
        false
    }
}
