//! The sending half, message by message.

use super::*;
use crate::request::flags;
use crate::wire::{Frame, Header, Limits, Scanner, ValueList};

fn refresh(handle: u32) -> Request<'static> {
    Request {
        operation: Operation::Refresh,
        handle,
        attributes: ValueList::default(),
    }
}

/// A session behind its introduction.
fn session(first_id: u32) -> Session<u32> {
    let mut session = Session::new(first_id, None);
    session.start().unwrap();
    assert_eq!(session.sendable(false), INTRODUCTION);
    session.sent(INTRODUCTION.len());
    session
}

fn credentials() -> Credentials {
    Credentials::new(b"boss", b"hmac-sha1.SIG-ALG.REG.INT.", b"secret")
}

fn key() -> SigningKey {
    SigningKey::new(Algorithm::Sha1, b"secret")
}

/// A session that signs, for the authenticator 77.
fn signing(first_id: u32) -> Session<u32> {
    let mut session = Session::new(first_id, Some(credentials()));
    session.start().unwrap();
    send(&mut session, false);
    assert!(matches!(
        session.answered(first_id, 100),
        Some(Answered::Authenticator)
    ));
    let object = Outcome::Object {
        handle: 77,
        attributes: ValueList::default(),
    };
    session.authenticated(&object).unwrap();
    session
}

/// A message as the server sees it.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    header: Header,
    message: Vec<u8>,
    object: Vec<u8>,
}

fn messages(mut bytes: &[u8]) -> Vec<Sent> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let mut scanner = Scanner::new(24, Limits::default());
        let span = scanner.scan(bytes).unwrap().expect("whole messages");
        let frame = Frame::new(bytes, span);
        if frame.header().authid != 0 {
            assert!(key().verify(&frame.signed(), frame.signature()));
        }
        all.push(Sent {
            header: frame.header(),
            message: frame.message_values().as_bytes().to_vec(),
            object: frame.object_values().as_bytes().to_vec(),
        });
        bytes = &bytes[span.len()..];
    }
    all
}

/// Sends all that is sendable, the introduction first if it is there.
fn send(session: &mut Session<u32>, drain: bool) -> Vec<Sent> {
    let bytes = session.sendable(drain).to_vec();
    session.sent(bytes.len());
    messages(bytes.strip_prefix(&INTRODUCTION).unwrap_or(&bytes))
}

fn sent_ids(session: &mut Session<u32>, drain: bool) -> Vec<u32> {
    let sent = send(session, drain);
    sent.iter().map(|m| m.header.id).collect()
}

fn answer(session: &mut Session<u32>, id: u32) -> Option<u32> {
    answer_of(session, id, 100)
}

fn answer_of(session: &mut Session<u32>, id: u32, size: usize) -> Option<u32> {
    session.answered(id, size).map(|answered| match answered {
        Answered::Ticket(ticket) => ticket,
        Answered::Authenticator => panic!("not the authenticator's"),
    })
}

