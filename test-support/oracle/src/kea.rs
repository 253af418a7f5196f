//! What must hold whatever a Kea server answers.

use ::kea::json::{self, Scanner, Value};
use kea::{
    Answer, Effect, Exchanged, KeaError, Moment, Progress, Reply, Running, ServerInfo, Session,
    Target, http,
};
use omapi::request::{Operation, Request, flags};
use omapi::status::Status;
use omapi::wire::{Encoder, Value as Wire, ValueList};
use std::sync::Arc;
use std::time::Duration;

/// Most commands of one request, repetitions of a rewrite included.
const COMMANDS: usize = 64;

/// Shortly after the recordings started.
const NOW: Moment = Moment {
    unix: 1_795_240_800,
    steady: Duration::from_secs(1000),
};

/// A type, the flags of an open, and attributes: keys that the recorded
/// servers know, and what a program may set.
type Asked = (&'static [u8], u32, &'static [(&'static str, &'static [u8])]);

const CREATE: u32 = flags::CREATE | flags::EXCLUSIVE;

const ASKED: [Asked; 22] = [
    (b"lease", 0, &[("ip-address", &[10, 77, 0, 21])]),
    (b"lease", 0, &[("hardware-address", &[2, 0, 0, 0, 0, 0x21])]),
    (
        b"lease",
        0,
        &[("dhcp-client-identifier", &[1, 2, 0, 0, 0, 0, 0x21])],
    ),
    (
        b"lease",
        flags::UPDATE,
        &[
            ("ip-address", &[10, 77, 0, 20]),
            ("ends", &[0x7f, 0, 0, 0]),
            ("state", &[0, 0, 0, 2]),
        ],
    ),
    (b"host", 0, &[("name", b"h1")]),
    (b"host", 0, &[("hardware-address", &[2, 0, 0, 0, 0x11, 2])]),
    (b"host", 0, &[("ip-address", &[10, 77, 1, 2])]),
    (
        b"host",
        CREATE,
        &[
            ("name", b"h2"),
            ("hardware-address", &[2, 0, 0, 0, 0x11, 0x77]),
            ("hardware-type", &[0, 0, 0, 1]),
            ("ip-address", &[10, 77, 1, 77]),
            (
                "statements",
                b"filename \"x\"; option routers 10.77.0.1; default-lease-time 77;",
            ),
            ("group", b"g1"),
        ],
    ),
    (
        b"host",
        CREATE,
        &[
            ("name", b"h3"),
            ("dhcp-client-identifier", b"abc"),
            ("ip-address", &[10, 77, 1, 78]),
        ],
    ),
    (
        b"host",
        CREATE,
        &[
            ("name", b"both"),
            ("hardware-address", &[2, 0, 0, 0, 0x11, 0x78]),
            ("dhcp-client-identifier", b"abcd"),
            ("ip-address", &[10, 77, 1, 79]),
        ],
    ),
    (
        b"host",
        CREATE,
        &[
            ("name", b"global"),
            ("hardware-address", &[2, 0, 0, 0, 0x11, 0x79]),
        ],
    ),
    (b"group", 0, &[("name", b"g1")]),
    (
        b"group",
        CREATE,
        &[
            ("name", b"g2"),
            (
                "statements",
                b"option domain-name \"g\"; next-server 10.0.0.1;",
            ),
        ],
    ),
    (b"class", 0, &[("name", b"omapi-group-g1")]),
    (b"control", 0, &[]),
    (b"control", flags::UPDATE, &[("state", &[0, 0, 0, 2])]),
    (b"failover-state", 0, &[("name", b"server2")]),
    (b"kea-command", 0, &[("command", b"config-get")]),
    (
        b"kea-command",
        0,
        &[
            ("command", b"lease4-get"),
            ("arguments", b"{\"ip-address\":\"10.77.0.20\"}"),
        ],
    ),
    (b"subclass", CREATE, &[("name", b"x")]),
    // Not opened, but gone through one after the other.
    (b"lease", NEXT, &[]),
    (b"host", NEXT, &[]),
];

/// In the place of an open's flags.
const NEXT: u32 = u32::MAX;

