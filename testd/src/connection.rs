//! One client: its messages, its keys, its answers.

use crate::answer::Envelope;
use crate::database::Database;
use crate::objects::ObjectRef;
use crate::request::{self, Outcome};
use omapi::auth::Key;
use omapi::status::Status;
use omapi::wire::{Frame, INTRODUCTION, Introduction, Limits, Scanner};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much is read at once, and answered with one write.
const READ: usize = 64 * 1024;

/// Why a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The client closed it, or broke the protocol.
    Closed,
    /// The client has ended the whole server.
    Shutdown,
}

/// Serves a client until the end of its connection.
pub(crate) fn serve(mut stream: TcpStream, db: &Mutex<Database>) -> io::Result<End> {
    // Answers are written whole; waiting for more would only delay them.
    stream.set_nodelay(true)?;
    stream.write_all(&INTRODUCTION)?;
    let mut session = Session::new();
    let mut input = Vec::new();
    let mut output = Vec::new();
    let mut piece = vec![0; READ];
    loop {
        let n = match stream.read(&mut piece) {
            Ok(0) => return Ok(End::Closed),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        input.extend_from_slice(&piece[..n]);
        let end = session.take(&mut input, &mut output, db);
        stream.write_all(&output)?;
        output.clear();
        if let Some(end) = end {
            return Ok(end);
        }
    }
}

/// What is known about a client.
struct Session {
    limits: Limits,
    /// Missing before the client's introduction.
    scanner: Option<Scanner>,
    next_id: u32,
    /// Handles of the authenticators opened here, with their keys.
    keys: Vec<(u32, Key)>,
}

impl Session {
    fn new() -> Self {
        Self {
            limits: Limits::default(),
            scanner: None,
            // The first id is random in dhcpd, too; nothing depends on it.
            next_id: RandomState::new().hash_one(0) as u32,
            keys: Vec::new(),
        }
    }

    /// Takes the whole messages from the front of `input` and appends the
    /// answers to `output`. `Some` when the connection is to be closed.
    fn take(
        &mut self,
        input: &mut Vec<u8>,
        output: &mut Vec<u8>,
        db: &Mutex<Database>,
    ) -> Option<End> {
        let mut at = 0;
        let end = loop {
            let Some(scanner) = &mut self.scanner else {
                match Introduction::decode(&input[at..], &self.limits) {
                    Ok(None) => break None,
                    Ok(Some(intro)) => {
                        at += Introduction::LEN;
                        self.scanner = Some(Scanner::new(intro.header_size, self.limits));
                        continue;
                    }
                    Err(_) => break Some(End::Closed),
                }
            };
            let span = match scanner.scan(&input[at..]) {
                Ok(None) => break None,
                Ok(Some(span)) => span,
                Err(_) => break Some(End::Closed),
            };
            let frame = Frame::new(&input[at..], span);
            if let Some(end) = self.answer(&frame, output, &mut lock(db)) {
                break Some(end);
            }
            at += span.len();
        };
        input.drain(..at);
        end
    }

    /// Answers one message.
    fn answer(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>, db: &mut Database) -> Option<End> {
        let header = frame.header();
        let mut envelope = Envelope {
            id: self.next_id,
            rid: header.id,
            signer: None,
        };
        if header.authid != 0 {
            // A handle that was not opened on this connection ends it.
            let Some((handle, key)) = self.keys.iter().find(|(h, _)| *h == header.authid) else {
                return Some(End::Closed);
            };
            if key.verify(&frame.signed(), frame.signature()) {
                envelope.signer = Some((*handle, key));
            } else {
                envelope.status(out, Status::INVALID_KEY, "");
                self.next_id = self.next_id.wrapping_add(1);
                return None;
            }
        }
        let outcome = request::serve(db, frame, envelope.signer.is_some());
        if db.shutdown {
            // dhcpd sends nothing more, not even an answer to this request.
            return Some(End::Shutdown);
        }
        let mut opened = None;
        let object = match outcome {
            Outcome::Drop => return Some(End::Closed),
            Outcome::Status(code, text) => {
                envelope.status(out, code, text);
                None
            }
            Outcome::Transient(kind) => Some(Err(kind)),
            Outcome::Object(object) => Some(Ok(object)),
            Outcome::Authenticated(at) => {
                opened = Some(at);
                Some(Ok(ObjectRef::Authenticator(at)))
            }
        };
        if let Some(object) = object
            && envelope.object(out, db, object).is_err()
        {
            // Values too long for the wire; the message was taken back.
            envelope.status(out, Status::INVALID_ARGUMENT, "");
        }
        if let Some(at) = opened
            && let Some(handle) = db.handles.known(ObjectRef::Authenticator(at))
            && self.keys.iter().all(|(h, _)| *h != handle)
        {
            self.keys.push((handle, db.authenticators[at].key.clone()));
        }
        self.next_id = self.next_id.wrapping_add(1);
        None
    }
}

/// The database. A connection that panicked (none should) leaves it usable:
/// no object is ever half written.
fn lock(db: &Mutex<Database>) -> MutexGuard<'_, Database> {
    db.lock().unwrap_or_else(PoisonError::into_inner)
}
