//! Bytes to messages: a resumable boundary scan and a borrowed view.

use super::{HEADER_LEN, Header, VERSION, WireError};

/// Upper bounds for what a peer may make us hold. A larger announcement is an
/// error at the moment it is read, before its bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest header size a peer may announce, in bytes.
    pub header: u32,
    /// Longest attribute name, in bytes (the format allows 65535).
    pub name: usize,
    /// Longest attribute value, in bytes.
    pub value: usize,
    /// Most values in one message, both lists together.
    pub values: usize,
    /// Longest message, in bytes, header and signature included.
    pub message: usize,
    /// Longest signature, in bytes (HMAC-SHA512 has 64).
    pub signature: u32,
}

impl Default for Limits {
    /// Far above anything dhcpd sends (about 300 bytes a lease; the statements
    /// of a host are the largest value, and are never sent back).
    fn default() -> Self {
        Self {
            header: 1024,
            name: 65_535,
            value: 1 << 20,
            values: 4096,
            message: 4 << 20,
            signature: 64,
        }
    }
}

/// The peer's first eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// Bytes of each header that the peer sends, at least 24.
    pub header_size: usize,
}

impl Introduction {
    /// Length of the introduction in bytes.
    pub const LEN: usize = 8;

    /// Reads the introduction from the start of `bytes`; `None` while it is
    /// incomplete.
    ///
    /// # Errors
    /// Another version than 100, or a header size outside 24..=`limits.header`.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Option<Self>, WireError> {
        let Some(intro) = bytes.get(..Self::LEN) else {
            return Ok(None);
        };
        let version = be32(intro, 0);
        if version != VERSION {
            return Err(WireError::Version(version));
        }
        let size = be32(intro, 4);
        if (size as usize) < HEADER_LEN || size > limits.header {
            return Err(WireError::HeaderSize(size));
        }
        Ok(Some(Self {
            header_size: size as usize,
        }))
    }
}

/// Where the parts of one complete message lie, as offsets from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// End of the header, extra header bytes included.
    header: usize,
    /// Start of the object values.
    objects: usize,
    /// End of the body: start of the signature.
    body: usize,
    /// End of the message.
    total: usize,
}

impl Span {
    /// Length of the whole message in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.total
    }

    /// Never true: a message has at least a header. (Here for `len`'s sake.)
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Header,
    Lists,
    Signature,
}

/// Finds the end of the message at the start of a growing buffer.
///
/// State is kept between calls, so that a message that arrives in many pieces
/// costs one pass. It allocates nothing.
#[derive(Clone, Debug)]
pub struct Scanner {
    limits: Limits,
    header_size: usize,
    stage: Stage,
    /// Everything before it is understood.
    at: usize,
    lists_done: u8,
    values: usize,
    objects: usize,
    authlen: u32,
}

impl Scanner {
    /// A scanner for a peer that announced `header_size`.
    #[must_use]
    pub fn new(header_size: usize, limits: Limits) -> Self {
        Self {
            limits,
            header_size,
            stage: Stage::Header,
            at: 0,
            lists_done: 0,
            values: 0,
            objects: 0,
            authlen: 0,
        }
    }

    /// Continues at the place where the last call stopped. `buf` starts with
    /// the first byte of the message and holds at least the bytes of the last
    /// call. `None` means more bytes are needed. After `Some` the scanner is
    /// ready for the message behind it.
    ///
    /// # Errors
    /// A limit was passed; the connection is of no further use.
    pub fn scan(&mut self, buf: &[u8]) -> Result<Option<Span>, WireError> {
        loop {
            match self.stage {
                Stage::Header => {
                    if buf.len() < self.header_size {
                        return Ok(None);
                    }
                    self.authlen = be32(buf, 4);
                    if self.authlen > self.limits.signature {
                        return Err(WireError::SignatureLength(self.authlen));
                    }
                    self.at = self.header_size;
                    self.stage = Stage::Lists;
                }
                Stage::Lists => {
                    if !self.lists(buf)? {
                        return Ok(None);
                    }
                    self.stage = Stage::Signature;
                }
                Stage::Signature => {
                    let total = self.bounded(self.at + self.authlen as usize)?;
                    if buf.len() < total {
                        return Ok(None);
                    }
                    let span = Span {
                        header: self.header_size,
                        objects: self.objects,
                        body: self.at,
                        total,
                    };
                    *self = Self::new(self.header_size, self.limits);
                    return Ok(Some(span));
                }
            }
        }
    }

