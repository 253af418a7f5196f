//! Jobs against recorded answers of real Keas: the test plays the server.

mod hosts;

use super::ask::{Ask, Kind, Order};
use super::attributes::{Answered, Attributes};
use super::job::{Effect, Job, Reply, Step};
use super::json::{self, Value};
use super::shared::{self, Capabilities, Shared};
use super::target::Target;
use super::{Answer, Failure, batch, http};
use crate::request::flags;
use crate::status::Status;
use crate::wire::{Encoder, Value as Wire, ValueList};
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
    let mut sent = Vec::new();
    let mut result = None;
    loop {
        match job.step(result.take()) {
            Step::Done(answers) => {
                assert!(script.next().is_none(), "commands were not sent");
                return (answers, sent);
            }
            Step::Wants(Effect::Lock | Effect::Sleep(_)) => result = Some(Ok(Reply::done())),
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
            let (_, mut response) = http::request("h:1", "/", None, b"{}").unwrap();
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
            let (_, mut response) = http::request("h:1", "/", None, b"{}").unwrap();
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
fn a_lease_in_the_format_of_dhcpd() {
    for version in VERSIONS {
        let ask = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 21])]);
        let (answer, sent) = one(version, ask, &[Recorded("lease4-get.by-ip")]);
        assert_eq!(sent[0], exchange("lease4-get.by-ip", version).request);
        let names: Vec<String> = values(&answer).into_iter().map(|(n, _)| n).collect();
        let expected = "state ip-address dhcp-client-identifier client-hostname subnet \
            hardware-address hardware-type ends starts tstp tsfp atsfp cltt flags";
        assert_eq!(names.join(" "), expected);
        assert_eq!(value(&answer, "state").unwrap(), [0, 0, 0, 2]);
        assert_eq!(
            value(&answer, "client-hostname").unwrap(),
            b"host21.example.com"
        );
        assert_eq!(
            value(&answer, "dhcp-client-identifier").unwrap(),
            [1, 2, 0, 0, 0, 0, 0x21]
        );
        assert_eq!(value(&answer, "flags").unwrap(), [0]);
        let number = |n| u32::from_be_bytes(value(&answer, n).unwrap().try_into().unwrap());
        assert_eq!(number("ends"), number("cltt") + 3600);
    }
}

#[test]
fn states() {
    for (name, versions, expected) in [
        ("lease4-get.by-ip-minimal", &VERSIONS[..], 2),
        ("lease4-get.expired", &VERSIONS, 3),
        ("lease4-get.infinite", &VERSIONS, 2),
        ("lease4-get.expire-huge", &VERSIONS, 2),
        ("lease4-get.reclaimed", &VERSIONS, 1),
        ("lease4-get.declined", &VERSIONS, 5),
        ("lease4-get.real-after-decline", &VERSIONS, 5),
        ("lease4-get.real-after-release", &VERSIONS[1..], 4),
    ] {
        for version in versions {
            let ask = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 20])]);
            let mut answered = reply(name, version).into_arguments();
            answered["ip-address"] = "10.77.0.20".into();
            let lease = super::lease::Lease(answered.as_object().unwrap().clone());
            assert_eq!(lease.state(NOW), expected, "{name}@{version}");
            drop(ask);
        }
    }
    let ask = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 48])]);
    let (answer, _) = one("2.2.0", ask, &[Recorded("lease4-get.expire-huge")]);
    assert_eq!(value(&answer, "ends").unwrap(), [0xff; 4]);
    let ask = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 46])]);
    let (answer, _) = one("2.2.0", ask, &[Recorded("lease4-get.infinite")]);
    assert_eq!(value(&answer, "ends").unwrap(), [0xff; 4]);
}