/// Names of the server: each with other things allowed.
const NAMES: [&str; 5] = [
    "kea:/x",
    "kea:/x?write=no&free=no&active=no",
    "kea:/x?rewrite=no",
    "kea:/x?ha=yes&option43=yes",
    "kea+http://a:b@127.0.0.1:1/",
];

struct World<F> {
    session: Session<usize>,
    /// What the server says to a command; nothing: it goes away.
    server: F,
    answers: Vec<Option<Answer>>,
    /// Configurations that the server has shown, without what we may change.
    shown: Vec<Value>,
    asked: usize,
}

/// Runs some requests, chosen by `dice`, against a server; returns how many
/// ended with an object.
pub fn run(
    dice: &mut dyn FnMut(usize) -> usize,
    server: impl FnMut(&Value) -> Option<Vec<u8>>,
) -> usize {
    let name = NAMES[dice(NAMES.len())];
    let target = Target::parse(name).unwrap().unwrap();
    let mut world = World {
        session: Session::new(ServerInfo::new(target, &Arc::default(), 1)),
        server,
        answers: Vec::new(),
        shown: Vec::new(),
        asked: 0,
    };
    world.all(dice);
    let mut requests = Vec::new();
    for _ in 0..=dice(4) {
        requests.push(ASKED[dice(ASKED.len())]);
    }
    for (kind, flags, attributes) in requests {
        let operation = match flags {
            NEXT => Operation::Next {
                object_type: Some(kind),
            },
            flags => Operation::Open {
                object_type: Some(kind),
                flags,
            },
        };
        world.submit(operation, 0, attributes);
    }
    world.all(dice);
    let objects: Vec<u32> = world.answers.iter().flatten().filter_map(handle).collect();
    for handle in &objects {
        let (operation, attributes): (_, &[(&str, &[u8])]) = match dice(5) {
            0 => (Operation::Refresh, &[]),
            1 => (Operation::Remove, &[]),
            2 => (
                Operation::Update,
                &[("ends", &[0x7f, 0, 0, 9]), ("state", &[0, 0, 0, 4])],
            ),
            3 => (Operation::Update, &[("ip-address", &[10, 77, 1, 99])]),
            _ => (
                Operation::Next {
                    object_type: Some([&b"lease"[..], b"host"][dice(2)]),
                },
                &[],
            ),
        };
        world.submit(operation, *handle, attributes);
    }
    world.all(dice);
    objects.len()
}

fn handle(answer: &Answer) -> Option<u32> {
    match answer {
        Answer::Object(handle, attributes) => {
            for (name, value) in attributes.list() {
                assert!(!name.is_empty() && value.len() <= json::MAX_BYTES);
            }
            Some(*handle)
        }
        _ => None,
    }
}

impl<F: FnMut(&Value) -> Option<Vec<u8>>> World<F> {
    fn submit(&mut self, operation: Operation<'_>, handle: u32, attributes: &[(&str, &[u8])]) {
        let mut wire = Vec::new();
        for (name, value) in attributes {
            Encoder::put(&mut wire, name.as_bytes(), Wire::Bytes(value)).unwrap();
        }
        let request = Request {
            operation,
            handle,
            attributes: ValueList::from_bytes(&wire),
        };
        let ticket = self.answers.len();
        self.answers.push(None);
        self.session
            .submit(&request, ticket)
            .expect("a request for Kea");
    }

    /// Until every request has ended: once.
    fn all(&mut self, dice: &mut dyn FnMut(usize) -> usize) {
        let mut running: Vec<(Running<usize>, Option<Exchanged>)> = Vec::new();
        let before = self.asked;
        loop {
            while let Some(fresh) = self.session.start() {
                running.push((fresh, None));
            }
            if running.is_empty() {
                break;
            }
            let at = dice(running.len());
            let (mut one, outcome) = running.swap_remove(at);
            match one.step(outcome, NOW) {
                Progress::Wants(Effect::Lock | Effect::Sleep(_)) => {
                    running.push((one, Some(Ok(done()))));
                }
                Progress::Wants(Effect::Command { bytes, .. }) => {
                    self.asked += 1;
                    let most = COMMANDS * (self.answers.len() + 1);
                    assert!(self.asked - before <= most, "it asks for ever");
                    let outcome = self.answer(&bytes, dice);
                    running.push((one, Some(outcome)));
                }
                Progress::Probed(_) => self.session.ended(&one),
                Progress::Done(answers) => {
                    for (ticket, answer) in answers {
                        let old = self.answers[ticket].replace(answer);
                        assert!(old.is_none(), "a request ended twice");
                    }
                    self.session.ended(&one);
                }
            }
        }
        assert!(!self.session.has_outstanding());
        assert!(self.answers.iter().all(Option::is_some), "one never ended");
    }