fn list(values: &[(&[u8], Value<'_>)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, value) in values {
        Encoder::put(&mut list, name, *value).unwrap();
    }
    list
}

#[test]
fn the_authenticator_is_opened_in_the_first_segment() {
    let mut session: Session<u32> = Session::new(5, Some(credentials()));
    assert!(session.is_authenticating());
    session.start().unwrap();
    assert!(session.sendable(false).starts_with(&INTRODUCTION));
    let sent = send(&mut session, false);
    assert_eq!(
        sent,
        [Sent {
            header: Header {
                op: op::OPEN,
                id: 5,
                ..Header::default()
            },
            message: list(&[(b"type", Value::Bytes(b"authenticator"))]),
            object: list(&[
                (b"name", Value::Bytes(b"boss")),
                (b"algorithm", Value::Bytes(b"hmac-sha1.SIG-ALG.REG.INT.")),
            ]),
        }]
    );
    assert!(session.awaits_answers() && session.is_authenticating());
}

#[test]
fn operations_on_the_wire() {
    let object = list(&[(b"name", Value::Bytes(b"x")), (b"n", Value::Null)]);
    let values = list(&[(b"own", Value::Int(3))]);
    let yes = Value::Int(1);
    let open = |object_type, flags| Operation::Open { object_type, flags };
    for (operation, code, rid, message) in [
        (open(None, 0), op::OPEN, 0, vec![]),
        (
            open(Some(&b"host"[..]), !7),
            op::OPEN,
            0,
            vec![(&b"type"[..], Value::Bytes(b"host"))],
        ),
        (
            open(Some(b"host"), flags::CREATE),
            op::OPEN,
            0,
            vec![(b"create", yes), (b"type", Value::Bytes(b"host"))],
        ),
        (
            open(None, flags::UPDATE | flags::EXCLUSIVE),
            op::OPEN,
            0,
            vec![(b"update", yes), (b"exclusive", yes)],
        ),
        (Operation::Update, op::UPDATE, 0, vec![]),
        (Operation::Refresh, op::REFRESH, 0, vec![]),
        (Operation::Remove, op::DELETE, 0, vec![]),
        (
            Operation::Message {
                op: 99,
                rid: 4,
                values: ValueList::from_bytes(&values),
            },
            99,
            4,
            vec![(b"own", Value::Int(3))],
        ),
    ] {
        let mut session = session(11);
        let request = Request {
            operation,
            handle: 8,
            attributes: ValueList::from_bytes(&object),
        };
        assert_eq!(session.submit(&request, 1), Ok(11));
        assert_eq!(
            send(&mut session, false),
            [Sent {
                header: Header {
                    op: code,
                    handle: 8,
                    id: 11,
                    rid,
                    ..Header::default()
                },
                message: list(&message),
                object: object.clone(),
            }]
        );
    }
}

/// Before, around and behind 2^32, in three orders of answers. The id 0 is
/// never used.
#[test]
fn ids_wrap_around() {
    for first in [0, 1, u32::MAX - 3, u32::MAX] {
        let ids: Vec<u32> = (0..6u32)
            .scan(first.max(1), |id, _| {
                let this = *id;
                *id = this.wrapping_add(1).max(1);
                Some(this)
            })
            .collect();
        for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]] {
            let mut session = session(first);
            for (ticket, id) in (0..).zip(&ids) {
                assert_eq!(session.submit(&refresh(ticket), ticket), Ok(*id));
            }
            assert!(!session.awaits_answers());
            assert_eq!(answer(&mut session, ids[0]), None, "not sent yet");
            assert_eq!(sent_ids(&mut session, false), ids);
            let after = ids[5].wrapping_add(1).max(1);
            for at in order {
                assert!(session.has_outstanding() && session.awaits_answers());
                for stranger in [0, after, ids[0].wrapping_sub(1), ids[0] ^ 0x8000_0000] {
                    assert_eq!(answer(&mut session, stranger), None, "{stranger}");
                }
                assert_eq!(answer(&mut session, ids[at]), Some(at as u32));
                assert_eq!(answer(&mut session, ids[at]), None, "once");
            }
            assert!(!session.has_outstanding() && !session.awaits_answers());
            // And on it goes.
            assert_eq!(session.submit(&refresh(9), 9), Ok(after));
            assert_eq!(answer(&mut session, after), None);
            assert_eq!(sent_ids(&mut session, false), [after]);
            assert_eq!(answer(&mut session, after), Some(9));
            assert!(!session.has_outstanding());
        }
    }
}

/// What cannot be encoded leaves no trace, not even where an id is left out.
#[test]
fn a_request_that_cannot_be_encoded() {
    for first in [0, 1, u32::MAX] {
        let mut session = session(first);
        let failed = session.enqueue(op::OPEN, 0, 0, Owner::Ticket(3), |e| {
            e.value(b"fine", Value::Null)?;
            e.value(b"", Value::Null)
        });
        assert!(matches!(
            failed,
            Err((WireError::NameLength(0), Owner::Ticket(3)))
        ));
        assert!(!session.has_unsent() && !session.has_outstanding());
        assert_eq!(session.sendable(true), b"");
        let id = session.submit(&refresh(1), 1).unwrap();
        assert_eq!(id, first.max(1));
        assert_eq!(sent_ids(&mut session, false), [id]);
        assert_eq!(answer(&mut session, id), Some(1));
        assert!(!session.has_outstanding());
    }
}

#[test]
fn the_window() {
    let window = WINDOW as u32;
    let mut session = session(1);
    for id in 1..=3 * window {
        session.submit(&refresh(id), id).unwrap();
    }
    let first: Vec<u32> = (1..=window).collect();
    assert_eq!(sent_ids(&mut session, false), first);
    assert_eq!(session.sendable(false), b"");
    assert!(session.has_unsent());
    assert_eq!(answer(&mut session, window + 1), None, "not sent yet");
    // As many follow as were answered, whichever they were.
    for id in [window, 3, 2] {
        assert_eq!(answer(&mut session, id), Some(id));
    }
    let next = [1, 2, 3].map(|n| window + n);
    assert_eq!(sent_ids(&mut session, false), next);
    assert_eq!(answer(&mut session, 1), Some(1));
    assert_eq!(sent_ids(&mut session, false), [window + 4]);
    // Or all at once.
    let rest: Vec<u32> = (window + 5..=3 * window).collect();
    assert_eq!(sent_ids(&mut session, true), rest);
    assert!(!session.has_unsent());
    for id in 1..=3 * window {
        let expected = (![1, 2, 3, window].contains(&id)).then_some(id);
        assert_eq!(answer(&mut session, id), expected);
    }
    assert!(!session.has_outstanding() && !session.awaits_answers());
}