#[test]
fn lookups_of_leases() {
    const IP: &[u8] = &[10, 77, 0, 99];
    const HW: &[u8] = &[0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f];
    for version in VERSIONS {
        let check = |keys: &[(&str, &[u8])], script: &[Play], expected| {
            let (answer, _) = one(version, open(Kind::Lease, 0, keys), script);
            assert_eq!(status(&answer), expected, "{keys:?}@{version}: {answer:?}");
            answer
        };
        let miss = || Recorded("lease4-get.miss");
        // An address of a pool without lease is free; others are not there.
        let free = check(
            &[("ip-address", IP)],
            &[miss(), Recorded("config-get")],
            Status::SUCCESS,
        );
        assert_eq!(value(&free, "state").unwrap(), [0, 0, 0, 1]);
        let outside = [10, 99, 0, 1];
        let script = [miss(), Recorded("config-get")];
        check(&[("ip-address", &outside)], &script, Status::NOT_FOUND);
        check(&[("ip-address", b"\x0a\x4d")], &[], Status::NOT_FOUND);
        let hw = [("hardware-address", HW)];
        check(
            &hw,
            &[Recorded("lease4-get-by-hw-address.one")],
            Status::SUCCESS,
        );
        check(
            &hw,
            &[Recorded("lease4-get-by-hw-address.multi")],
            Status::MULTIPLE,
        );
        check(
            &hw,
            &[Recorded("lease4-get-by-hw-address.miss")],
            Status::NOT_FOUND,
        );
        let id = [("dhcp-client-identifier", &b"\x01\x02\x03"[..])];
        check(
            &id,
            &[Recorded("lease4-get-by-client-id.miss")],
            Status::NOT_FOUND,
        );
        // Not asked: Kea cannot have them.
        check(
            &[("dhcp-client-identifier", b"\x01")],
            &[],
            Status::NOT_FOUND,
        );
        check(
            &[("dhcp-client-identifier", &[1; 256])],
            &[],
            Status::NOT_FOUND,
        );
        check(&[("hardware-address", &[1; 21])], &[], Status::NOT_FOUND);
        check(
            &[("hardware-type", &[0, 0, 1, 0])],
            &[],
            Status::INVALID_ARGUMENT,
        );
        check(&[], &[], Status::NOT_IMPLEMENTED);
        let both = [
            ("hardware-address", HW),
            ("ip-address", &[10, 77, 0, 20][..]),
        ];
        check(&both, &[Recorded("lease4-get.by-ip")], Status::KEY_CONFLICT);
        check(&[("ip-address", IP)], &[Die], Status::CONNECTION_RESET);
    }
}

