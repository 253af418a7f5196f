//! The session against messages written by hand, with a store that answers late
//! and one that answers at once.

use super::*;
use crate::auth::{Algorithm, SigningKey, complete_name};
use crate::refusals;
use crate::request::{Operation, Outcome, Request};
use crate::status::Status;
use crate::wire::{Encoder, Frame, Header, INTRODUCTION, Limits, Scanner, Value, ValueList, op};
use std::collections::VecDeque;
use std::sync::Arc;

/// Names and values, as they are on the wire.
type Values<'a> = &'a [(&'a str, &'a [u8])];

const FIRST_ID: u32 = u32::MAX - 1;
const NO: Values<'static> = &[];
const YES: &[u8] = &[0, 0, 0, 1];

fn list(values: Values<'_>) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, value) in values {
        Encoder::put(&mut list, name.as_bytes(), Value::Bytes(value)).unwrap();
    }
    list
}

/// A request without its signature.
fn header(op: u32, handle: u32, id: u32) -> Header {
    Header {
        op,
        handle,
        id,
        ..Header::default()
    }
}

fn encode(h: Header, message: Values<'_>, object: Values<'_>, key: Option<&SigningKey>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut e = Encoder::begin(&mut out, h.op, h.handle, h.id, h.rid);
    e.values(ValueList::from_bytes(&list(message)));
    e.next_list();
    e.values(ValueList::from_bytes(&list(object)));
    let range = e.finish(h.authid, key.map_or(0, |k| k.algorithm().len() as u32));
    if let Some(key) = key {
        key.append_signature(&mut out, range);
    }
    out
}

fn open(id: u32, message: Values<'_>, object: Values<'_>) -> Vec<u8> {
    encode(header(op::OPEN, 0, id), message, object, None)
}

fn refresh(id: u32) -> Vec<u8> {
    encode(header(op::REFRESH, 7, id), NO, NO, None)
}

/// A message of the server.
#[derive(Debug, PartialEq, Eq)]
struct Got {
    header: Header,
    /// Message values, then object values.
    values: [Vec<u8>; 2],
    verified: bool,
}

impl Got {
    /// What a status says.
    fn status(&self) -> (Status, String) {
        assert_eq!((self.header.op, self.header.handle), (op::STATUS, 0));
        let values = ValueList::from_bytes(&self.values[0]);
        let text = values.get(b"message").unwrap_or_default();
        assert_eq!(
            values.iter().count(),
            1 + usize::from(!text.is_empty()),
            "no more than result and message"
        );
        let text = String::from_utf8(text.to_vec()).unwrap();
        (Status(values.get_u32(b"result").unwrap()), text)
    }

    fn object(&self) -> (u32, ValueList<'_>) {
        assert_eq!(self.header.op, op::UPDATE);
        assert!(self.values[0].is_empty());
        (self.header.handle, ValueList::from_bytes(&self.values[1]))
    }
}

/// A store that keeps every request, until the test answers it.
#[derive(Default)]
struct Late {
    kept: VecDeque<(Asked, Token)>,
    handles: u32,
}

/// A request as the store sees it.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    operation: String,
    handle: u32,
    attributes: Vec<u8>,
    id: u32,
}

impl Store for Late {
    fn has_type(&self, name: &[u8]) -> bool {
        name == b"host" || name == b"lease"
    }

    fn new_handle(&mut self, id: u32) -> Option<u32> {
        self.handles += 1;
        (id != 0).then_some(100 + self.handles)
    }

    fn submit(&mut self, request: &Request<'_>, reply: Reply<'_>) {
        let operation = match request.operation {
            Operation::Open { object_type, flags } => {
                let name = String::from_utf8(object_type.unwrap().to_vec()).unwrap();
                format!("open {name} {flags}")
            }
            other => format!("{other:?}").to_lowercase(),
        };
        let asked = Asked {
            operation,
            handle: request.handle,
            attributes: request.attributes.as_bytes().to_vec(),
            id: reply.id(),
        };
        self.kept.push_back((asked, reply.later()));
    }
}

/// A store that answers every request with an object of that many bytes.
struct Prompt {
    size: usize,
    served: usize,
}

