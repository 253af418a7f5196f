//! Through HTTP: real control agents, Kea 3.0's own HTTP socket, and servers
//! that speak something else.

use super::{
    CREATE, Checks, connect, find, get, number, object, open, remove, soon, with_each, with_those,
};
use dhcpctl::client::{Connection, OpenFlags};
use omapi::status::Status;
use std::sync::atomic::Ordering;
use test_support::kea::agent::CtrlAgent;
use test_support::kea::fake::{Counter, says};
use test_support::kea::{Kea, Setup};
use test_support::{Tap, leave_out, tally};

const A21: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);
/// More than one segment, and more than one buffer.
const MANY: usize = 20;

fn name(port: u16) -> String {
    format!("kea+http://admin:pw@127.0.0.1:{port}/")
}

/// What works over any HTTP server in front of a Kea server, over one connection.
fn everything(t: &mut Checks, kea: &Kea, port: u16) {
    let counter = Counter::start(port);
    let c = connect(&name(counter.port));
    for _ in 0..MANY {
        t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "lookup");
    }
    let none = find(&c, "lease", &[("hardware-address", &[9; 6])]).0;
    t.is(none, Status::NOT_FOUND, "no such lease");
    let host = object(
        "host",
        &[
            ("name", b"by-http"),
            ("hardware-address", &[2, 0, 0, 0, 7, 9]),
            ("ip-address", &[10, 77, 20, 9]),
        ],
    );
    t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
    t.ok(kea.config().contains("02:00:00:00:07:09"), "it is there");
    t.is(remove(&c, &host), Status::SUCCESS, "remove");
    t.ok(!kea.config().contains("02:00:00:00:07:09"), "it is gone");
    let command = object("kea-command", &[("command", b"config-get")]);
    let status = open(&c, &command, OpenFlags::default());
    t.is(status, Status::SUCCESS, "a command");
    t.is(number(&command, "result"), Some(0), "its result");
    // Not the agent's own configuration, and not in a list.
    let reply = get(&command, "reply").unwrap_or_default();
    let reply = String::from_utf8_lossy(&reply).into_owned();
    t.ok(
        reply.starts_with('{') && reply.contains("\"Dhcp4\""),
        "its reply is Kea's",
    );
    t.is(
        counter.connections.load(Ordering::SeqCst),
        1,
        "connections for all of this",
    );
    let c = connect(&format!("{}?write=no", name(port)));
    t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "with options");
}

fn passwords(t: &mut Checks, port: u16) {
    for user in ["admin:wrong@", "admin:@", "admin@", "root:pw@", ""] {
        let name = format!("kea+http://{user}127.0.0.1:{port}/");
        let refused = Connection::connect(&name, 0, None, soon()).err();
        t.is(refused, Some(Status::NO_PERMISSION), user);
    }
}

#[test]
fn control_agent() {
    with_each("control agent", Setup::default(), |t, kea| {
        let Some(mut agent) = CtrlAgent::start(kea) else {
            return leave_out("control agent", "kea-ctrl-agent is not installed");
        };
        everything(t, kea, agent.port);
        passwords(t, agent.port);
        let c = connect(&name(agent.port));
        t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "before");
        agent.kill();
        let status = find(&c, "lease", &[A21]).0;
        t.is(status, Status::CONNECTION_REFUSED, "the agent is gone");
        let status = Connection::connect(&name(agent.port), 0, None, soon()).err();
        t.is(status, Some(Status::CONNECTION_REFUSED), "for new ones too");
        agent.restart();
        t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "it is back");
        // The agent says so with the code that stands for any failure.
        kea.kill();
        let status = find(&c, "lease", &[A21]).0;
        t.is(status, Status::FAILURE, "no Kea behind it");
        let status = Connection::connect(&name(agent.port), 0, None, soon()).err();
        t.is(status, Some(Status::FAILURE), "for new ones too");
        kea.restart();
        t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "Kea is back");
    });
}

const SOCKET: &str = r#", { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": @PORT@,
    "authentication": { "type": "basic", "realm": "kea",
      "clients": [ { "user": "admin", "password": "pw" } ] } }"#;

