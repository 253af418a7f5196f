//! A client's session and a server's against each other: every operation, with
//! and without each of the six HMACs, whole or in single bytes, answered at once
//! or late and out of order.

use omapi::auth::{Algorithm, SigningKey, complete_name};
use omapi::client::{self, Answered, Credentials, Reader, Received};
use omapi::refusals;
use omapi::request::{Operation, Outcome, Request, flags};
use omapi::server::{Config, Keyring, Opening, Reply, Session, Store, Token, opening};
use omapi::status::Status;
use omapi::wire::{Encoder, Limits, Value, ValueList, op};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An answer, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Object(u32, Vec<u8>),
    Status(Status, String),
}

impl Answer {
    fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Object { handle, attributes } => {
                Self::Object(*handle, attributes.as_bytes().to_vec())
            }
            Outcome::Status { code, message } => {
                let message = String::from_utf8(message.unwrap_or_default().to_vec());
                Self::Status(*code, message.unwrap())
            }
            Outcome::Lost(code) => Self::Status(*code, "lost".into()),
        }
    }

    fn refusal(code: Status, text: &str) -> Self {
        Self::Status(code, text.into())
    }

    fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Object(handle, attributes) => Outcome::Object {
                handle: *handle,
                attributes: ValueList::from_bytes(attributes),
            },
            Self::Status(code, text) => Outcome::Status {
                code: *code,
                message: (!text.is_empty()).then_some(text.as_bytes()),
            },
        }
    }
}

/// Names and values of attributes.
type Values<'a> = &'a [(&'a str, &'a [u8])];

/// A request: operation, handle, attributes.
type Asked<'a> = (Operation<'a>, u32, Values<'a>);

fn list(values: Values<'_>) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, value) in values {
        Encoder::put(&mut list, name.as_bytes(), Value::Bytes(value)).unwrap();
    }
    list
}

/// Things with names, in memory.
#[derive(Default)]
struct Things {
    things: BTreeMap<u32, Vec<u8>>,
    last_handle: u32,
    /// Answers are kept until [`Things::answer_late`] instead of given at once.
    late: bool,
    kept: Vec<(Token, Answer)>,
}

impl Things {
    fn answer(&mut self, request: &Request<'_>) -> Answer {
        let attributes = request.attributes;
        let object = |handle, list: &Vec<u8>| Answer::Object(handle, list.clone());
        if let Operation::Open { flags, .. } = request.operation {
            let name = attributes.get(b"name");
            let of_name = |list: &Vec<u8>| ValueList::from_bytes(list).get(b"name") == name;
            let hit = self.things.iter().find(|(_, list)| of_name(list));
            let found = match (name, hit) {
                (None, _) => Ok(None),
                (Some(_), None) => Err(Status::NOT_FOUND),
                (Some(_), Some((handle, _))) => Ok(Some(*handle)),
            };
            let handle = match opening(found, flags, true) {
                Err((code, text)) => return Answer::refusal(code, text),
                Ok(Opening::Create) => {
                    self.last_handle += 1;
                    self.last_handle
                }
                Ok(Opening::Update(handle)) => handle,
                Ok(Opening::Answer(handle)) => return object(handle, &self.things[&handle]),
            };
            let list = attributes.as_bytes().to_vec();
            self.things.insert(handle, list.clone());
            return object(handle, &list);
        }
        let Some(thing) = self.things.get_mut(&request.handle) else {
            return Answer::refusal(Status::NOT_FOUND, refusals::NO_MATCHING_HANDLE);
        };
        match request.operation {
            Operation::Refresh => return object(request.handle, thing),
            Operation::Update => *thing = attributes.as_bytes().to_vec(),
            Operation::Remove => drop(self.things.remove(&request.handle)),
            other => panic!("{other:?}"),
        }
        Answer::refusal(Status::SUCCESS, "")
    }

    /// Answers what was kept, the first request last.
    fn answer_late(&mut self, server: &mut Session) {
        while let Some((token, answer)) = self.kept.pop() {
            server.answer(token, answer.outcome());
        }
    }
}

impl Store for Things {
    fn has_type(&self, name: &[u8]) -> bool {
        name == b"thing"
    }

    fn new_handle(&mut self, _: u32) -> Option<u32> {
        self.last_handle += 1;
        Some(self.last_handle)
    }

    fn submit(&mut self, request: &Request<'_>, reply: Reply<'_>) {
        let answer = self.answer(request);
        if self.late {
            self.kept.push((reply.later(), answer));
        } else {
            reply.answer(answer.outcome());
        }
    }
}

