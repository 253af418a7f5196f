//! Messages to bytes.

use super::{HEADER_LEN, WireError};

/// An attribute value as it goes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Four bytes, big-endian.
    Int(u32),
    /// The bytes as they are; a string has no terminator.
    Bytes(&'a [u8]),
    /// Length 0, which removes the attribute; the same as empty bytes.
    Null,
}

/// Appends one message to a buffer.
///
/// Order of calls: [`begin`](Self::begin), message values,
/// [`next_list`](Self::next_list), object values, [`finish`](Self::finish).
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Encoder<'a> {
    /// Starts a message with these header fields behind what `out` holds.
    /// The authenticator's fields are set by [`finish`](Self::finish).
    pub fn begin(out: &'a mut Vec<u8>, op: u32, handle: u32, id: u32, rid: u32) -> Self {
        let start = out.len();
        let mut header = [0; HEADER_LEN];
        for (at, field) in [(8, op), (12, handle), (16, id), (20, rid)] {
            header[at..at + 4].copy_from_slice(&field.to_be_bytes());
        }
        out.extend_from_slice(&header);
        Self { out, start }
    }

    /// Appends a value to the current list.
    ///
    /// # Errors
    /// An empty name (it would end the list), or a length that its field
    /// cannot say. The message is then taken back: `out` is as before `begin`.
    pub fn value(&mut self, name: &[u8], value: Value<'_>) -> Result<(), WireError> {
        let result = Self::put(self.out, name, value);
        if result.is_err() {
            self.out.truncate(self.start);
        }
        result
    }

    /// Appends values that are already in wire form.
    pub fn values(&mut self, list: super::ValueList<'_>) {
        self.out.extend_from_slice(list.as_bytes());
    }

    /// Ends the message values and starts the object values.
    pub fn next_list(&mut self) {
        self.out.extend_from_slice(&[0, 0]);
    }

    /// Ends the body and writes the signature's length into the header.
    /// Returns the range of `out` that is to be signed; the caller appends
    /// `authlen` bytes of signature. Sets `authid` too.
    pub fn finish(self, authid: u32, authlen: u32) -> core::ops::Range<usize> {
        self.out.extend_from_slice(&[0, 0]);
        let s = self.start;
        self.out[s..s + 4].copy_from_slice(&authid.to_be_bytes());
        self.out[s + 4..s + 8].copy_from_slice(&authlen.to_be_bytes());
        s + 4..self.out.len()
    }
}

impl Encoder<'_> {
    /// Appends one value in wire form to a list that is kept elsewhere.
    ///
    /// # Errors
    /// As [`value`](Self::value); `out` is unchanged then.
    pub fn put(out: &mut Vec<u8>, name: &[u8], value: Value<'_>) -> Result<(), WireError> {
        let name_len = match u16::try_from(name.len()) {
            Ok(n) if n > 0 => n,
            _ => return Err(WireError::NameLength(name.len())),
        };
        let int;
        let bytes: &[u8] = match value {
            Value::Int(i) => {
                int = i.to_be_bytes();
                &int
            }
            Value::Bytes(b) => b,
            Value::Null => &[],
        };
        let value_len =
            u32::try_from(bytes.len()).map_err(|_| WireError::ValueLength(bytes.len()))?;
        out.extend_from_slice(&name_len.to_be_bytes());
        out.extend_from_slice(name);
        out.extend_from_slice(&value_len.to_be_bytes());
        out.extend_from_slice(bytes);
        Ok(())
    }
}