    /// Passes values and terminators up to the end of the second list; false
    /// when it is not all there.
    fn lists(&mut self, buf: &[u8]) -> Result<bool, WireError> {
        let mut at = self.at;
        loop {
            // Where `buf` ends before this, the next call starts again.
            self.at = at;
            let Some(name) = number::<2>(buf, at) else {
                return Ok(false);
            };
            let name = usize::from(u16::from_be_bytes(name));
            if name == 0 {
                at = self.bounded(at + 2)?;
                self.at = at;
                self.lists_done += 1;
                if self.lists_done == 2 {
                    return Ok(true);
                }
                self.objects = at;
                continue;
            }
            if name > self.limits.name {
                return Err(WireError::NameLength(name));
            }
            let length_at = at + 2 + name;
            let Some(value) = number::<4>(buf, length_at) else {
                self.bounded(length_at)?;
                return Ok(false);
            };
            let value = u32::from_be_bytes(value) as usize;
            if value > self.limits.value {
                return Err(WireError::ValueLength(value));
            }
            let end = self.bounded(length_at + 4 + value)?;
            if buf.len() < end {
                return Ok(false);
            }
            if self.values == self.limits.values {
                return Err(WireError::ValueCount(self.values));
            }
            self.values += 1;
            at = end;
        }
    }

    fn bounded(&self, end: usize) -> Result<usize, WireError> {
        if end > self.limits.message {
            return Err(WireError::MessageLength(self.limits.message));
        }
        Ok(end)
    }
}

/// A complete message, borrowed from the receive buffer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    span: Span,
    header: Header,
}

impl<'a> Frame<'a> {
    /// The message that `span` found at the start of `buf`.
    ///
    /// # Panics
    /// If `buf` is not the buffer that was scanned.
    #[must_use]
    pub fn new(buf: &'a [u8], span: Span) -> Self {
        let bytes = &buf[..span.total];
        let fixed = &bytes[..HEADER_LEN];
        let header = Header {
            authid: be32(fixed, 0),
            authlen: be32(fixed, 4),
            op: be32(fixed, 8),
            handle: be32(fixed, 12),
            id: be32(fixed, 16),
            rid: be32(fixed, 20),
        };
        Self {
            bytes,
            span,
            header,
        }
    }

    /// The fixed fields.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Values about the request itself (type, create, result, message ...).
    #[must_use]
    pub fn message_values(&self) -> ValueList<'a> {
        ValueList(&self.bytes[self.span.header..self.span.objects - 2])
    }

    /// The object's attributes.
    #[must_use]
    pub fn object_values(&self) -> ValueList<'a> {
        ValueList(&self.bytes[self.span.objects..self.span.body - 2])
    }

    /// What the signature covers: the header from `authlen` on, then the body.
    /// `authid` and extra header bytes are not covered.
    #[must_use]
    pub fn signed(&self) -> [&'a [u8]; 2] {
        [
            &self.bytes[4..HEADER_LEN],
            &self.bytes[self.span.header..self.span.body],
        ]
    }

    /// The signature, empty when there is none.
    #[must_use]
    pub fn signature(&self) -> &'a [u8] {
        &self.bytes[self.span.body..]
    }
}

/// A list of values in wire form, without its terminator. It is the form in
/// which attributes travel inside the library too.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueList<'a>(&'a [u8]);

impl<'a> ValueList<'a> {
    /// Takes bytes that hold whole values and no terminator; anything behind
    /// the last whole value is ignored.
    #[must_use]
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The wire form.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// True when there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and value, in the order of the wire. A zero-length value is null.
    #[must_use]
    pub fn iter(&self) -> Values<'a> {
        Values(self.0)
    }

    /// The first value of that name (in a reply with duplicates the first is
    /// the genuine one: lease variables may repeat a built-in name).
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// The first value of that name as a 32-bit integer; `None` when it is
    /// missing or not four bytes long.
    #[must_use]
    pub fn get_u32(&self, name: &[u8]) -> Option<u32> {
        Some(u32::from_be_bytes(self.get(name)?.try_into().ok()?))
    }
}

impl<'a> IntoIterator for ValueList<'a> {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = Values<'a>;
    fn into_iter(self) -> Values<'a> {
        self.iter()
    }
}