    fn answer(&mut self, command: &[u8], dice: &mut dyn FnMut(usize) -> usize) -> Exchanged {
        let command = json::parse(command).expect("a command is JSON");
        let name = command["command"].as_str().expect("it has a name");
        if name == "config-set" || name == "config-test" {
            let sent = without_ours(&command["arguments"]);
            assert!(
                self.shown.contains(&sent),
                "a configuration changed where it must not be: {sent}"
            );
        }
        let lost = KeaError::Lost(Status::CONNECTION_RESET);
        let answer = (self.server)(&command).ok_or(lost.clone())?;
        // As the engine does: the end is looked for while it arrives.
        let mut scanner = Scanner::default();
        let mut seen = 0;
        let whole = loop {
            match scanner.scan(&answer[..seen])? {
                Some(length) => break length,
                None if seen < answer.len() => seen += 1 + dice(answer.len() - seen),
                None => return Err(lost),
            }
        };
        assert_eq!(Scanner::default().scan(&answer), Ok(Some(whole)));
        let value = json::parse(&answer[..whole])?;
        assert_eq!(json::parse(&json::emit(&value)).as_ref(), Ok(&value));
        if name == "config-get" {
            let shown = match &value {
                Value::Array(list) => list.first(),
                value => Some(value),
            };
            self.shown
                .extend(shown.map(|v| without_ours(&v["arguments"])));
        }
        Ok(Reply::new(value)?)
    }
}

/// The result of what is no command.
fn done() -> Reply {
    Reply::new(json::parse(b"{\"result\":0}").unwrap()).unwrap()
}

/// A configuration without reservations and client classes: what a rewrite
/// must leave as it is.
fn without_ours(arguments: &Value) -> Value {
    let mut left = arguments.clone();
    if let Some(top) = left.as_object_mut() {
        top.shift_remove("hash");
    }
    let Some(dhcp) = left.get_mut("Dhcp4").and_then(Value::as_object_mut) else {
        return left;
    };
    dhcp.shift_remove("client-classes");
    dhcp.shift_remove("reservations");
    subnets(dhcp.get_mut("subnet4"));
    for network in lists(dhcp.get_mut("shared-networks")) {
        subnets(network.get_mut("subnet4"));
    }
    left
}

fn subnets(list: Option<&mut Value>) {
    for subnet in lists(list) {
        if let Some(subnet) = subnet.as_object_mut() {
            subnet.shift_remove("reservations");
        }
    }
}

fn lists(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// For the fuzzer in `fuzz/`: answers are lines, the first bytes choose the requests.
pub fn lines(data: &[u8]) {
    let (choices, answers) = data.split_at(data.len().min(16));
    let mut at = 0;
    let mut dice = |n: usize| {
        at += 1;
        usize::from(choices.get(at % 16).copied().unwrap_or(0)) % n.max(1)
    };
    let mut answers = answers.split(|b| *b == b'\n').map(<[u8]>::to_vec);
    run(&mut dice, |_| answers.next());
}

/// An answer over HTTP, and then the end of the connection: the same in one
/// piece and in many.
pub fn http(data: &[u8], dice: &mut dyn FnMut(usize) -> usize) -> bool {
    let whole = over_http(data, &mut |n| n);
    assert_eq!(whole, over_http(data, &mut |n| 1 + dice(n)));
    matches!(whole, Ok(Some(_)))
}

fn over_http(
    mut data: &[u8],
    piece: &mut dyn FnMut(usize) -> usize,
) -> Result<Option<Vec<u8>>, KeaError> {
    let (_, mut response) = http::Template::new("h:1", "/", None)
        .unwrap()
        .request(b"{}");
    while !data.is_empty() {
        let (now, later) = data.split_at(piece(data.len()).min(data.len()));
        data = later;
        if let Some((body, _)) = response.take(now)? {
            return Ok(Some(body));
        }
    }
    response.closed()
}