#[test]
fn keas_own_http() {
    let setup = Setup {
        sockets: SOCKET,
        ..Setup::default()
    };
    let new = |p: &test_support::kea::Program| p.label.as_str() >= "3.0";
    with_those("own HTTP", new, setup, |t, kea| {
        everything(t, kea, kea.port);
        passwords(t, kea.port);
        let c = connect(&name(kea.port));
        kea.kill();
        // Its clean-up of the lease file, a process of its own, has inherited
        // the socket and lives a moment longer.
        while std::net::TcpStream::connect(("127.0.0.1", kea.port)).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let status = find(&c, "lease", &[A21]).0;
        t.is(status, Status::CONNECTION_REFUSED, "killed");
        kea.restart();
        t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "it is back");
    });
}

#[test]
fn no_http_at_all() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let lease = r#"[{"result":3}]"#;
    let long = "x".repeat(1 << 20);
    let lines = "X-A: b\r\n".repeat(100_000);
    let cases: Vec<(&str, String, Status)> = vec![
        ("nothing", String::new(), Status::CONNECTION_RESET),
        ("a greeting", "hello\r\n".into(), Status::PROTOCOL_ERROR),
        (
            "SSH",
            "SSH-2.0-OpenSSH_9.2\r\n".into(),
            Status::PROTOCOL_ERROR,
        ),
        ("half a head", ok.into(), Status::CONNECTION_RESET),
        (
            "half a body",
            format!("{ok}Content-Length: 100\r\n\r\n{lease}"),
            Status::CONNECTION_RESET,
        ),
        (
            "a huge length",
            format!("{ok}Content-Length: 99999999999999999\r\n\r\n{lease}"),
            Status::CONNECTION_RESET,
        ),
        (
            "no length",
            format!("{ok}Content-Length: many\r\n\r\n{lease}"),
            Status::PROTOCOL_ERROR,
        ),
        (
            "two lengths",
            format!("{ok}Content-Length: 2\r\nContent-Length: 14\r\n\r\n{lease}"),
            Status::PROTOCOL_ERROR,
        ),
        (
            "a page",
            format!("{ok}Content-Length: 15\r\n\r\n<html>no</html>"),
            Status::PROTOCOL_ERROR,
        ),
        (
            "an empty body",
            format!("{ok}Content-Length: 0\r\n\r\n"),
            Status::CONNECTION_RESET,
        ),
        (
            "moved",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
                .into(),
            Status::PROTOCOL_ERROR,
        ),
        (
            "not found",
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(),
            Status::PROTOCOL_ERROR,
        ),
        (
            "an error",
            "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".into(),
            Status::PROTOCOL_ERROR,
        ),
        (
            "another version",
            "HTTP/3.9 200 OK\r\nContent-Length: 0\r\n\r\n".into(),
            Status::PROTOCOL_ERROR,
        ),
        (
            "a long line",
            format!("{ok}X: {long}"),
            Status::PROTOCOL_ERROR,
        ),
        ("many lines", format!("{ok}{lines}"), Status::PROTOCOL_ERROR),
        (
            "a bad chunk",
            format!("{ok}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
            Status::PROTOCOL_ERROR,
        ),
        (
            "a good answer",
            format!("{ok}Content-Length: 14\r\n\r\n{lease}"),
            Status::NOT_FOUND,
        ),
        (
            "in chunks",
            format!(
                "{ok}Transfer-Encoding: chunked\r\n\r\n7\r\n[{{\"resu\r\n7\r\nlt\":3}}]\r\n0\r\n\r\n"
            ),
            Status::NOT_FOUND,
        ),
    ];
    let mut wrong = Vec::new();
    for (what, answer, expected) in &cases {
        let port = says(answer.clone().into_bytes());
        // When there is no lease, no second question.
        let c = connect(&format!("{}?free=no", name(port)));
        let status = find(&c, "lease", &[A21]).0;
        if status != *expected || !c.is_connected() {
            wrong.push(format!("{what}: {status:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let passed = cases.len().try_into().unwrap();
    let tap = Tap {
        passed,
        ..Tap::default()
    };
    tally("bad HTTP", &tap);
}