#[test]
fn bytes_are_sent_in_any_pieces() {
    let mut session = session(1);
    let mut all = Vec::new();
    for id in 1..=3 {
        session.submit(&refresh(id), id).unwrap();
    }
    let mut queued = 3;
    while session.has_unsent() {
        let n = session.sendable(false).len().min(5);
        all.extend_from_slice(&session.sendable(false)[..n]);
        session.sent(n);
        if all.len().is_multiple_of(4) && queued < 20 {
            queued += 1;
            session.submit(&refresh(queued), queued).unwrap();
        }
    }
    let ids: Vec<u32> = messages(&all).iter().map(|m| m.header.id).collect();
    assert_eq!(ids, (1..=20).collect::<Vec<u32>>());
}

/// All answers to what is outstanding have to fit into one write of dhcpd's.
#[test]
fn signed_requests_wait_for_answers() {
    let mut session = signing(1);
    for id in 2..=60 {
        session.submit(&refresh(id), id).unwrap();
    }
    // Nothing is known of the answers yet.
    assert_eq!(sent_ids(&mut session, true), [2, 3, 4, 5]);
    let mut outstanding: VecDeque<u32> = (2..=5).collect();
    // Sizes of answers, and how many requests may be outstanding then. Small
    // ones do not make it more again.
    for (size, window) in [
        (1, 4),
        (750, 4),
        (751, 3),
        (100, 3),
        (1000, 3),
        (1001, 2),
        (1500, 2),
        (1501, 1),
        (3000, 1),
        (3001, 1),
        (1 << 20, 1),
    ] {
        // Several answers, since a window that has shrunk empties first.
        for _ in 0..4 {
            assert_eq!(session.sendable(true), b"");
            let id = outstanding.pop_front().unwrap();
            assert_eq!(answer_of(&mut session, id, size), Some(id));
            let left = outstanding.len();
            outstanding.extend(sent_ids(&mut session, true));
            assert_eq!(outstanding.len(), window.max(left), "{size}");
        }
        assert_eq!(outstanding.len(), window);
    }
}

#[test]
fn signed_messages() {
    let mut session = signing(1);
    assert!(!session.is_authenticating());
    session.submit(&refresh(1), 2).unwrap();
    let sent = send(&mut session, false);
    assert_eq!((sent[0].header.authid, sent[0].header.authlen), (77, 20));
}

#[test]
fn answers_to_the_open_of_the_authenticator() {
    let object = |handle| Outcome::Object {
        handle,
        attributes: ValueList::default(),
    };
    let status = |code| Outcome::Status {
        code,
        message: None,
    };
    let unknown = Credentials::new(b"boss", b"hmac-new.", b"secret");
    for (credentials, outcome, expected) in [
        (credentials(), object(77), None),
        (credentials(), object(0), Some(Status::PROTOCOL_ERROR)),
        (
            credentials(),
            status(Status::NOT_FOUND),
            Some(Status::NOT_FOUND),
        ),
        (
            credentials(),
            status(Status::SUCCESS),
            Some(Status::PROTOCOL_ERROR),
        ),
        (
            credentials(),
            Outcome::Lost(Status::CONNECTION_RESET),
            Some(Status::PROTOCOL_ERROR),
        ),
        (unknown, object(77), Some(Status::INVALID_KEY)),
    ] {
        let mut session: Session<u32> = Session::new(1, Some(credentials));
        session.start().unwrap();
        send(&mut session, false);
        assert!(session.answered(1, 50).is_some());
        assert_eq!(session.authenticated(&outcome).err(), expected);
        assert_eq!(session.signer.is_some(), expected.is_none());
    }
}

#[test]
fn tickets_come_back_in_order_when_all_is_given_up() {
    let mut session: Session<u32> = Session::new(1, Some(credentials()));
    session.start().unwrap();
    for ticket in 2..=9 {
        session.submit(&refresh(1), ticket).unwrap();
    }
    send(&mut session, false);
    for ticket in 10..=12 {
        session.submit(&refresh(1), ticket).unwrap();
    }
    assert_eq!(answer(&mut session, 4), Some(4));
    assert_eq!(session.abandon(), [2, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert!(!session.has_unsent() && !session.has_outstanding());
    assert_eq!(session.sendable(true), b"");
    assert_eq!(session.abandon(), []);
}

#[test]
fn a_burst_does_not_keep_its_memory() {
    let mut session = session(1);
    let many = 20 * KEEP as u32;
    for id in 1..=many {
        session.submit(&refresh(id), id).unwrap();
    }
    send(&mut session, true);
    for id in 1..=many {
        assert_eq!(answer(&mut session, id), Some(id));
    }
    assert!(session.outstanding.capacity() < 2 * KEEP);
}