#[test]
fn changes_of_leases() {
    use super::handles::{Identity, handle};
    let update = |version, list: &[(&str, &[u8])], script: &[Play]| {
        let handle = handle("/test", Identity::Lease([10, 77, 0, 21].into()));
        one(version, Ask::Update(handle, attributes(list)), script)
    };
    for version in VERSIONS {
        let hit = || Recorded("lease4-get.by-ip");
        let ends = 1_795_250_000u32.to_be_bytes();
        let script = [hit(), Recorded("lease4-update.ends")];
        let (answer, sent) = update(version, &[("ends", &ends)], &script);
        assert_eq!(status(&answer), Status::SUCCESS);
        // Everything is sent back, and the last transaction stays.
        let before = reply("lease4-get.by-ip", version).into_arguments();
        let after = &sent[1]["arguments"];
        for key in [
            "client-id",
            "hw-address",
            "hostname",
            "user-context",
            "subnet-id",
            "cltt",
        ] {
            assert_eq!(before[key], after[key], "{key}");
        }
        assert_eq!(after["expire"].as_u64(), Some(1_795_250_000));
        let lifetime = 1_795_250_000 - before["cltt"].as_u64().unwrap();
        assert_eq!(after["valid-lft"].as_u64(), Some(lifetime));

        // Refused or not there: by looking again, not by the code.
        let miss = || Recorded("lease4-get.miss");
        let script = [hit(), Recorded("lease4-update.miss"), miss()];
        let (answer, _) = update(version, &[("ends", &ends)], &script);
        assert_eq!(status(&answer), Status::NOT_FOUND);
        let script = [hit(), Recorded("lease4-update.miss"), hit()];
        let (answer, _) = update(version, &[("ends", &ends)], &script);
        assert_eq!(status(&answer), Status::IO_ERROR);
        let (answer, _) = update(version, &[("ends", &ends)], &[hit(), Die]);
        assert_eq!(answer, Answer::Lost(Status::CONNECTION_RESET));

        let free = [("state", &[0, 0, 0, 1][..])];
        let (answer, sent) = update(version, &free, &[hit(), Recorded("lease4-del.ok")]);
        assert_eq!(
            (status(&answer), &sent[1]["command"]),
            (Status::SUCCESS, &"lease4-del".into())
        );
        let (answer, _) = update(version, &free, &[hit(), Recorded("lease4-del.miss")]);
        assert_eq!(status(&answer), Status::SUCCESS);
        let (answer, _) = update(version, &free, &[miss()]);
        assert_eq!(status(&answer), Status::NOT_FOUND);
        for (list, expected) in [
            (&[("state", &[0, 0, 0, 2][..])][..], Status::SUCCESS),
            (&[("state", &[0, 0, 0, 7])], Status::NOT_IMPLEMENTED),
            (&[("state", &[0, 0, 0, 9])], Status::INVALID_ARGUMENT),
            (&[("state", &[2])], Status::INVALID_ARGUMENT),
            (&[("state", &[])], Status::INVALID_ARGUMENT),
            (&[("ends", &[])], Status::INVALID_ARGUMENT),
            (&[("ends", &[0; 4])], Status::INVALID_ARGUMENT),
            (&[("ip-address", &[10, 77, 0, 22])], Status::NO_PERMISSION),
            (&[("subnet", &[0, 0, 0, 1])], Status::INVALID_ARGUMENT),
            (&[("client-hostname", b"new")], Status::UNCHANGED),
            // All or nothing.
            (
                &[("ends", &ends), ("starts", &[0; 4])],
                Status::NO_PERMISSION,
            ),
            (&[("flags", &[4])], Status::NOT_IMPLEMENTED),
            (&[("flags", &[0])], Status::SUCCESS),
            (&[("note", &[])], Status::UNKNOWN_ATTRIBUTE),
            (&[], Status::INVALID_ARGUMENT),
        ] {
            let (answer, _) = update(version, list, &[hit()]);
            assert_eq!(status(&answer), expected, "{list:?}");
        }
        // A variable of our own.
        let script = [hit(), Recorded("lease4-update.ok")];
        let (_, sent) = update(version, &[("note", b"a\xffb")], &script);
        let context = &sent[1]["arguments"]["user-context"];
        assert_eq!(context["omapi"]["bindings"]["note"], "a\u{ff}b");
        assert_eq!(context["x"], 1);
    }
}

#[test]
fn a_name_that_would_corrupt_the_lease_file_is_refused() {
    use super::handles::{Identity, handle};
    let lease = Json(
        r#"{"result":0,"arguments":{"ip-address":"10.77.0.21","hw-address":"02:00:00:00:00:21","hostname":"a\nb","cltt":1795240778,"valid-lft":3600,"state":0,"subnet-id":1}}"#,
    );
    let handle = handle("/test", Identity::Lease([10, 77, 0, 21].into()));
    let ask = Ask::Update(
        handle,
        attributes(&[("ends", &1_795_250_000u32.to_be_bytes())]),
    );
    let (answer, _) = one("2.2.0", ask, &[lease]);
    assert_eq!(status(&answer), Status::INVALID_ARGUMENT);
}

#[test]
fn walking_through_leases() {
    for version in VERSIONS {
        let shared = server(version, "");
        let script = [Recorded("lease4-get-page.first")];
        let (answers, _) = play(&shared, version, vec![Ask::Next(Kind::Lease, 0)], &script);
        let mut last = answers[0].clone();
        for expected in [[10, 77, 0, 21], [10, 77, 0, 31]] {
            let Answer::Object(handle, _) = last else {
                panic!()
            };
            let (answers, _) = play(&shared, version, vec![Ask::Next(Kind::Lease, handle)], &[]);
            last = answers[0].clone();
            let address = values(&last).into_iter().rfind(|(n, _)| n == "ip-address");
            assert_eq!(address.unwrap().1, expected);
        }
        let Answer::Object(handle, _) = last else {
            panic!()
        };
        let ask = vec![Ask::Next(Kind::Lease, handle)];
        let (answers, sent) = play(&shared, version, ask, &[Recorded("lease4-get-page.end")]);
        assert_eq!(sent[0]["arguments"]["from"], "10.77.0.31");
        assert_eq!(status(&answers[0]), Status::NO_MORE);
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
