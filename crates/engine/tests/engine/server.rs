//! A server in this process that does what a test's script says.

use omapi::wire::{Encoder, Frame, Header, INTRODUCTION, Limits, Scanner, Value, op};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Plays `script` on every connection, each in a thread of its own, until the
/// test process ends.
pub(crate) fn serve(script: impl Fn(&mut Peer) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = script.clone();
            thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                script(&mut Peer::new(stream));
            });
        }
    });
    address
}

/// A port where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address")
}

/// The server's end of a connection.
pub(crate) struct Peer {
    pub stream: TcpStream,
    received: Vec<u8>,
    start: usize,
    scanner: Scanner,
    ready: Vec<u8>,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        let limits = Limits {
            value: 64 << 20,
            message: 64 << 20,
            ..Limits::default()
        };
        Self {
            stream,
            received: Vec::new(),
            start: 0,
            scanner: Scanner::new(24, limits),
            ready: Vec::new(),
        }
    }

    /// Exchanges introductions.
    pub(crate) fn introduce(&mut self) {
        let mut theirs = [0; 8];
        let _ = self.stream.write_all(&INTRODUCTION);
        let _ = self.stream.read_exact(&mut theirs);
    }

    /// The header of the next request; `None` at the end of the stream. What
    /// is ready to be sent is sent before this blocks.
    pub(crate) fn request(&mut self) -> Option<Header> {
        let mut chunk = [0; 65_536];
        loop {
            let rest = &self.received[self.start..];
            if let Some(span) = self.scanner.scan(rest).expect("a well-formed request") {
                let header = Frame::new(rest, span).header();
                self.start += span.len();
                return Some(header);
            }
            self.received.drain(..self.start);
            self.start = 0;
            self.flush();
            match self.stream.read(&mut chunk) {
                Ok(n) if n > 0 => self.received.extend_from_slice(&chunk[..n]),
                _ => return None,
            }
        }
    }

    /// Answers with an object that has one value of that size.
    pub(crate) fn answer(&mut self, id: u32, size: usize) {
        let mut m = Encoder::begin(&mut self.ready, op::UPDATE, 9, 7, id);
        m.next_list();
        let value = vec![b'x'; size];
        m.value(b"state", Value::Bytes(&value)).expect("a name");
        m.finish(0, 0);
        if self.ready.len() > 65_536 {
            self.flush();
        }
    }

    /// Answers with a result.
    pub(crate) fn status(&mut self, id: u32, code: u32) {
        let mut m = Encoder::begin(&mut self.ready, op::STATUS, 0, 7, id);
        m.value(b"result", Value::Int(code)).expect("a name");
        m.next_list();
        m.finish(0, 0);
    }

    /// Sends what is ready.
    pub(crate) fn flush(&mut self) {
        let _ = self.stream.write_all(&self.ready);
        self.ready.clear();
    }

    /// Answers everything, as a good server does.
    pub(crate) fn obey(&mut self) {
        self.introduce();
        while let Some(request) = self.request() {
            self.answer(request.id, 4);
        }
    }

    /// Reads what comes, until the end.
    pub(crate) fn listen(&mut self) {
        while self.request().is_some() {}
    }
}