impl Store for Prompt {
    fn has_type(&self, _: &[u8]) -> bool {
        true
    }

    fn new_handle(&mut self, _: u32) -> Option<u32> {
        None
    }

    fn submit(&mut self, request: &Request<'_>, reply: Reply<'_>) {
        self.served += 1;
        if request.handle == u32::MAX {
            return reply.hang_up();
        }
        let attributes = list(&[("name", &vec![7; self.size])]);
        reply.answer(Outcome::Object {
            handle: 9,
            attributes: ValueList::from_bytes(&attributes),
        });
    }
}

fn key() -> SigningKey {
    SigningKey::new(Algorithm::Sha256, b"secret")
}

/// `boss` and `other`, which do not differ by algorithm.
fn keyring() -> Keyring {
    let mut keyring = Keyring::new();
    keyring.add(b"Boss", key());
    keyring.add(
        b"other",
        SigningKey::new(Algorithm::Sha256, b"other secret"),
    );
    keyring
}

fn server(config: Config) -> Session {
    let mut session = Session::new(Arc::new(config), FIRST_ID);
    assert_eq!(session.sendable(), INTRODUCTION);
    session.sent(INTRODUCTION.len());
    receive(&mut session, &INTRODUCTION);
    session
}

fn required() -> Config {
    let mut keyring = keyring();
    keyring.require(b"bOSS").unwrap();
    Config {
        keyring,
        ..Config::default()
    }
}

fn receive(session: &mut Session, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let space = session.space();
        let n = bytes.len().min(space.len());
        space[..n].copy_from_slice(&bytes[..n]);
        session.filled(n);
        bytes = &bytes[n..];
    }
}

/// Everything that is sendable, as messages.
fn sent(session: &mut Session) -> Vec<Got> {
    let bytes = session.sendable().to_vec();
    session.sent(bytes.len());
    assert_eq!(session.sendable(), b"");
    let mut rest = &bytes[..];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let unlimited = Limits {
            value: usize::MAX,
            message: usize::MAX,
            ..Limits::default()
        };
        let span = Scanner::new(24, unlimited).scan(rest).unwrap().unwrap();
        let frame = Frame::new(rest, span);
        all.push(Got {
            header: frame.header(),
            values: [frame.message_values(), frame.object_values()].map(|v| v.as_bytes().to_vec()),
            verified: key().verify(&frame.signed(), frame.signature()),
        });
        rest = &rest[span.len()..];
    }
    all
}

/// Serves a message that the session answers by itself.
fn ask(session: &mut Session, message: &[u8]) -> Got {
    let mut store = Late::default();
    receive(session, message);
    assert_eq!(session.serve(&mut store), Ok(()));
    assert!(store.kept.is_empty());
    assert!(!session.has_outstanding());
    let mut answers = sent(session);
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.remove(0)
}

/// Serves a message that gets to the store.
fn store_asked(session: &mut Session, message: &[u8]) -> Asked {
    let mut store = Late::default();
    receive(session, message);
    assert_eq!(session.serve(&mut store), Ok(()));
    assert_eq!(store.kept.len(), 1);
    assert_eq!(session.sendable(), b"");
    let (asked, token) = store.kept.remove(0).unwrap();
    session.answer(token, Outcome::Lost(Status::NOT_CONNECTED));
    let answers = sent(session);
    assert_eq!(answers[0].status(), (Status::NOT_CONNECTED, String::new()));
    asked
}

fn refused(got: &Got) -> (Status, String) {
    assert_eq!((got.header.authid, got.header.authlen), (0, 0));
    got.status()
}

fn text(code: Status, text: &str) -> (Status, String) {
    (code, text.to_owned())
}

/// The open of a key.
fn open_key(id: u32, flags: &[&str], object: Values<'_>) -> Vec<u8> {
    let mut message = vec![("type", &b"authenticator"[..])];
    message.extend(flags.iter().map(|flag| (*flag, YES)));
    open(id, &message, object)
}

fn sha256() -> Vec<u8> {
    complete_name(b"hmac-sha256")
}

