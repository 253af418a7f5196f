//! Bytes on their way in and out of a connection, the same for both sides.

use crate::wire::{Frame, Introduction, Limits, Scanner, WireError};

/// What is kept of a buffer when it runs empty.
const KEEP: usize = 64 * 1024;

/// The first size of a buffer for received bytes.
const FIRST: usize = 16 * 1024;

/// Received bytes, and where the next message in them begins.
#[derive(Debug)]
pub(crate) struct Inbox {
    limits: Limits,
    /// `None` until the peer's introduction is here.
    scanner: Option<Scanner>,
    buf: Vec<u8>,
    start: usize,
    end: usize,
}

/// What an [`Inbox`] held next.
pub(crate) enum Item<'a> {
    /// The peer's introduction.
    Introduction,
    /// A whole message, and its size in bytes.
    Message(Frame<'a>, usize),
}

impl Inbox {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            scanner: None,
            buf: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    /// Free space to receive into. It grows only as bytes really arrive: to
    /// twice what is there.
    pub(crate) fn space(&mut self) -> &mut [u8] {
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
    pub(crate) fn filled(&mut self, n: usize) {
        self.end += n;
    }

    /// The next complete thing.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The connection is of no
    /// further use.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'_>>, WireError> {
        let bytes = &self.buf[self.start..self.end];
        let Some(scanner) = &mut self.scanner else {
            let Some(intro) = Introduction::decode(bytes, &self.limits)? else {
                return Ok(None);
            };
            self.scanner = Some(Scanner::new(intro.header_size, self.limits));
            self.start += Introduction::LEN;
            return Ok(Some(Item::Introduction));
        };
        let Some(span) = scanner.scan(bytes)? else {
            return Ok(None);
        };
        self.start += span.len();
        Ok(Some(Item::Message(Frame::new(bytes, span), span.len())))
    }
}

/// Bytes to send.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// Where the bytes not yet sent start.
    at: usize,
}

impl Outbox {
    /// Where messages are appended.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn unsent(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Says that the first `n` unsent bytes are sent.
    pub(crate) fn sent(&mut self, n: usize) {
        self.at += n;
        if self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
            self.bytes.shrink_to(KEEP);
        } else if self.at > KEEP && self.at > self.bytes.len() / 2 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Encoder, INTRODUCTION, Value, op};

    fn message(value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut e = Encoder::begin(&mut out, op::UPDATE, 1, 2, 3);
        e.next_list();
        e.value(b"value", Value::Bytes(value)).unwrap();
        e.finish(0, 0);
        out
    }

    /// Receives as much of `bytes` as there is space for.
    fn feed(inbox: &mut Inbox, bytes: &[u8]) -> usize {
        let space = inbox.space();
        let n = bytes.len().min(space.len());
        space[..n].copy_from_slice(&bytes[..n]);
        inbox.filled(n);
        n
    }

    /// The values that arrive when `bytes` come in pieces of `size`, and the
    /// sizes that the buffer had.
    fn received(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, Vec<usize>) {
        let mut inbox = Inbox::new(Limits::default());
        let (mut values, mut sizes) = (Vec::new(), Vec::new());
        let mut at = 0;
        while at < bytes.len() {
            let piece = &bytes[at..bytes.len().min(at + size)];
            at += feed(&mut inbox, piece);
            sizes.push(inbox.buf.len());
            sizes.dedup();
            while let Some(item) = inbox.next().unwrap() {
                if let Item::Message(frame, _) = item {
                    values.push(frame.object_values().get(b"value").unwrap().to_vec());
                }
            }
        }
        (values, sizes)
    }

    #[test]
    fn messages_of_all_sizes_arrive_whole_in_pieces_of_all_sizes() {
        let lengths = [0, 1, 3000, FIRST - 60, FIRST, 5 * FIRST, 7, 300_000, 9];
        let sent: Vec<Vec<u8>> = (1..)
            .zip(lengths)
            .map(|(byte, length)| vec![byte; length])
            .collect();
        let mut bytes = INTRODUCTION.to_vec();
        sent.iter().for_each(|v| bytes.extend(message(v)));
        for size in [1, 1000, FIRST, bytes.len()] {
            let (got, sizes) = received(&bytes, size);
            assert!(got == sent, "pieces of {size}");
            assert!(sizes.iter().all(|n| *n <= 2 * (300_000 + FIRST)));
            // It doubles, and is given up once for each large message.
            assert!(sizes.len() < 15, "{sizes:?}");
        }
    }

    #[test]
    fn small_messages_never_need_a_larger_buffer() {
        let mut bytes = INTRODUCTION.to_vec();
        (0..1000).for_each(|_| bytes.extend(message(&[7; 100])));
        let (got, sizes) = received(&bytes, 1000);
        assert_eq!((got.len(), sizes), (1000, vec![FIRST]));
    }

    #[test]
    fn a_large_buffer_is_given_back_when_it_is_empty() {
        let mut inbox = Inbox::new(Limits::default());
        let bytes = [&INTRODUCTION[..], &message(&[7; 500_000])].concat();
        let mut at = 0;
        while at < bytes.len() {
            at += feed(&mut inbox, &bytes[at..]);
            while inbox.next().unwrap().is_some() {}
        }
        assert!(inbox.buf.len() > 500_000);
        assert_eq!(inbox.space().len(), FIRST);
    }

    #[test]
    fn sent_bytes_make_room() {
        let mut out = Outbox::default();
        let bytes: Vec<u8> = (0..10 * KEEP).map(|i| (i / 7) as u8).collect();
        out.end().extend_from_slice(&bytes);
        let mut at = 0;
        while at < bytes.len() {
            assert!(out.unsent() == &bytes[at..]);
            out.sent(1024);
            at += 1024;
            // Never more than twice what is unsent, beyond what is kept.
            let unsent = out.unsent().len();
            assert!(out.bytes.len() <= 2 * unsent + KEEP + 1024, "{unsent}");
        }
        assert_eq!(out.unsent(), b"");
        assert!(out.bytes.capacity() <= KEEP);
    }

    #[test]
    fn few_sent_bytes_are_not_worth_a_move() {
        let mut out = Outbox::default();
        out.end().resize(KEEP + 2, 0);
        out.sent(KEEP);
        assert_eq!((out.at, out.unsent().len()), (KEEP, 2));
        out.sent(1);
        assert_eq!((out.at, out.bytes.len()), (0, 1));
        // Nor many, while there are as many left.
        out.end().resize(4 * KEEP, 0);
        out.sent(2 * KEEP);
        assert_eq!(out.at, 2 * KEEP);
        out.sent(1);
        assert_eq!((out.at, out.bytes.len()), (0, 2 * KEEP - 1));
    }
}