/// Iterator over a [`ValueList`].
#[derive(Clone, Debug)]
pub struct Values<'a>(&'a [u8]);

impl<'a> Iterator for Values<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (len, rest) = self.0.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(u16::from_be_bytes(*len) as usize)?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        self.0 = rest;
        Some((name, value))
    }
}

/// The `N` bytes at `at`, if they are there.
fn number<const N: usize>(b: &[u8], at: usize) -> Option<[u8; N]> {
    b.get(at..)?.first_chunk().copied()
}

fn be32(b: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Encoder, Value, op};

    fn message() -> Vec<u8> {
        let mut out = Vec::new();
        let mut e = Encoder::begin(&mut out, op::OPEN, 0, 7, 0);
        e.value(b"type", Value::Bytes(b"lease")).unwrap();
        e.next_list();
        e.value(b"ip-address", Value::Bytes(&[10, 0, 0, 1]))
            .unwrap();
        e.value(b"gone", Value::Null).unwrap();
        e.finish(0, 0);
        out
    }

    #[test]
    fn byte_by_byte_gives_the_same_span() {
        let m = message();
        let whole = Scanner::new(24, Limits::default())
            .scan(&m)
            .unwrap()
            .unwrap();
        let mut s = Scanner::new(24, Limits::default());
        for n in 0..m.len() {
            assert_eq!(s.scan(&m[..n]).unwrap(), None, "{n}");
        }
        assert_eq!(s.scan(&m).unwrap(), Some(whole));
        let f = Frame::new(&m, whole);
        assert_eq!(f.header().id, 7);
        assert_eq!(f.message_values().get(b"type"), Some(&b"lease"[..]));
        let names: Vec<_> = f.object_values().iter().collect();
        assert_eq!(
            names,
            [
                (&b"ip-address"[..], &[10u8, 0, 0, 1][..]),
                (&b"gone"[..], &[][..])
            ]
        );
    }

    #[test]
    fn larger_header_is_skipped_and_unsigned() {
        let m = message();
        let mut wide = m[..24].to_vec();
        wide.extend_from_slice(b"xtra");
        wide.extend_from_slice(&m[24..]);
        let span = Scanner::new(28, Limits::default())
            .scan(&wide)
            .unwrap()
            .unwrap();
        let f = Frame::new(&wide, span);
        assert_eq!(f.signed().concat(), m[4..].to_vec());
        assert_eq!(f.message_values().get(b"type"), Some(&b"lease"[..]));
    }

    #[test]
    fn announced_lengths_fail_before_their_bytes_arrive() {
        let limits = Limits::default();
        let mut m = message();
        // The value length of "lease" starts at 24 + 2 + 4.
        m[30..34].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(
            Scanner::new(24, limits).scan(&m[..34]),
            Err(WireError::ValueLength(u32::MAX as usize))
        );
        m[4..8].copy_from_slice(&65u32.to_be_bytes());
        assert_eq!(
            Scanner::new(24, limits).scan(&m[..24]),
            Err(WireError::SignatureLength(65))
        );
    }

    #[test]
    fn counts_and_totals_are_limited() {
        let many = Limits {
            values: 2,
            ..Limits::default()
        };
        assert_eq!(
            Scanner::new(24, many).scan(&message()),
            Err(WireError::ValueCount(2))
        );
        let small = Limits {
            message: 40,
            ..Limits::default()
        };
        assert_eq!(
            Scanner::new(24, small).scan(&message()),
            Err(WireError::MessageLength(40))
        );
    }

    #[test]
    fn introduction() {
        let l = Limits::default();
        let intro = |v: u32, s: u32| {
            let mut b = v.to_be_bytes().to_vec();
            b.extend_from_slice(&s.to_be_bytes());
            b
        };
        assert_eq!(Introduction::decode(&intro(100, 24)[..7], &l), Ok(None));
        assert_eq!(
            Introduction::decode(&intro(100, 28), &l),
            Ok(Some(Introduction { header_size: 28 }))
        );
        for (v, s, e) in [
            (99, 24, WireError::Version(99)),
            (100, 20, WireError::HeaderSize(20)),
            (100, u32::MAX, WireError::HeaderSize(u32::MAX)),
        ] {
            assert_eq!(Introduction::decode(&intro(v, s), &l), Err(e));
        }
    }
}