/// Opens `boss` and returns its handle.
fn select(session: &mut Session) -> u32 {
    let got = ask(
        session,
        &open_key(5, &[], &[("name", b"BOSS"), ("algorithm", &sha256())]),
    );
    assert_eq!((got.header.authid, got.header.authlen), (0, 0));
    let (handle, values) = got.object();
    let expected = list(&[("name", b"Boss"), ("algorithm", &sha256())]);
    assert_eq!(values.as_bytes(), expected);
    handle
}

fn signed(op: u32, handle: u32, authid: u32) -> Vec<u8> {
    let header = Header {
        authid,
        ..header(op, handle, 6)
    };
    encode(header, NO, NO, Some(&key()))
}

#[test]
fn introductions() {
    for (intro, served) in [
        ([0, 0, 0, 100, 0, 0, 0, 24], Ok(())),
        ([0, 0, 0, 100, 0, 0, 4, 0], Ok(())),
        ([0, 0, 0, 99, 0, 0, 0, 24], Err(End::Violation)),
        ([0, 0, 0, 101, 0, 0, 0, 24], Err(End::Violation)),
        ([0, 0, 0, 100, 0, 0, 0, 23], Err(End::Violation)),
        ([0, 0, 0, 100, 0, 0, 4, 1], Err(End::Violation)),
    ] {
        let mut session = Session::new(Arc::default(), 1);
        for byte in &intro[..7] {
            receive(&mut session, &[*byte]);
            assert_eq!(session.serve(&mut Late::default()), Ok(()));
        }
        receive(&mut session, &intro[7..]);
        assert_eq!(session.serve(&mut Late::default()), served, "{intro:?}");
        assert_eq!(session.sendable(), INTRODUCTION);
        assert_eq!(session.wants_input(), served.is_ok());
    }
}

#[test]
fn a_wider_header_is_the_clients_alone() {
    let mut session = Session::new(Arc::default(), 1);
    receive(&mut session, &[0, 0, 0, 100, 0, 0, 0, 26]);
    let narrow = refresh(3);
    receive(
        &mut session,
        &[&narrow[..24], b"xx", &narrow[24..]].concat(),
    );
    let mut store = Prompt { size: 1, served: 0 };
    assert_eq!(session.serve(&mut store), Ok(()));
    session.sent(INTRODUCTION.len());
    assert_eq!(sent(&mut session)[0].header.rid, 3);
}

#[test]
fn what_the_store_is_asked() {
    let mut session = server(Config::default());
    let object: Values<'_> = &[("name", b"a"), ("name", b"b"), ("null", b"")];
    let asked = |operation: &str, handle| Asked {
        operation: operation.into(),
        handle,
        attributes: list(object),
        id: 4,
    };
    for (op, handle, message, expected) in [
        (
            op::OPEN,
            0,
            &[("type", &b"host"[..])][..],
            asked("open host 0", 0),
        ),
        (
            op::OPEN,
            8,
            &[
                ("exclusive", YES),
                ("create", YES),
                ("type", b"lease"),
                ("x", b""),
            ],
            asked("open lease 5", 8),
        ),
        (
            op::OPEN,
            0,
            &[("type", b"host"), ("update", YES), ("create", &[0; 4])],
            asked("open host 2", 0),
        ),
        // Without a type that the store has, it is about the handle.
        (op::OPEN, 8, &[], asked("refresh", 8)),
        (
            op::OPEN,
            8,
            &[("type", b""), ("update", YES)],
            asked("refresh", 8),
        ),
        (op::OPEN, 8, &[("type", b"Host")], asked("refresh", 8)),
        (op::REFRESH, 8, &[], asked("refresh", 8)),
        (op::UPDATE, 0, &[], asked("update", 0)),
        (op::DELETE, u32::MAX, &[], asked("remove", u32::MAX)),
    ] {
        let message = encode(header(op, handle, 4), message, object, None);
        assert_eq!(store_asked(&mut session, &message), expected);
    }
}

