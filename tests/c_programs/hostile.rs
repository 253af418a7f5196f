//! A server that means harm, one scenario at a time.
//!
//! Each scenario is a function that plays the server on one connection; it is
//! served by a thread of the test process on a port of its own.
//! `c-tests/hostile.c` is the client, and gets what to expect as an argument.

use super::{Shop, done, trial};
use libtest_mimic::Trial;
use omapi::auth::{Algorithm, SigningKey, complete_name};
use omapi::wire::{Encoder, Frame, Header, INTRODUCTION, Limits, Scanner, Value, op};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use test_support::{Build, Linkage, Run, Workshop};

/// The key of the keyed scenarios.
pub(crate) const SECRET: &[u8] = b"a secret for hostile servers";
const KEY_NAME: &str = "hostile-key";
const ALGORITHM: Algorithm = Algorithm::Sha256;
/// The handle under which the authenticator is known.
const AUTHID: u32 = 21;

/// The key as the C programs want it.
pub(crate) fn key_for_c() -> String {
    test_support::key_for_c(KEY_NAME, ALGORITHM.name(), SECRET)
}

/// Every other scenario with the other library.
fn play(workshop: &Workshop, scenario: &Scenario, linkage: Linkage) -> Result<(), String> {
    let build = Build {
        linkage,
        ..Build::PLAIN
    };
    let program = workshop.compile("c-tests/hostile.c", build)?;
    let port = scenario.start().map_err(|e| e.to_string())?;
    let mut run = Run::default()
        .env("OMAPI_PORT", port.to_string())
        .args(&[scenario.name, scenario.expected])
        .note(scenario.name);
    if scenario.keyed {
        run = run.env("OMAPI_KEY", key_for_c());
    }
    program.check(&run).map(drop)
}

pub(crate) fn trials(shop: &Arc<Shop>) -> Vec<Trial> {
    let linkages = [Linkage::Shared, Linkage::Static].into_iter().cycle();
    let one = |(scenario, linkage): (&'static Scenario, Linkage)| {
        // "key: wrong id" is hostile::key_wrong_id.
        let words = scenario.name.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
        trial(shop, format!("hostile::{}", words.join("_")), move |w| {
            done(play(w, scenario, linkage))
        })
    };
    SCENARIOS.iter().zip(linkages).map(one).collect()
}

type Script = fn(&mut Peer) -> io::Result<()>;

/// One way to mistreat a client.
pub(crate) struct Scenario {
    pub name: &'static str,
    /// What the client has to see, in the words of `hostile.c`.
    pub expected: &'static str,
    /// With an authenticator.
    pub keyed: bool,
    script: Script,
}

impl Scenario {
    /// Plays the server until the test process ends; returns its port.
    pub(crate) fn start(&self) -> io::Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let script = self.script;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The client hangs up in most scenarios: errors are expected.
                let _ = stream.set_nodelay(true);
                let _ = script(&mut Peer::new(stream));
            }
        });
        Ok(port)
    }
}

/// The server's end of a connection.
struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    scanner: Scanner,
    key: SigningKey,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            received: Vec::new(),
            scanner: Scanner::new(24, Limits::default()),
            key: SigningKey::new(ALGORITHM, SECRET),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn introduce(&mut self) -> io::Result<()> {
        self.put(&INTRODUCTION)?;
        self.read_introduction()
    }

    fn read_introduction(&mut self) -> io::Result<()> {
        let mut theirs = [0; 8];
        self.stream.read_exact(&mut theirs)
    }

    /// The header of the client's next request.
    fn request(&mut self) -> io::Result<Header> {
        let mut chunk = [0; 4096];
        loop {
            match self.scanner.scan(&self.received) {
                Ok(Some(span)) => {
                    let header = Frame::new(&self.received, span).header();
                    self.received.drain(..span.len());
                    return Ok(header);
                }
                Ok(None) => {}
                Err(e) => return Err(io::Error::other(e)),
            }
            match self.stream.read(&mut chunk)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                n => self.received.extend_from_slice(&chunk[..n]),
            }
        }
    }

    /// Holds the connection until the client ends it.
    fn hold(&mut self) -> io::Result<()> {
        let mut sink = [0; 4096];
        while self.stream.read(&mut sink)? > 0 {}
        Ok(())
    }

    /// Introduction, and the authenticator as a good server answers it.
    fn authenticate(&mut self) -> io::Result<()> {
        self.introduce()?;
        let open = self.request()?;
        self.put(&key_object(open.id, AUTHID))
    }

    /// Signs as a good server does.
    fn signed(&self, kind: Kind, rid: u32) -> Vec<u8> {
        sign(&self.key, AUTHID, kind, rid)
    }
}

