//! What must hold for any bytes whatever.

use omapi::auth::{Algorithm, SigningKey};
use omapi::client::{Answered, Credentials, Reader, Received, Session};
use omapi::request::{Operation, Outcome, Request};
use omapi::server;
use omapi::wire::{Frame, INTRODUCTION, Introduction, Limits, Scanner, ValueList};
use std::sync::Arc;

/// Id of the first request in the recorded sessions.
pub const FIRST_ID: u32 = 0x1001;
/// Requests that are waiting for the server's answers.
const REQUESTS: usize = 8;

/// Small ones, so that short inputs reach them.
pub fn limits() -> Limits {
    Limits {
        header: 64,
        name: 300,
        value: 4096,
        values: 64,
        message: 16 * 1024,
        signature: 64,
    }
}

/// Sizes of pieces, from the input itself: what is found must not depend on
/// how the bytes arrive.
struct Pieces(u64);

impl Pieces {
    fn of(data: &[u8]) -> Self {
        let sum = data.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, &b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        Self(sum | 1)
    }

    fn next(&mut self, left: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let size = match self.0 % 4 {
            0 => 1,
            1 => self.0 as usize / 4 % 16 + 1,
            _ => self.0 as usize / 4 % 2048 + 1,
        };
        size.min(left)
    }
}

/// Messages one after the other, in one piece and in several.
pub fn decoder(data: &[u8]) {
    let limits = limits();
    let mut whole = Scanner::new(24, limits);
    let mut rest = data;
    let mut pieces = Pieces::of(data);
    loop {
        let found = whole.scan(rest);
        let mut piecemeal = Scanner::new(24, limits);
        let mut seen = 0;
        let in_pieces = loop {
            match piecemeal.scan(&rest[..seen]) {
                Ok(None) if seen < rest.len() => seen += pieces.next(rest.len() - seen),
                other => break other,
            }
        };
        assert_eq!(found, in_pieces);
        let Ok(Some(span)) = found else { break };
        assert!((28..=limits.message).contains(&span.len()) && span.len() <= rest.len());
        let frame = Frame::new(rest, span);
        let count = [frame.message_values(), frame.object_values()]
            .iter()
            .map(values)
            .sum::<usize>();
        assert!(count <= limits.values);
        assert!(frame.signature().len() <= limits.signature as usize);
        let signed: usize = frame.signed().iter().map(|part| part.len()).sum();
        assert!(signed + frame.signature().len() <= span.len());
        rest = &rest[span.len()..];
    }
    let _ = Introduction::decode(data, &limits);
}

/// How many values there are; each lies within the list.
fn values(list: &ValueList<'_>) -> usize {
    let mut bytes = 0;
    let mut count = 0;
    for (name, value) in list.iter() {
        bytes += 6 + name.len() + value.len();
        count += 1;
    }
    assert!(bytes <= list.as_bytes().len());
    let _ = (list.get(b"state"), list.get_u32(b"result"));
    count
}

fn credentials() -> Credentials {
    Credentials {
        name: b"test_key".to_vec(),
        algorithm: b"hmac-sha256.".to_vec(),
        key: Some(Arc::new(SigningKey::new(
            Algorithm::Sha256,
            b"not the server's",
        ))),
    }
}

/// Everything that a server sent on one connection. Returns how many requests
/// it answered.
pub fn server(data: &[u8], keyed: bool) -> usize {
    let mut session: Session<usize> = Session::new(FIRST_ID, keyed.then(credentials));
    session.start().expect("a short name");
    let mut reader = Reader::new(limits());
    let mut completed = [0; REQUESTS];
    for ticket in 0..REQUESTS {
        let request = Request {
            operation: Operation::Refresh,
            handle: 1,
            attributes: ValueList::from_bytes(&[]),
        };
        session.submit(&request, ticket).expect("nothing to encode");
    }
    let sent = session.sendable(false).len();
    session.sent(sent);

    let mut pieces = Pieces::of(data);
    let mut rest = data;
    'connection: while !rest.is_empty() {
        let space = reader.space();
        // Only what is there counts, twice over: nothing that a length
        // announces makes the buffer grow.
        assert!(space.len() <= 2 * limits().message + 64 * 1024);
        let n = pieces.next(rest.len()).min(space.len());
        space[..n].copy_from_slice(&rest[..n]);
        reader.filled(n);
        rest = &rest[n..];
        loop {
            let (rid, size, outcome) = match reader.receive() {
                Err(_) => break 'connection,
                Ok(None) => break,
                Ok(Some(Received::Introduction)) => continue,
                Ok(Some(Received::Answer(rid, size, outcome))) => (rid, size, outcome),
            };
            if let Outcome::Object { attributes, .. } = outcome {
                assert!(values(&attributes) > 0, "an object without attributes");
            }
            match session.answered(rid, size) {
                None => break 'connection,
                Some(Answered::Ticket(ticket)) => completed[ticket] += 1,
                Some(Answered::Authenticator) => match session.authenticated(&outcome) {
                    Ok(signer) => reader.verify_with(signer),
                    Err(status) => {
                        assert!(!status.is_success());
                        break 'connection;
                    }
                },
            }
        }
    }
    let answered = completed.iter().sum();
    for ticket in session.abandon() {
        completed[ticket] += 1;
    }
    assert_eq!(completed, [1; REQUESTS], "each request ends once");
    answered
}