#[test]
fn what_the_session_refuses() {
    let mut session = server(Config::default());
    let required = text(Status::INVALID_ARGUMENT, refusals::TYPE_REQUIRED);
    let invalid = |name| text(Status::INVALID_ARGUMENT, name);
    for (message, expected) in [
        (open(1, &[("create", YES)], NO), required.clone()),
        (
            open(1, &[("create", YES), ("type", b"")], NO),
            required.clone(),
        ),
        (
            open(1, &[("create", YES), ("type", b"hosts")], NO),
            required,
        ),
        (
            open(1, &[("type", b"host"), ("create", b"1")], NO),
            invalid(refusals::INVALID_CREATE_FLAG),
        ),
        // Before the type is looked at.
        (
            open(1, &[("create", YES), ("update", &[0; 5])], NO),
            invalid(refusals::INVALID_UPDATE_FLAG),
        ),
        (
            encode(header(op::NOTIFY, 7, 1), NO, NO, None),
            text(Status::NOT_IMPLEMENTED, refusals::NO_NOTIFY),
        ),
    ] {
        let got = ask(&mut session, &message);
        assert_eq!((got.header.rid, refused(&got)), (1, expected));
    }
}

#[test]
fn ids_count_messages_and_wrap() {
    let mut session = server(Config::default());
    let notify = encode(header(op::NOTIFY, 0, 0), NO, NO, None);
    let ids = [(); 4].map(|()| ask(&mut session, &notify).header.id);
    assert_eq!(ids, [FIRST_ID, u32::MAX, 0, 1]);
}

/// The client broke the protocol: nothing is answered, then or later.
#[test]
fn violations() {
    let answer_to = Header {
        rid: 1,
        ..header(op::REFRESH, 0, 1)
    };
    let unopened = Header {
        authid: 101,
        ..header(op::REFRESH, 0, 1)
    };
    let plain = |op| encode(header(op, 0, 1), NO, NO, None);
    let long = vec![0; Limits::default().value + 1];
    for message in [
        plain(0),
        plain(op::STATUS),
        plain(7),
        plain(u32::MAX),
        encode(answer_to, NO, NO, None),
        encode(unopened, NO, NO, None),
        encode(unopened, NO, NO, Some(&key())),
        open(1, &[("type", b"host")], &[("name", &long)]),
    ] {
        let mut session = server(Config::default());
        receive(&mut session, &[&message[..], &refresh(2)].concat());
        let mut store = Late::default();
        for _ in 0..2 {
            assert_eq!(session.serve(&mut store), Err(End::Violation));
            assert!(store.kept.is_empty() && !session.wants_input());
            assert_eq!(session.sendable(), b"");
        }
    }
}

#[test]
fn a_key_signs_once_it_is_opened() {
    for (config, serves_unsigned) in [
        (required(), false),
        (
            Config {
                keyring: keyring(),
                ..Config::default()
            },
            true,
        ),
    ] {
        let mut session = server(config);
        let unsigned = |session: &mut Session| {
            if serves_unsigned {
                assert_eq!(store_asked(session, &refresh(2)).operation, "refresh");
                return;
            }
            let expected = text(Status::NO_KEYS, refusals::NO_AUTHENTICATOR);
            // Nobody tells what is behind an operation.
            for op in [
                op::OPEN,
                op::REFRESH,
                op::UPDATE,
                op::NOTIFY,
                op::DELETE,
                0,
                77,
            ] {
                let message = encode(header(op, 0, 2), &[("type", b"host")], NO, None);
                assert_eq!(refused(&ask(session, &message)), expected, "{op}");
            }
        };
        unsigned(&mut session);
        let handle = select(&mut session);
        assert_eq!(select(&mut session), handle, "opened again");
        unsigned(&mut session);

        let message = signed(op::REFRESH, 7, handle);
        let mut store = Late::default();
        receive(&mut session, &message);
        session.serve(&mut store).unwrap();
        let (asked, token) = store.kept.remove(0).unwrap();
        assert_eq!((asked.operation.as_str(), asked.id), ("refresh", 6));
        let value = list(&[("name", b"x")]);
        session.answer(
            token,
            Outcome::Object {
                handle: 3,
                attributes: ValueList::from_bytes(&value),
            },
        );
        let got = sent(&mut session).remove(0);
        assert!(got.verified);
        assert_eq!((got.header.authid, got.header.authlen), (handle, 32));
        assert_eq!((got.header.rid, got.object().0), (6, 3));
        // What the session says itself is signed too.
        let got = ask(&mut session, &signed(op::NOTIFY, 7, handle));
        assert_eq!((got.verified, got.header.authid), (true, handle));

        // A signature that is wrong, cut short, missing, or of another message.
        let mut damaged = vec![message.clone(); 5];
        *damaged[0].last_mut().unwrap() ^= 1;
        damaged[1].pop();
        damaged[1][7] -= 1;
        damaged[2].truncate(message.len() - 32);
        damaged[2][7] = 0;
        damaged[3][15] ^= 1;
        damaged[4][23] ^= 1; // an answer, if it could be believed
        for message in damaged {
            let got = ask(&mut session, &message);
            assert_eq!(refused(&got), text(Status::INVALID_KEY, ""));
        }
        // A signature without an authenticator is none.
        unsigned(&mut session);
        let mut nobody = message.clone();
        nobody[..4].fill(0);
        if serves_unsigned {
            store_asked(&mut session, &nobody);
        } else {
            let got = ask(&mut session, &nobody);
            assert_eq!(refused(&got).0, Status::NO_KEYS);
        }
    }
}