/// The two kinds of a good answer.
#[derive(Clone, Copy)]
enum Kind {
    /// The lease, with two values.
    Lease,
    /// Status success.
    Success,
}

fn encode(out: &mut Vec<u8>, kind: Kind, rid: u32) -> Encoder<'_> {
    let (op, handle) = match kind {
        Kind::Lease => (op::UPDATE, 9),
        Kind::Success => (op::STATUS, 0),
    };
    let mut m = Encoder::begin(out, op, handle, 7001, rid);
    if let Kind::Success = kind {
        m.value(b"result", Value::Int(0)).expect("a short name");
    }
    m.next_list();
    if let Kind::Lease = kind {
        m.value(b"state", Value::Int(2)).expect("a short name");
        m.value(b"ip-address", Value::Bytes(&[10, 0, 0, 10]))
            .expect("a short name");
    }
    m
}

fn unsigned(kind: Kind, rid: u32) -> Vec<u8> {
    declared(kind, rid, 0, 0)
}

/// With these header fields and no signature, whatever they say.
fn declared(kind: Kind, rid: u32, authid: u32, authlen: u32) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out, kind, rid).finish(authid, authlen);
    out
}

fn sign(key: &SigningKey, authid: u32, kind: Kind, rid: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let length = u32::try_from(ALGORITHM.len()).expect("a digest is short");
    let range = encode(&mut out, kind, rid).finish(authid, length);
    key.append_signature(&mut out, range);
    out
}

