//! Jobs against recorded answers of real Keas: the test plays the server.

mod commands;
mod hosts;
mod leases;
mod statements;
mod value;

use super::ask::{Ask, Kind, Order};
use super::attributes::{Answered, Attributes};
use super::job::{Effect, Job, Reply, Step};
use super::json::{self, Value};
use super::shared::{self, Capabilities, Shared};
use super::target::Target;
use super::{Answer, Failure, batch, http};
use omapi::request::flags;
use omapi::status::Status;
use omapi::wire::{Encoder, Value as Wire, ValueList};
use std::sync::{Arc, LazyLock};

const VERSIONS: [&str; 3] = ["2.2.0", "2.6.3", "3.0.4"];

/// Shortly after the recording started.
const NOW: u64 = 1_795_240_800;

/// One recorded exchange.
struct Exchange {
    name: String,
    version: String,
    request: Value,
    /// The answer as it came.
    answer: Vec<u8>,
    http: bool,
}

static EXCHANGES: LazyLock<Vec<Exchange>> = LazyLock::new(|| {
    include_str!("../../../data/kea/exchanges.jsonl")
        .lines()
        .map(|line| {
            let mut e = json::parse(line.as_bytes()).unwrap();
            let text = |e: &Value, key| e.get(key).and_then(Value::as_str).map(json::bytes);
            let http = text(&e, "http");
            let is_http = http.is_some();
            let answer = http.or_else(|| text(&e, "raw"));
            Exchange {
                name: e["name"].as_str().unwrap().into(),
                version: e["version"].as_str().unwrap().into(),
                request: e["request"].take(),
                answer: answer.unwrap_or_else(|| json::emit(&e["response"])),
                http: is_http,
            }
        })
        .collect()
});

fn exchange(name: &str, version: &str) -> &'static Exchange {
    EXCHANGES
        .iter()
        .find(|e| e.name == name && e.version == version)
        .unwrap_or_else(|| panic!("{name}@{version}"))
}

fn reply(name: &str, version: &str) -> Reply {
    Reply::new(json::parse(&exchange(name, version).answer).unwrap()).unwrap()
}

fn server(version: &str, options: &str) -> Arc<Shared> {
    let name = format!("kea:/test?{options}");
    let mut shared = Shared::new(Target::parse(&name).unwrap().unwrap());
    Arc::get_mut(&mut shared).unwrap().clock = Some(NOW);
    let commands = reply("list-commands", version).into_arguments();
    let commands = commands.as_array().unwrap().iter();
    let mut numbers = version.split('.').map(|n| n.parse().unwrap());
    shared.set_capabilities(Capabilities {
        commands: commands.map(|c| c.as_str().unwrap().into()).collect(),
        version: (numbers.next().unwrap(), numbers.next().unwrap()),
    });
    shared
}

fn attributes(list: &[(&str, &[u8])]) -> Attributes {
    let mut wire = Vec::new();
    for (name, value) in list {
        Encoder::put(&mut wire, name.as_bytes(), Wire::Bytes(value)).unwrap();
    }
    Attributes::new(ValueList::from_bytes(&wire))
}

fn open(kind: Kind, flags: u32, list: &[(&str, &[u8])]) -> Ask {
    let attributes = attributes(list);
    Ask::Open {
        kind,
        flags,
        attributes,
    }
}