#[test]
fn keys_that_cannot_be_opened() {
    let mut session = server(required());
    let sha256 = &sha256()[..];
    let boss = ("name", &b"boss"[..]);
    let missed = text(Status::NOT_FOUND, refusals::NO_OBJECT_MATCHES);
    let cannot_create = text(Status::NOT_IMPLEMENTED, refusals::CANNOT_CREATE);
    let md5 = &complete_name(b"hmac-md5")[..];
    let both: Values<'_> = &[boss, ("algorithm", sha256)];
    for (flags, object, expected) in [
        (&[][..], &[][..], cannot_create.clone()),
        (&[], &[boss], missed.clone()),
        (&[], &[("algorithm", sha256)], missed.clone()),
        (&[], &[("name", b""), ("algorithm", sha256)], missed.clone()),
        (
            &[],
            &[("name", b"bos"), ("algorithm", sha256)],
            missed.clone(),
        ),
        (&[], &[boss, ("algorithm", md5)], missed.clone()),
        (&[], &[boss, ("algorithm", b"hmac-sha256")], missed),
        (&["create"], &[boss], cannot_create),
        (
            &["create", "exclusive"],
            both,
            text(Status::EXISTS, refusals::ALREADY_EXISTS),
        ),
        (
            &["create"],
            both,
            text(Status::SUCCESS, refusals::CANNOT_UPDATE),
        ),
        (
            &["update"],
            both,
            text(Status::SUCCESS, refusals::CANNOT_UPDATE),
        ),
        (
            &[],
            &[("name", b"other"), ("algorithm", sha256)],
            text(Status::INVALID_KEY, refusals::CANNOT_SELECT_AUTHENTICATOR),
        ),
    ] {
        let got = ask(&mut session, &open_key(5, flags, object));
        assert_eq!(refused(&got), expected, "{flags:?} {object:?}");
    }
    // None of them gave anything to sign with.
    receive(&mut session, &signed(op::REFRESH, 7, 101));
    assert_eq!(session.serve(&mut Late::default()), Err(End::Violation));
}

#[test]
fn a_required_key_has_to_exist() {
    let mut keyring = keyring();
    assert_eq!(keyring.require(b"bos"), Err(UnknownKey));
    assert_eq!(UnknownKey.to_string(), "there is no key of that name");
    assert!(!keyring.is_required());
    assert_eq!(keyring.require(b"OTHER"), Ok(()));
    assert!(keyring.is_required());
}

