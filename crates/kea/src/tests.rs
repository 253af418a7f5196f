//! Jobs against recorded answers of real Kea servers: the test plays the server.

mod commands;
mod hosts;
mod leases;
mod statements;
mod value;

use crate::dispatch::{self, Order};
use crate::json::{self, Value};
use crate::model::request::{KeaRequest, Kind};
use crate::model::{Answer, Answered, Attributes, KeaError, Moment, Process};
use crate::protocol::{Effect, Reply, Target, http};
use crate::server::{Capabilities, Job, ServerInfo, Step};
use crate::{apply, server as servers};
use omapi::request::flags;
use omapi::status::Status;
use omapi::wire::{Encoder, Value as Wire, ValueList};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

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

/// The time when a job is stepped.
const MOMENT: Moment = Moment {
    unix: NOW,
    steady: Duration::from_secs(1000),
};

/// Number of the process that the tests play.
const PROCESS_ID: u32 = 0x77;

/// Of a process that has no other connection.
fn info_of(target: Target) -> Arc<ServerInfo> {
    ServerInfo::new(target, &Arc::default(), PROCESS_ID)
}

fn server(version: &str, options: &str) -> Arc<ServerInfo> {
    connection(&Arc::default(), version, options)
}

/// A new connection of a process.
fn connection(process: &Arc<Process>, version: &str, options: &str) -> Arc<ServerInfo> {
    let name = format!("kea:/test?{options}");
    let target = Target::parse(&name).unwrap().unwrap();
    let info = ServerInfo::new(target, process, PROCESS_ID);
    let commands = reply("list-commands", version).into_arguments();
    let commands = commands.as_array().unwrap().iter();
    let mut numbers = version.split('.').map(|n| n.parse().unwrap());
    info.set_capabilities(Capabilities {
        commands: commands.map(|c| c.as_str().unwrap().into()).collect(),
        version: (numbers.next().unwrap(), numbers.next().unwrap()),
    });
    info
}

fn attributes(list: &[(&str, &[u8])]) -> Attributes {
    let mut wire = Vec::new();
    for (name, value) in list {
        Encoder::put(&mut wire, name.as_bytes(), Wire::Bytes(value)).unwrap();
    }
    Attributes::new(ValueList::from_bytes(&wire))
}

fn open(kind: Kind, flags: u32, list: &[(&str, &[u8])]) -> KeaRequest {
    let attributes = attributes(list);
    KeaRequest::Open {
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
    info: &Arc<ServerInfo>,
    version: &str,
    requests: Vec<KeaRequest>,
    script: &[Play],
) -> (Vec<Answer>, Vec<Value>) {
    let together = dispatch::order(&requests[0], info) == Order::Together;
    let mut job = Job::new(info, |kea| async move {
        if together {
            apply::run(&kea, requests).await
        } else {
            let mut answers: Vec<Answer> = Vec::new();
            for request in requests {
                answers.push(dispatch::run(request, &kea).await.into());
            }
            answers
        }
    });
    let mut script = script.iter();
    let mut locked = false;
    let mut sent = Vec::new();
    let mut result = None;
    loop {
        match job.step(result.take(), MOMENT) {
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
                        Die => Err(KeaError::Lost(Status::CONNECTION_RESET)),
                    },
                );
                sent.push(command);
            }
        }
    }
}

fn one(version: &str, request: KeaRequest, script: &[Play]) -> (Answer, Vec<Value>) {
    one_of(&Arc::default(), version, request, script)
}

/// The same over a new connection of a process.
fn one_of(
    process: &Arc<Process>,
    version: &str,
    request: KeaRequest,
    script: &[Play],
) -> (Answer, Vec<Value>) {
    let info = connection(process, version, "");
    let (mut answers, sent) = play(&info, version, vec![request], script);
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
                Err(error) => error.status(),
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
        let info = info_of(target);
        let mut job = Job::new(&info, servers::probe);
        assert!(matches!(job.step(None, MOMENT), Step::Wants(_)));
        job.step(Some(Ok(reply("list-commands", version))), MOMENT);
        job.step(Some(Ok(reply("version-get", version))), MOMENT);
        assert!(info.can("lease4-get"));
        assert_eq!(info.can("reservation-add"), version == "3.0.4");
        assert_eq!(info.can("config-hash-get"), version != "2.2.0");
        assert_ne!(info.capabilities().version, (0, 0));
    }
}

#[test]
fn any_command() {
    let request = open(
        Kind::Command,
        0,
        &[("command", b"zork"), ("arguments", b"{\"a\":[1.50]}")],
    );
    let (answer, sent) = one("2.2.0", request, &[Json(r#"{"result":2,"text":"no"}"#)]);
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
        let request = open(
            Kind::Command,
            0,
            &[("command", b"x"), ("arguments", arguments)],
        );
        assert_eq!(
            status(&one("2.2.0", request, &[]).0),
            Status::INVALID_ARGUMENT
        );
    }
    assert_eq!(Answered::default().list().as_bytes(), b"");
}