/// A message with these lists, unsigned.
fn message(
    op: u32,
    rid: u32,
    values: &[(&[u8], Value<'_>)],
    objects: &[(&[u8], Value<'_>)],
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut m = Encoder::begin(&mut out, op, 9, 7001, rid);
    for (name, value) in values {
        m.value(name, *value).expect("a short name");
    }
    m.next_list();
    for (name, value) in objects {
        m.value(name, *value).expect("a short name");
    }
    m.finish(0, 0);
    out
}

/// The answer to an authenticator's open.
fn key_object(rid: u32, handle: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut m = Encoder::begin(&mut out, op::UPDATE, handle, 7000, rid);
    m.next_list();
    let algorithm = complete_name(ALGORITHM.name().as_bytes());
    m.value(b"name", Value::Bytes(KEY_NAME.as_bytes()))
        .expect("a short name");
    m.value(b"algorithm", Value::Bytes(&algorithm))
        .expect("a short name");
    m.finish(0, 0);
    out
}

/// The first bytes of a message up to its object values.
fn start_of_values(rid: u32) -> Vec<u8> {
    let mut bytes = unsigned(Kind::Lease, rid);
    bytes.truncate(26);
    bytes
}

/// Introduces itself, answers the first request with these bytes, holds on.
fn answer(p: &mut Peer, bytes: impl FnOnce(u32) -> Vec<u8>) -> io::Result<()> {
    p.introduce()?;
    let r = p.request()?;
    p.put(&bytes(r.id))?;
    p.hold()
}

/// The same behind a good authentication.
fn answer_keyed(p: &mut Peer, bytes: impl FnOnce(&Peer, u32) -> Vec<u8>) -> io::Result<()> {
    p.authenticate()?;
    let r = p.request()?;
    let bytes = bytes(p, r.id);
    p.put(&bytes)?;
    p.hold()
}

/// Answers the authenticator's open with these bytes.
fn answer_key(p: &mut Peer, bytes: impl FnOnce(u32) -> Vec<u8>) -> io::Result<()> {
    answer(p, bytes)
}

/// One byte at a time, each in its own segment.
fn drip(p: &mut Peer, bytes: &[u8]) -> io::Result<()> {
    for byte in bytes {
        p.put(std::slice::from_ref(byte))?;
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The same bytes until the client has had enough, or a GiB.
fn flood(p: &mut Peer, bytes: &[u8]) -> io::Result<()> {
    let block = bytes.repeat(65_536 / bytes.len() + 1);
    let mut left = 1_usize << 30;
    while left > block.len() {
        p.put(&block)?;
        left -= block.len();
    }
    p.hold()
}

fn introduce_as(p: &mut Peer, version: u32, header: u32) -> io::Result<()> {
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend_from_slice(&header.to_be_bytes());
    p.put(&bytes)?;
    p.hold()
}

/// Four bytes more in each header, which are not to be looked at.
fn larger_header(p: &mut Peer) -> io::Result<()> {
    p.put(&[0, 0, 0, 100, 0, 0, 0, 28])?;
    p.read_introduction()?;
    let r = p.request()?;
    let mut bytes = unsigned(Kind::Lease, r.id);
    bytes.splice(24..24, [0xde, 0xad, 0xbe, 0xef]);
    p.put(&bytes)?;
    p.hold()
}

fn unsolicited(p: &mut Peer) -> io::Result<()> {
    p.introduce()?;
    p.put(&unsigned(Kind::Lease, 12))?;
    p.hold()
}

fn half_then(p: &mut Peer, close: bool) -> io::Result<()> {
    p.introduce()?;
    let r = p.request()?;
    let bytes = unsigned(Kind::Lease, r.id);
    p.put(&bytes[..bytes.len() - 5])?;
    if close { Ok(()) } else { p.hold() }
}

fn second_unsigned(p: &mut Peer) -> io::Result<()> {
    p.authenticate()?;
    let r = p.request()?;
    let good = p.signed(Kind::Lease, r.id);
    p.put(&good)?;
    let r = p.request()?;
    p.put(&unsigned(Kind::Lease, r.id))?;
    p.hold()
}

macro_rules! scenarios {
    ($($name:literal, $keyed:literal, $expected:literal, $script:expr;)*) => {
        /// All of them.
        pub(crate) const SCENARIOS: &[Scenario] = &[$(Scenario {
            name: $name, keyed: $keyed, expected: $expected, script: $script,
        },)*];
    };
}

scenarios! {
    // Before anything is asked.
    "says nothing at all", false, "connect-limit", Peer::hold;
    "closes at once", false, "no-connection", |_| Ok(());
    "closes within the introduction", false, "no-connection", |p| p.put(&INTRODUCTION[..5]);
    "another version", false, "no-connection", |p| introduce_as(p, 99, 24);
    "version 0", false, "no-connection", |p| introduce_as(p, 0, 24);
    "header size 20", false, "no-connection", |p| introduce_as(p, 100, 20);
    "header size 0", false, "no-connection", |p| introduce_as(p, 100, 0);
    "header size 4 GiB", false, "no-connection", |p| introduce_as(p, 100, u32::MAX);
    "header size 28", false, "success", larger_header;
    "speaks without being asked", false, "some-error", unsolicited;

    // Answers that are none.
    "never answers", false, "limit", |p| { p.introduce()?; p.hold() };
    "half an answer, then silence", false, "limit", |p| half_then(p, false);
    "half an answer, then the end", false, "error", |p| half_then(p, true);
    "byte by byte", false, "success", |p| {
        p.introduce()?;
        let r = p.request()?;
        drip(p, &unsigned(Kind::Lease, r.id))?;
        p.hold()
    };
    "unknown rid", false, "error", |p| answer(p, |id| unsigned(Kind::Lease, id ^ 1));
    "rid 0", false, "error", |p| answer(p, |_| unsigned(Kind::Lease, 0));
    "answers twice", false, "second-fails", |p| answer(p, |id| {
        let mut bytes = unsigned(Kind::Lease, id);
        bytes.extend_from_slice(&bytes.clone());
        bytes
    });
    "unknown operation", false, "error", |p| answer(p, |id| message(77, id, &[], &[]));
    "asks back", false, "error", |p| answer(p, |id| {
        message(op::OPEN, id, &[(b"type", Value::Bytes(b"lease"))], &[])
    });
    "no values", false, "error", |p| answer(p, |id| message(op::UPDATE, id, &[], &[]));
    "status without result", false, "error", |p| answer(p, |id| message(op::STATUS, id, &[], &[]));
    "result of three bytes", false, "error", |p| answer(p, |id| {
        message(op::STATUS, id, &[(b"result", Value::Bytes(&[0, 0, 0]))], &[])
    });
    "signature without a key", false, "error", |p| answer(p, |id| {
        let mut bytes = declared(Kind::Lease, id, 5, 32);
        bytes.extend_from_slice(&[0; 32]);
        bytes
    });
    "garbage", false, "error", |p| answer(p, |_| vec![0xff; 4096]);

    // More than a client should hold.
    "a value of 4 GiB", false, "error", |p| answer(p, |id| {
        let mut bytes = start_of_values(id);
        bytes.extend_from_slice(b"\0\x05state\xff\xff\xff\xf0abc");
        bytes
    });
    "a signature of 2 GiB", false, "error", |p| answer(p, |id| {
        declared(Kind::Lease, id, 0, 0x7fff_ffff)
    });
    "a value of 1 GiB that comes", false, "error", |p| {
        p.introduce()?;
        let r = p.request()?;
        p.put(&start_of_values(r.id))?;
        p.put(b"\0\x05state\x40\0\0\0")?;
        flood(p, &[0x55])
    };
    "values without end", false, "error", |p| {
        p.introduce()?;
        let r = p.request()?;
        p.put(&start_of_values(r.id))?;
        flood(p, b"\0\x05state\0\0\0\x04\0\0\0\x02")
    };

    // Authentication: what a good server does, and every deviation.
    "key: a good server", true, "success", |p| answer_keyed(p, |p, id| p.signed(Kind::Lease, id));
    "key: byte by byte", true, "success", |p| {
        p.authenticate()?;
        let r = p.request()?;
        let good = p.signed(Kind::Lease, r.id);
        drip(p, &good)?;
        p.hold()
    };
    "key: unsigned answer", true, "error", |p| answer_keyed(p, |_, id| unsigned(Kind::Lease, id));
    "key: unsigned success", true, "error", |p| answer_keyed(p, |_, id| unsigned(Kind::Success, id));
    "key: length 0 and the right id", true, "error", |p| answer_keyed(p, |_, id| {
        declared(Kind::Lease, id, AUTHID, 0)
    });
    "key: length 0, right id, success", true, "error", |p| answer_keyed(p, |_, id| {
        declared(Kind::Success, id, AUTHID, 0)
    });
    "key: wrong secret", true, "error", |p| answer_keyed(p, |_, id| {
        sign(&SigningKey::new(ALGORITHM, b"something else"), AUTHID, Kind::Lease, id)
    });
    "key: wrong id", true, "error", |p| answer_keyed(p, |p, id| {
        sign(&p.key, AUTHID + 1, Kind::Lease, id)
    });
    "key: changed after signing", true, "error", |p| answer_keyed(p, |p, id| {
        let mut bytes = p.signed(Kind::Lease, id);
        let state = 26 + 2 + 5 + 4 + 3;
        bytes[state] = 1;
        bytes
    });
    "key: half a signature", true, "error", |p| answer_keyed(p, |p, id| {
        // Half of the right digest of a message that says so.
        let mut bytes = Vec::new();
        let range = encode(&mut bytes, Kind::Lease, id).finish(AUTHID, 16);
        p.key.append_signature(&mut bytes, range);
        bytes.truncate(bytes.len() - 16);
        bytes
    });
    "key: good signature, unknown rid", true, "error", |p| answer_keyed(p, |p, id| {
        p.signed(Kind::Lease, id ^ 1)
    });
    "key: says the key is wrong", true, "error", |p| answer_keyed(p, |_, id| {
        message(op::STATUS, id, &[(b"result", Value::Int(0x6000b))], &[])
    });
    "key: second answer unsigned", true, "second-fails", second_unsigned;
    "key: handle 0", true, "no-connection", |p| answer_key(p, |id| key_object(id, 0));
    "key: bare success", true, "no-connection", |p| answer_key(p, |id| unsigned(Kind::Success, id));
    "key: not found", true, "no-connection", |p| answer_key(p, |id| {
        message(op::STATUS, id, &[(b"result", Value::Int(23))], &[])
    });
    "key: another request's answer", true, "no-connection", |p| answer_key(p, |id| {
        key_object(id ^ 1, AUTHID)
    });
    "key: hangs up", true, "no-connection", |p| { p.introduce()?; p.request()?; Ok(()) };
    "key: never answers", true, "connect-limit", |p| { p.introduce()?; p.hold() };
}