#[test]
fn keys_are_objects_of_all_connections() {
    let config = Arc::new(Config {
        keyring: keyring(),
        ..Config::default()
    });
    let mut store = Late::default();
    let both: Values<'_> = &[("name", b"boss"), ("algorithm", &sha256())];
    let mut sessions = [0, 1].map(|_| Session::new(Arc::clone(&config), 1));
    let mut handles = Vec::new();
    for session in &mut sessions {
        session.sent(INTRODUCTION.len());
        receive(session, &INTRODUCTION);
        receive(session, &open_key(5, &[], both));
        session.serve(&mut store).unwrap();
        handles.push(sent(session)[0].object().0);
    }
    assert_eq!((handles, store.handles), (vec![101, 101], 1));

    // The handle is known where it was not opened, and does not sign there.
    let mut session = Session::new(Arc::clone(&config), 1);
    session.sent(INTRODUCTION.len());
    receive(&mut session, &INTRODUCTION);
    let at_handle = |op| encode(header(op, 101, 5), NO, NO, None);
    for (op, expected) in [
        (
            op::UPDATE,
            text(Status::SUCCESS, refusals::CANNOT_UPDATE_AUTHENTICATOR),
        ),
        (
            op::DELETE,
            text(Status::NOT_IMPLEMENTED, refusals::NO_REMOVE_METHOD),
        ),
    ] {
        assert_eq!(refused(&ask(&mut session, &at_handle(op))), expected);
    }
    for op in [op::REFRESH, op::OPEN] {
        let got = ask(&mut session, &at_handle(op));
        let expected = list(&[("name", b"Boss"), ("algorithm", &sha256())]);
        assert_eq!(
            (got.object().0, got.object().1.as_bytes()),
            (101, &expected[..])
        );
    }
    receive(&mut session, &signed(op::REFRESH, 7, 101));
    assert_eq!(session.serve(&mut store), Err(End::Violation));
}

#[test]
fn a_key_without_a_handle_does_not_sign() {
    let mut session = server(Config {
        keyring: keyring(),
        ..Config::default()
    });
    let both: Values<'_> = &[("name", b"boss"), ("algorithm", &sha256())];
    // The store gives none for the id 0.
    assert_eq!(ask(&mut session, &open_key(0, &[], both)).object().0, 0);
    // The handle 0 is none, not the key's.
    let operation = store_asked(
        &mut session,
        &encode(header(op::REFRESH, 0, 1), NO, NO, None),
    );
    assert_eq!(operation.operation, "refresh");
    assert_ne!(select(&mut session), 0);
    // With the id 0 too, once there is one.
    assert_ne!(ask(&mut session, &open_key(0, &[], both)).object().0, 0);
}

#[test]
fn a_handle_from_another_connection_does_not_sign() {
    let config = Arc::new(Config {
        keyring: keyring(),
        ..Config::default()
    });
    let both: Values<'_> = &[("name", b"boss"), ("algorithm", &sha256())];
    let [mut session, mut other] = [0, 1].map(|_| {
        let mut session = Session::new(Arc::clone(&config), 1);
        session.sent(INTRODUCTION.len());
        receive(&mut session, &INTRODUCTION);
        session
    });
    // Opened here before there was a handle, and there with one.
    assert_eq!(ask(&mut session, &open_key(0, &[], both)).object().0, 0);
    let handle = select(&mut other);
    receive(&mut session, &signed(op::REFRESH, 7, handle));
    assert_eq!(session.serve(&mut Late::default()), Err(End::Violation));
}

#[test]
fn answers_come_late_and_in_any_order() {
    let mut session = server(Config::default());
    let mut store = Late::default();
    let ids = [11, 12, 13, 14, 15];
    for id in ids {
        receive(&mut session, &refresh(id));
    }
    // What needs no store is not kept waiting.
    receive(
        &mut session,
        &encode(header(op::NOTIFY, 0, 16), NO, NO, None),
    );
    session.serve(&mut store).unwrap();
    assert_eq!(sent(&mut session)[0].header.rid, 16);
    assert_eq!(store.kept.len(), 5);

    let mut got = Vec::new();
    for place in [3, 0, 2, 1, 0] {
        assert!(session.has_outstanding());
        let (asked, token) = store.kept.remove(place).unwrap();
        let message = (asked.id == 12).then_some(&b"why"[..]);
        session.answer(
            token,
            Outcome::Status {
                code: Status(asked.id),
                message,
            },
        );
        got.extend(sent(&mut session));
    }
    assert!(!session.has_outstanding());
    for (got, id) in got.iter().zip([14, 11, 15, 13, 12]) {
        let why = if id == 12 { "why" } else { "" };
        assert_eq!((got.header.rid, refused(got)), (id, text(Status(id), why)));
    }
    assert_eq!(got.len(), 5);
}