/// A client, a server, and the wire between them.
struct Pair {
    client: client::Session<usize>,
    reader: Reader,
    server: Session,
    store: Things,
    /// Most bytes that arrive at once.
    piece: usize,
    answers: BTreeMap<usize, Answer>,
    /// Tickets in the order of their answers.
    order: Vec<usize>,
    /// What became of the client's authenticator.
    authenticated: Option<Result<(), Status>>,
}

impl Pair {
    fn new(config: Config, credentials: Option<Credentials>, late: bool, piece: usize) -> Self {
        let mut client = client::Session::new(u32::MAX - 2, credentials);
        client.start().unwrap();
        let mut pair = Self {
            client,
            reader: Reader::new(Limits::default()),
            server: Session::new(Arc::new(config), 1),
            store: Things {
                late,
                ..Things::default()
            },
            piece,
            answers: BTreeMap::new(),
            order: Vec::new(),
            authenticated: None,
        };
        pair.run();
        pair
    }

    /// Moves bytes until nothing moves any more.
    fn run(&mut self) {
        loop {
            self.store.answer_late(&mut self.server);
            let to_server = self.client.sendable(false).len().min(self.piece);
            let to_client = self.server.sendable().len().min(self.piece);
            if to_server + to_client == 0 {
                break;
            }
            let bytes = &self.client.sendable(false)[..to_server];
            let n = to_server.min(self.server.space().len());
            self.server.space()[..n].copy_from_slice(&bytes[..n]);
            self.server.filled(n);
            self.client.sent(n);
            self.server.serve(&mut self.store).unwrap();

            let n = to_client.min(self.reader.space().len());
            self.reader.space()[..n].copy_from_slice(&self.server.sendable()[..n]);
            self.reader.filled(n);
            self.server.sent(n);
            self.server.serve(&mut self.store).unwrap();
            self.receive();
        }
    }

    fn receive(&mut self) {
        while let Some(received) = self.reader.receive().unwrap() {
            let Received::Answer(rid, size, outcome) = received else {
                continue;
            };
            match self.client.answered(rid, size).expect("our request") {
                Answered::Ticket(ticket) => {
                    self.order.push(ticket);
                    let old = self.answers.insert(ticket, Answer::of(&outcome));
                    assert_eq!(old, None);
                }
                Answered::Authenticator => {
                    let signer = self.client.authenticated(&outcome);
                    self.authenticated = Some(signer.map(|signer| {
                        self.reader.verify_with(signer);
                    }));
                }
            }
        }
    }

