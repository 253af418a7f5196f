//! The OMAPI wire format: bytes to messages and back, without I/O.
//!
//! A connection starts with the eight bytes of the [introduction](INTRODUCTION).
//! Then each message is a 24-byte [`Header`], two value lists (message values,
//! object values), each ended by a zero name length, and `authlen` bytes of
//! signature. A value is a 16-bit name length, the name, a 32-bit value length
//! and the value. All integers are unsigned and big-endian; nothing is padded.
//! A message states no total length: its end is found value by value, which is
//! what [`Scanner`] does, without ever looking at a byte twice.
//!
//! Source: recorded sessions of a live dhcpd 4.4.3-P1, replayed by
//! `crates/omapi/tests/golden.rs`.
//! (The `api+protocol` text of the ISC tree lists the header in another order.)

mod decode;
mod encode;

pub use decode::{Frame, Introduction, Limits, Scanner, Span, ValueList, Values};
pub use encode::{Encoder, Value};

use core::fmt;

/// The protocol version that both sides announce.
pub const VERSION: u32 = 100;

/// Bytes of a [`Header`] as we send it; a peer may announce a larger one.
pub const HEADER_LEN: usize = 24;

/// What we send first: version 100 and header size 24, big-endian.
pub const INTRODUCTION: [u8; 8] = [0, 0, 0, 100, 0, 0, 0, 24];

/// Operation codes of the header (`op`).
pub mod op {
    /// Find, and on request create or change, an object.
    pub const OPEN: u32 = 1;
    /// Send the object's present attributes.
    pub const REFRESH: u32 = 2;
    /// From the client: change attributes. From the server: here they are.
    pub const UPDATE: u32 = 3;
    /// Ask to be told of changes; no server implements it.
    pub const NOTIFY: u32 = 4;
    /// The result of a request that returns no object.
    pub const STATUS: u32 = 5;
    /// Remove the object.
    pub const DELETE: u32 = 6;
}

/// The fixed part of every message, in the order of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Handle of the authenticator that signs the message; 0 is none.
    pub authid: u32,
    /// Length of the signature behind the body; 0 is none.
    pub authlen: u32,
    /// Operation, see [`op`].
    pub op: u32,
    /// Object handle of the server; 0 is none.
    pub handle: u32,
    /// Transaction id (xid), chosen by the sender.
    pub id: u32,
    /// The id that this message answers; 0 in a request.
    pub rid: u32,
}

/// Why bytes are not a message, or a message cannot become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The peer speaks another protocol version.
    Version(u32),
    /// The peer announced a header that is too small, or larger than we skip.
    HeaderSize(u32),
    /// A name is longer than the limit or than its 16-bit length can say.
    NameLength(usize),
    /// A value is longer than the limit or than its 32-bit length can say.
    ValueLength(usize),
    /// More values in one message than the limit.
    ValueCount(usize),
    /// The message as a whole is longer than the limit.
    MessageLength(usize),
    /// A signature longer than any digest.
    SignatureLength(u32),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version(v) => write!(f, "protocol version {v} instead of {VERSION}"),
            Self::HeaderSize(n) => write!(f, "header size {n} is not usable"),
            Self::NameLength(n) => write!(f, "attribute name of {n} bytes"),
            Self::ValueLength(n) => write!(f, "attribute value of {n} bytes"),
            Self::ValueCount(n) => write!(f, "more than {n} values in a message"),
            Self::MessageLength(n) => write!(f, "message of more than {n} bytes"),
            Self::SignatureLength(n) => write!(f, "signature of {n} bytes"),
        }
    }
}

impl std::error::Error for WireError {}