#[test]
fn a_store_has_only_so_many_requests() {
    for (limit, at_once) in [(0, 1), (1, 1), (3, 3)] {
        let mut session = server(Config {
            outstanding: limit,
            ..Config::default()
        });
        let mut store = Late::default();
        (1..=5).for_each(|id| receive(&mut session, &refresh(id)));
        session.serve(&mut store).unwrap();
        let mut served = 0;
        for left in (0..5).rev() {
            assert_eq!(store.kept.len(), at_once.min(left + 1));
            assert_eq!(session.wants_input(), store.kept.len() < at_once);
            let (asked, token) = store.kept.pop_front().unwrap();
            session.answer(token, Outcome::Lost(Status::FAILURE));
            served += 1;
            assert_eq!(asked.id, served);
            session.serve(&mut store).unwrap();
        }
        assert_eq!(sent(&mut session).len(), 5);
    }
}

/// Answers are a thousand times as long as their requests: they are produced as
/// they are sent.
#[test]
fn answers_wait_until_others_are_sent() {
    const SIZE: usize = 30_000;
    // Three answers: name and value with their lengths in an empty message.
    let unsent = 3 * (28 + 2 + 4 + 4 + SIZE);
    let mut session = server(Config {
        unsent,
        ..Config::default()
    });
    let requests = 2000;
    let mut store = Prompt {
        size: SIZE,
        served: 0,
    };
    for id in 0..requests {
        receive(&mut session, &refresh(id));
    }
    let mut answered = 0;
    while answered < requests {
        session.serve(&mut store).unwrap();
        let held = session.sendable().len();
        let full = held == unsent;
        assert!(full || (held < unsent && store.served == requests as usize));
        assert_eq!(session.wants_input(), !full);
        // Each call takes up what there is room for.
        let before = store.served;
        session.serve(&mut store).unwrap();
        assert_eq!(store.served, before);
        for got in sent(&mut session) {
            assert_eq!(got.header.rid, answered);
            answered += 1;
        }
    }
    assert_eq!(store.served, requests as usize);
    assert!(session.wants_input());
}

#[test]
fn a_store_hangs_up() {
    let mut session = server(Config::default());
    let mut store = Prompt { size: 1, served: 0 };
    let last = encode(header(op::REFRESH, u32::MAX, 2), NO, NO, None);
    receive(&mut session, &[refresh(1), last, refresh(3)].concat());
    assert_eq!(session.serve(&mut store), Err(End::HungUp));
    assert_eq!((store.served, session.wants_input()), (2, false));
    // What was answered before is still sent.
    assert_eq!(sent(&mut session)[0].header.rid, 1);
    assert_eq!(session.serve(&mut store), Err(End::HungUp));
}

#[test]
fn a_session_that_is_over_is_answered_in_vain() {
    let mut session = server(Config::default());
    let mut store = Late::default();
    receive(&mut session, &refresh(1));
    receive(&mut session, &encode(header(99, 0, 2), NO, NO, None));
    assert_eq!(session.serve(&mut store), Err(End::Violation));
    let (_, token) = store.kept.remove(0).unwrap();
    session.answer(token, Outcome::Lost(Status::FAILURE));
    assert_eq!(session.sendable(), b"");
}

/// Limits are those of the configuration, and are there for the client.
#[test]
fn limits_are_the_configurations() {
    let limits = Limits {
        values: 2,
        ..Limits::default()
    };
    let mut session = server(Config {
        limits,
        ..Config::default()
    });
    let two: Values<'_> = &[("name", b"a")];
    store_asked(&mut session, &open(1, &[("type", b"host")], two));
    let three: Values<'_> = &[("name", b"a"), ("name", b"b")];
    receive(&mut session, &open(1, &[("type", b"host")], three));
    assert_eq!(session.serve(&mut Late::default()), Err(End::Violation));
}