/// What the played server does with a command.
enum Play {
    /// Answer as in a recording; the command must be the recorded one.
    Recorded(&'static str),
    /// Answer this.
    Json(&'static str),
    /// Go away without an answer.
    Die,
}
use Play::{Die, Json, Recorded};

/// Runs requests against a played server; the answers, and the commands sent.
fn play(
    shared: &Arc<Shared>,
    version: &str,
    asks: Vec<Ask>,
    script: &[Play],
) -> (Vec<Answer>, Vec<Value>) {
    let together = asks[0].order("/test") == Order::Together;
    let mut job = Job::new(shared, |kea| async move {
        match together {
            true => batch::run(&kea, asks).await,
            false => {
                let mut answers: Vec<Answer> = Vec::new();
                for ask in asks {
                    answers.push(ask.run(&kea).await.into());
                }
                answers
            }
        }
    });
    let mut script = script.iter();
    let mut locked = false;
    let mut sent = Vec::new();
    let mut result = None;
    loop {
        match job.step(result.take()) {
            Step::Done(answers) => {
                assert!(script.next().is_none(), "commands were not sent");
                return (answers, sent);
            }
            Step::Wants(Effect::Lock) => {
                assert!(!locked, "it would wait for itself");
                locked = true;
                result = Some(Ok(Reply::done()));
            }
            Step::Wants(Effect::Sleep(_)) => result = Some(Ok(Reply::done())),
            Step::Wants(Effect::Command { bytes, .. }) => {
                let command = json::parse(&bytes).unwrap();
                let next = script.next();
                result = Some(
                    match next.unwrap_or_else(|| panic!("not expected: {command}")) {
                        Recorded(name) => {
                            let recorded = &exchange(name, version).request;
                            assert_eq!(recorded["command"], command["command"]);
                            Ok(reply(name, version))
                        }
                        Json(text) => {
                            Ok(Reply::new(json::parse(text.as_bytes()).unwrap()).unwrap())
                        }
                        Die => Err(Failure::Lost(Status::CONNECTION_RESET)),
                    },
                );
                sent.push(command);
            }
        }
    }
}

fn one(version: &str, ask: Ask, script: &[Play]) -> (Answer, Vec<Value>) {
    let (mut answers, sent) = play(&server(version, ""), version, vec![ask], script);
    (answers.remove(0), sent)
}

fn values(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    let Answer::Object(_, attributes) = answer else {
        panic!("{answer:?}");
    };
    let text = |n: &[u8]| String::from_utf8(n.to_vec()).unwrap();
    attributes
        .list()
        .into_iter()
        .map(|(n, v)| (text(n), v.to_vec()))
        .collect()
}

fn value(answer: &Answer, name: &str) -> Option<Vec<u8>> {
    values(answer)
        .into_iter()
        .find(|(n, _)| n == name)
        .map(|(_, v)| v)
}

fn status(answer: &Answer) -> Status {
    match answer {
        Answer::Status(status, _) | Answer::Lost(status) => *status,
        Answer::Object(..) => Status::SUCCESS,
    }
}

#[test]
fn every_recorded_answer_is_understood_and_survives() {
    let (mut plain, mut over_http) = (0, 0);
    for e in EXCHANGES.iter().filter(|e| !e.answer.is_empty()) {
        if e.http {
            let (_, mut response) = http::Template::new("h:1", "/", None)
                .unwrap()
                .request(b"{}");
            if let Ok(Some((body, _))) = response.take(&e.answer) {
                // We ask one service; two answers are nobody's.
                let reply = Reply::new(json::parse(&body).unwrap());
                assert_eq!(reply.is_ok(), e.name != "http.two-services", "{}", e.name);
            }
            over_http += 1;
            continue;
        }
        let end = json::Scanner::default().scan(&e.answer).unwrap();
        assert_eq!(end, Some(e.answer.trim_ascii_end().len()), "{}", e.name);
        let value = json::parse(&e.answer).unwrap();
        assert_eq!(
            json::parse(&json::emit(&value)).unwrap(),
            value,
            "{}",
            e.name
        );
        assert!(Reply::new(value).is_ok(), "{}", e.name);
        // Half of it is never an answer.
        for cut in [1, 2, e.answer.len() / 2, end.unwrap() - 1] {
            assert_eq!(json::Scanner::default().scan(&e.answer[..cut]), Ok(None));
            assert!(json::parse(&e.answer[..cut]).is_err());
        }
        plain += 1;
    }
    println!("{plain} answers, {over_http} over HTTP");
    assert!(plain > 570 && over_http > 30);
}

#[test]
fn http_refusals_by_code() {
    for (name, expected) in [
        ("http.ok", Status::SUCCESS),
        ("http.lease-miss", Status::NOT_FOUND),
        ("http.no-auth", Status::NO_PERMISSION),
        ("http.wrong-auth", Status::NO_PERMISSION),
        ("http.bad-json", Status::PROTOCOL_ERROR),
        ("http.kea-down", Status::FAILURE),
        ("http.unknown-cmd", Status::NOT_IMPLEMENTED),
    ] {
        for version in ["2.2.0", "3.0.4"] {
            let (_, mut response) = http::Template::new("h:1", "/", None)
                .unwrap()
                .request(b"{}");
            let got = match response.take(&exchange(name, version).answer) {
                Err(failure) => failure.status(),
                Ok(None) => panic!("{name}"),
                Ok(Some((body, _))) => Reply::new(json::parse(&body).unwrap()).unwrap().status(),
            };
            assert_eq!(got, expected, "{name}@{version}");
        }
    }
}

#[test]
fn probe() {
    for version in VERSIONS {
        let target = Target::parse("/test").unwrap().unwrap();
        let shared = Shared::new(target);
        let mut job = Job::new(&shared, shared::probe);
        assert!(matches!(job.step(None), Step::Wants(_)));
        job.step(Some(Ok(reply("list-commands", version))));
        job.step(Some(Ok(reply("version-get", version))));
        assert!(shared.can("lease4-get"));
        assert_eq!(shared.can("reservation-add"), version == "3.0.4");
        assert_eq!(shared.can("config-hash-get"), version != "2.2.0");
        assert_ne!(shared.capabilities().version, (0, 0));
    }
}

#[test]
fn any_command() {
    let ask = open(
        Kind::Command,
        0,
        &[("command", b"zork"), ("arguments", b"{\"a\":[1.50]}")],
    );
    let (answer, sent) = one("2.2.0", ask, &[Json(r#"{"result":2,"text":"no"}"#)]);
    assert_eq!(
        json::emit(&sent[0]),
        br#"{"command":"zork","arguments":{"a":[1.50]}}"#
    );
    assert_eq!(value(&answer, "result").unwrap(), [0, 0, 0, 2]);
    assert_eq!(
        value(&answer, "reply").unwrap(),
        br#"{"result":2,"text":"no"}"#
    );
    let bomb = [&b"["[..]; 1000].concat();
    for arguments in [&b"{"[..], b"zork", &bomb] {
        let ask = open(
            Kind::Command,
            0,
            &[("command", b"x"), ("arguments", arguments)],
        );
        assert_eq!(status(&one("2.2.0", ask, &[]).0), Status::INVALID_ARGUMENT);
    }
    assert_eq!(Answered::default().list().as_bytes(), b"");
}
