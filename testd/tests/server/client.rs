//! A client that sends one request and waits for its answer.

use omapi::wire::{Encoder, Frame, INTRODUCTION, Limits, Scanner, Value, op};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Names and values, as they are on the wire.
pub(crate) type Values<'a> = &'a [(&'a str, &'a [u8])];

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A result and its text.
    Status(u32, String),
    /// A handle and an object.
    Object(u32, Vec<(String, Vec<u8>)>),
}

impl Answer {
    pub(crate) fn handle(&self) -> u32 {
        match self {
            Self::Object(handle, _) => *handle,
            other => panic!("not an object: {other:?}"),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        match self {
            Self::Object(_, values) => {
                let found = values.iter().find(|(n, _)| n == name);
                found.map(|(_, value)| value.as_slice())
            }
            other => panic!("not an object: {other:?}"),
        }
    }
}

/// A connection behind its introductions.
pub(crate) struct Client {
    stream: TcpStream,
    id: u32,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(addr).unwrap();
        // A missing answer shall fail the test, not hang it.
        let guard = Some(Duration::from_secs(30));
        stream.set_read_timeout(guard).unwrap();
        stream.write_all(&INTRODUCTION).unwrap();
        let mut intro = [0; 8];
        stream.read_exact(&mut intro).unwrap();
        assert_eq!(intro, INTRODUCTION);
        Self { stream, id: 0 }
    }

    pub(crate) fn open(&mut self, kind: &str, flags: &[&str], object: Values<'_>) -> Answer {
        self.send_open(kind, flags, object);
        self.answer().expect("an answer")
    }

    pub(crate) fn send_open(&mut self, kind: &str, flags: &[&str], object: Values<'_>) {
        let mut message = vec![("type", kind.as_bytes())];
        message.extend(flags.iter().map(|flag| (*flag, &[0, 0, 0, 1][..])));
        self.send(op::OPEN, 0, &message, object);
    }

    pub(crate) fn refresh(&mut self, handle: u32) -> Answer {
        self.request(op::REFRESH, handle, &[])
    }

    pub(crate) fn delete(&mut self, handle: u32) -> Answer {
        self.request(op::DELETE, handle, &[])
    }

    pub(crate) fn update(&mut self, handle: u32, object: Values<'_>) -> Answer {
        self.request(op::UPDATE, handle, object)
    }

    fn request(&mut self, op: u32, handle: u32, object: Values<'_>) -> Answer {
        self.send(op, handle, &[], object);
        self.answer().expect("an answer")
    }

    pub(crate) fn send(&mut self, op: u32, handle: u32, message: Values<'_>, object: Values<'_>) {
        self.id += 1;
        let mut out = Vec::new();
        let mut e = Encoder::begin(&mut out, op, handle, self.id, 0);
        for (name, value) in message {
            e.value(name.as_bytes(), Value::Bytes(value)).unwrap();
        }
        e.next_list();
        for (name, value) in object {
            e.value(name.as_bytes(), Value::Bytes(value)).unwrap();
        }
        e.finish(0, 0);
        self.stream.write_all(&out).unwrap();
    }

    /// The next answer; `None` when the server has closed the connection.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let mut scanner = Scanner::new(24, Limits::default());
        let mut buf = Vec::new();
        let span = loop {
            // Byte by byte, so as not to take from the next answer.
            let mut byte = [0];
            match self.stream.read(&mut byte) {
                Ok(1) => buf.push(byte[0]),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => panic!("no answer"),
                _ => return None,
            }
            if let Some(span) = scanner.scan(&buf).unwrap() {
                break span;
            }
        };
        let frame = Frame::new(&buf, span);
        assert_eq!(frame.header().rid, self.id);
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        if frame.header().op == op::STATUS {
            let values = frame.message_values();
            return Some(Answer::Status(
                values.get_u32(b"result").unwrap(),
                text(values.get(b"message").unwrap_or_default()),
            ));
        }
        let values = frame.object_values().iter();
        let values = values.map(|(n, v)| (text(n), v.to_vec())).collect();
        Some(Answer::Object(frame.header().handle, values))
    }
}