/// A store that answers with what it was asked.
#[derive(Default)]
struct Echo {
    handles: u32,
    served: usize,
    /// Answers are kept, every other one for longer.
    late: bool,
    kept: Vec<(server::Token, Vec<u8>)>,
}

impl server::Store for Echo {
    fn has_type(&self, name: &[u8]) -> bool {
        name == b"host" || name == b"lease"
    }

    fn new_handle(&mut self, id: u32) -> Option<u32> {
        self.handles += 1;
        (id != 0).then_some(self.handles)
    }

    fn submit(&mut self, request: &Request<'_>, reply: server::Reply<'_>) {
        self.served += 1;
        values(&request.attributes);
        if self.late {
            let attributes = request.attributes.as_bytes().to_vec();
            self.kept.push((reply.later(), attributes));
            return;
        }
        reply.answer(Outcome::Object {
            handle: request.handle,
            attributes: request.attributes,
        });
    }
}

/// Everything that a client sent on one connection, in pieces or not. Returns
/// what it was answered and how its session ended.
fn session(
    data: &[u8],
    keyed: bool,
    late: bool,
    mut pieces: Option<Pieces>,
) -> (Vec<u8>, Option<server::End>, usize) {
    const UNSENT: usize = 2000;
    let mut keyring = server::Keyring::new();
    keyring.add(
        b"test_key",
        SigningKey::new(Algorithm::Sha256, b"not the client's"),
    );
    if keyed {
        keyring.require(b"TEST_KEY").expect("it is there");
    }
    let config = server::Config {
        limits: limits(),
        keyring,
        unsent: UNSENT,
        outstanding: 3,
    };
    let mut session = server::Session::new(Arc::new(config), FIRST_ID);
    let mut store = Echo {
        late,
        ..Echo::default()
    };
    let mut sent = Vec::new();
    let mut rest = data;
    loop {
        let served = session.serve(&mut store);
        assert!(session.sendable().len() <= UNSENT + 4 * limits().message);
        assert!(store.kept.len() <= 3);
        let idle = session.wants_input();
        while store.kept.len() > usize::from(idle && !rest.is_empty()) {
            let (token, attributes) = store.kept.swap_remove(0);
            session.answer(
                token,
                Outcome::Object {
                    handle: 1,
                    attributes: ValueList::from_bytes(&attributes),
                },
            );
        }
        sent.extend_from_slice(session.sendable());
        session.sent(session.sendable().len());
        if let Err(end) = served {
            return (sent, Some(end), store.served);
        }
        if !idle {
            continue;
        }
        if rest.is_empty() {
            assert!(!session.has_outstanding());
            return (sent, None, store.served);
        }
        let space = session.space();
        assert!(space.len() <= 2 * limits().message + 64 * 1024);
        let piece = pieces.as_mut().map_or(rest.len(), |p| p.next(rest.len()));
        let n = piece.min(space.len());
        space[..n].copy_from_slice(&rest[..n]);
        session.filled(n);
        rest = &rest[n..];
    }
}

/// Any bytes as all that a client sends. Returns how many requests got to the
/// store.
pub fn client(data: &[u8], keyed: bool) -> usize {
    let whole = session(data, keyed, false, None);
    let in_pieces = session(data, keyed, false, Some(Pieces::of(data)));
    assert!(whole == in_pieces, "it matters how the bytes arrive");
    let late = session(data, keyed, true, Some(Pieces::of(data)));
    assert_eq!((late.1, late.2), (whole.1, whole.2));
    // What it was answered are messages.
    let (answers, _, served) = whole;
    let mut rest = answers.strip_prefix(&INTRODUCTION).expect("first of all");
    let mut scanner = Scanner::new(24, Limits::default());
    while !rest.is_empty() {
        let span = scanner.scan(rest).expect("our messages").expect("whole");
        rest = &rest[span.len()..];
    }
    served
}