    /// Sends requests at once and returns their answers in their order.
    fn ask(&mut self, requests: &[Asked<'_>]) -> Vec<Answer> {
        for (ticket, (operation, handle, attributes)) in requests.iter().enumerate() {
            let attributes = list(attributes);
            let request = Request {
                operation: *operation,
                handle: *handle,
                attributes: ValueList::from_bytes(&attributes),
            };
            self.client.submit(&request, ticket).unwrap();
        }
        self.order.clear();
        self.run();
        assert!(!self.client.has_outstanding() && !self.server.has_outstanding());
        core::mem::take(&mut self.answers).into_values().collect()
    }
}

const NAME: &[u8] = b"key of the test";
const SECRET: &[u8] = b"a secret";

fn credentials(algorithm: Algorithm, secret: &[u8]) -> Credentials {
    let algorithm = complete_name(algorithm.name().as_bytes());
    Credentials::new(NAME, &algorithm, secret)
}

fn config(algorithm: Option<Algorithm>) -> Config {
    let mut keyring = Keyring::new();
    if let Some(algorithm) = algorithm {
        keyring.add(NAME, SigningKey::new(algorithm, SECRET));
        keyring.require(NAME).unwrap();
    }
    Config {
        keyring,
        ..Config::default()
    }
}

fn open<'a>(flags: u32) -> Operation<'a> {
    Operation::Open {
        object_type: Some(b"thing"),
        flags,
    }
}

/// Each way to sign, to answer and to deliver.
fn all_ways(mut test: impl FnMut(&mut Pair, u32)) {
    let algorithms = Algorithm::ALL.map(Some).into_iter().chain([None]);
    for algorithm in algorithms {
        for late in [false, true] {
            for piece in [1, 100, usize::MAX] {
                let credentials = algorithm.map(|a| credentials(a, SECRET));
                let mut pair = Pair::new(config(algorithm), credentials, late, piece);
                assert_eq!(pair.authenticated, algorithm.map(|_| Ok(())));
                // The key's handle was the first one.
                let first = 1 + u32::from(algorithm.is_some());
                test(&mut pair, first);
            }
        }
    }
}

#[test]
fn every_operation() {
    let exclusive = flags::CREATE | flags::EXCLUSIVE;
    let open_handle = Operation::Open {
        object_type: None,
        flags: 0,
    };
    let notify = Operation::Message {
        op: op::NOTIFY,
        rid: 0,
        values: ValueList::default(),
    };
    let named: Values<'_> = &[("name", b"one"), ("value", &[0; 500])];
    let changed: Values<'_> = &[("name", b"one"), ("null", b"")];
    all_ways(|pair, first| {
        let done = Answer::refusal(Status::SUCCESS, "");
        let missed = Answer::refusal(Status::NOT_FOUND, refusals::NO_OBJECT_MATCHES);
        let exists = Answer::refusal(Status::EXISTS, refusals::ALREADY_EXISTS);
        let gone = Answer::refusal(Status::NOT_FOUND, refusals::NO_MATCHING_HANDLE);
        let no_notify = Answer::refusal(Status::NOT_IMPLEMENTED, refusals::NO_NOTIFY);
        let one = Answer::Object(first, list(named));
        let changed_one = Answer::Object(first, list(changed));
        for (operation, handle, attributes, expected) in [
            (open(0), 0, named, &missed),
            (open(exclusive), 0, named, &one),
            (open(0), 0, &named[..1], &one),
            (open(exclusive), 0, named, &exists),
            (Operation::Refresh, first, &[], &one),
            (Operation::Update, first, changed, &done),
            (open(flags::UPDATE), 0, changed, &changed_one),
            (open_handle, first, &[], &changed_one),
            (notify, first, &[], &no_notify),
            (Operation::Remove, first, &[], &done),
            (Operation::Refresh, first, &[], &gone),
            (open(0), 0, changed, &missed),
        ] {
            let answers = pair.ask(&[(operation, handle, attributes)]);
            assert_eq!(answers, std::slice::from_ref(expected), "{operation:?}");
        }
    });
}

/// More than any window, and across the wrap of the ids: each request gets its
/// own answer.
#[test]
fn many_requests_at_once() {
    const MANY: usize = 150;
    all_ways(|pair, first| {
        let names: Vec<String> = (0..MANY).map(|i| format!("thing {i}")).collect();
        let values: Vec<[(&str, &[u8]); 1]> =
            names.iter().map(|n| [("name", n.as_bytes())]).collect();
        let create = open(flags::CREATE | flags::EXCLUSIVE);
        let creates: Vec<_> = values.iter().map(|v| (create, 0, &v[..])).collect();
        let expected: Vec<Answer> = (first..)
            .zip(&values)
            .map(|(handle, values)| Answer::Object(handle, list(values)))
            .collect();
        assert!(pair.ask(&creates) == expected);
        let refreshes: Vec<_> = (first..first + MANY as u32)
            .map(|handle| (Operation::Refresh, handle, &[][..]))
            .collect();
        assert!(pair.ask(&refreshes) == expected);
        // Late answers come out of order, when several are under way.
        let in_order = pair.order.is_sorted();
        assert!(in_order || pair.store.late);
        assert!(!(in_order && pair.store.late && pair.piece == usize::MAX));
    });
}

#[test]
fn a_wrong_secret() {
    for algorithm in Algorithm::ALL {
        let wrong = credentials(algorithm, b"another secret");
        let mut pair = Pair::new(config(Some(algorithm)), Some(wrong), false, 7);
        // Opening the key proves nothing, and the server is believed in this.
        assert_eq!(pair.authenticated, Some(Ok(())));
        let refused = Answer::refusal(Status::INVALID_KEY, "");
        let create = open(flags::CREATE);
        assert_eq!(pair.ask(&[(create, 0, &[("name", b"x")])]), [refused]);
        assert!(pair.store.things.is_empty());
    }
}

#[test]
fn keys_that_the_server_does_not_have() {
    let [md5, sha1, ..] = Algorithm::ALL;
    for (ours, servers) in [(md5, Some(sha1)), (md5, None)] {
        let credentials = Some(credentials(ours, SECRET));
        let pair = Pair::new(config(servers), credentials, true, 7);
        assert_eq!(pair.authenticated, Some(Err(Status::NOT_FOUND)));
    }
}

#[test]
fn no_key_where_one_is_required() {
    let mut pair = Pair::new(config(Some(Algorithm::Md5)), None, false, usize::MAX);
    let create = open(flags::CREATE);
    let refused = Answer::refusal(Status::NO_KEYS, refusals::NO_AUTHENTICATOR);
    assert_eq!(pair.ask(&[(create, 0, &[("name", b"x")])]), [refused]);
    assert!(pair.store.things.is_empty());
}
