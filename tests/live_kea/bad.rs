//! What must not do harm: the configuration stays as it was, and so do the
//! leases.

use super::{
    Attributes, CREATE, connect, ended, find, object, open, soon, update, with_each, with_those,
};
use dhcpctl::client::{Connection, OpenFlags};
use omapi::status::Status;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use test_support::kea::fake::Fake;
use test_support::kea::{Program, Setup, raw_command};

const HW: (&str, &[u8]) = ("hardware-address", &[2, 0, 0, 0, 8, 1]);
const IP: (&str, &[u8]) = ("ip-address", &[10, 77, 20, 1]);

#[test]
fn bad_hosts() {
    let long = "x".repeat(300);
    let bomb = format!("option domain-name \"{}\";", "y".repeat(40_000));
    let cases: Vec<(&str, Attributes<'_>, Status)> = vec![
        (
            "control character",
            vec![("name", b"a\nb"), HW, IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "NUL",
            vec![("name", b"a\0b"), HW, IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "long name",
            vec![("name", long.as_bytes()), HW, IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "long hardware address",
            vec![("hardware-address", &[1; 21]), IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "long client id",
            vec![("dhcp-client-identifier", &[1; 256]), IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "no identifier",
            vec![("name", b"n"), IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "two addresses",
            vec![HW, ("ip-address", &[10, 77, 20, 1, 10, 77, 20, 2])],
            Status::INVALID_ARGUMENT,
        ),
        (
            "half an address",
            vec![HW, ("ip-address", &[10, 77])],
            Status::INVALID_ARGUMENT,
        ),
        (
            "no subnet",
            vec![HW, ("ip-address", &[10, 99, 0, 1])],
            Status::INVALID_ARGUMENT,
        ),
        (
            "token ring",
            vec![HW, ("hardware-type", &[0, 0, 0, 6]), IP],
            Status::NOT_IMPLEMENTED,
        ),
        (
            "half a type",
            vec![HW, ("hardware-type", &[1]), IP],
            Status::INVALID_ARGUMENT,
        ),
        (
            "statements",
            vec![HW, IP, ("statements", b"option routers")],
            Status::BAD_PARSE,
        ),
        (
            "long statements",
            vec![HW, IP, ("statements", bomb.as_bytes())],
            Status::BAD_PARSE,
        ),
        (
            "braces",
            vec![HW, IP, ("statements", b"if true { filename \"x\"; }")],
            Status::NOT_IMPLEMENTED,
        ),
        (
            "subnet mask",
            vec![HW, IP, ("statements", b"option subnet-mask 255.0.0.0;")],
            Status::NOT_IMPLEMENTED,
        ),
        ("group", vec![HW, IP, ("group", b"none")], Status::NOT_FOUND),
        (
            "attribute",
            vec![HW, IP, ("zork", b"1")],
            Status::UNKNOWN_ATTRIBUTE,
        ),
    ];
    with_each("bad hosts", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let (config, leases) = (kea.config(), kea.leases());
        for (what, attributes, expected) in &cases {
            t.is(
                open(&c, &object("host", attributes), CREATE),
                *expected,
                what,
            );
        }
        t.is(kea.config(), config, "configuration");
        t.is(kea.leases(), leases.clone(), "leases");
        let (_, lease) = find(&c, "lease", &[("ip-address", &[10, 77, 0, 21])]);
        for (what, attributes, expected) in [
            ("null state", [("state", &[][..])], Status::INVALID_ARGUMENT),
            ("null ends", [("ends", &[])], Status::INVALID_ARGUMENT),
            (
                "state 7",
                [("state", &[0, 0, 0, 7])],
                Status::NOT_IMPLEMENTED,
            ),
            (
                "hostname",
                [("client-hostname", b"a\r\nb")],
                Status::UNCHANGED,
            ),
        ] {
            t.is(update(&c, &lease, &attributes), expected, what);
            // The object keeps what was set; it must not go with the next.
            refresh_of(&c, &lease);
        }
        t.is(kea.leases(), leases, "leases");
        let bomb = object(
            "kea-command",
            &[("command", b"x"), ("arguments", &[b'['; 5000])],
        );
        t.is(
            open(&c, &bomb, OpenFlags::default()),
            Status::INVALID_ARGUMENT,
            "JSON bomb",
        );
    });
}

fn refresh_of(c: &Connection, o: &dhcpctl::client::Object) {
    super::refresh(c, o);
}

/// Where to put a socket between us and a Kea server.
fn proxy(kea: &test_support::kea::Kea) -> PathBuf {
    kea.folder.join("proxy.sock")
}

/// Hosts are changed by new configurations, in 3.0 too.
pub(crate) const PLAIN: Setup<'_> = Setup {
    plain: true,
    ..Setup::USUAL
};

#[test]
fn kea_dies_between_test_and_set() {
    for (dying, setup) in [
        ("config-test", PLAIN),
        ("config-set", PLAIN),
        ("config-write", PLAIN),
        ("reservation-add", Setup::default()),
        ("config-write", Setup::default()),
    ] {
        let which = |p: &Program| setup.plain || p.has_host_cmds();
        let test = format!("killed at {dying}, {}", setup.plain);
        with_those(&test, which, setup, |t, kea| {
            let (config, leases) = (kea.config(), kea.leases());
            let (real, pid) = (kea.socket(), kea.pid());
            let between = Fake::start(&proxy(kea), move |command, stream| {
                if command.contains(dying) {
                    let killed = std::process::Command::new("kill")
                        .args(["-9", &pid.to_string()])
                        .status();
                    assert!(killed.is_ok());
                    return;
                }
                if let Ok(answer) = raw_command(&real, command.as_bytes()) {
                    let _ = stream.write_all(&answer);
                }
            });
            let c = connect(&format!("kea:{}", proxy(kea).display()));
            let status = open(&c, &object("host", &[HW, IP]), CREATE);
            t.is(status, Status::CONNECTION_RESET, "status");
            drop(between);
            kea.restart();
            let c = connect(&kea.name());
            t.is(kea.config(), config, "configuration");
            t.is(kea.leases(), leases, "leases");
            t.is(
                open(&c, &object("host", &[HW, IP]), CREATE),
                Status::SUCCESS,
                "again",
            );
        });
    }
}

#[test]
fn a_concurrent_writer() {
    with_each("concurrent writer", PLAIN, |t, kea| {
        let real = kea.socket();
        let rounds = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&rounds);
        let between = Fake::start(&proxy(kea), move |command, stream| {
            let answer = raw_command(&real, command.as_bytes()).unwrap();
            // Behind our test, somebody else sets a configuration: once.
            if command.contains("config-test") && count.fetch_add(1, Ordering::SeqCst) == 0 {
                let config = raw_command(&real, br#"{"command":"config-get"}"#).unwrap();
                let config = String::from_utf8(config).unwrap();
                let start = config.find("\"Dhcp4\"").unwrap();
                let end = match config.find("\"hash\"") {
                    Some(at) => config[..at].rfind(',').unwrap(),
                    None => config.rfind("}, \"result\"").unwrap(),
                };
                let changed = config[start..end].replacen(
                    "\"reservations\": [  ]",
                    "\"reservations\": [ { \"hw-address\": \"06:06:06:06:06:06\", \"ip-address\": \"10.77.20.66\" } ]",
                    1,
                );
                let set = format!("{{\"command\":\"config-set\",\"arguments\":{{{changed}}}}}");
                // Kea 2.6 refuses while it cleans its lease file.
                let set = || raw_command(&real, set.as_bytes()).unwrap();
                let fine = |a: &[u8]| String::from_utf8_lossy(a).contains("\"result\": 0");
                while !fine(&set()) {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            let _ = stream.write_all(&answer);
        });
        let c = connect(&format!("kea:{}", proxy(kea).display()));
        t.is(
            open(&c, &object("host", &[HW, IP]), CREATE),
            Status::SUCCESS,
            "create",
        );
        drop(between);
        t.ok(rounds.load(Ordering::SeqCst) >= 2, "noticed");
        let config = kea.config();
        t.ok(config.contains("06:06:06:06:06:06"), "theirs is there");
        t.ok(config.contains("02:00:00:00:08:01"), "ours is there");
    });
}

/// Servers that answer anything but what they should.
#[test]
fn hostile_answers() {
    let deep = "[".repeat(200_000);
    let wide = format!("{{\"result\":0,\"arguments\":[{}", "0,".repeat(6_000_000));
    let cases: Vec<(&str, String, Status)> = vec![
        ("nothing", String::new(), Status::CONNECTION_RESET),
        (
            "half",
            r#"{"result":0,"arguments":{"ip-address":"10."#.into(),
            Status::CONNECTION_RESET,
        ),
        ("not JSON", "hello".into(), Status::PROTOCOL_ERROR),
        ("bad JSON", r#"{"result":}"#.into(), Status::PROTOCOL_ERROR),
        ("no result", "{}".into(), Status::PROTOCOL_ERROR),
        (
            "a list of two",
            r#"[{"result":0},{"result":0}]"#.into(),
            Status::PROTOCOL_ERROR,
        ),
        ("no lease", r#"{"result":0}"#.into(), Status::PROTOCOL_ERROR),
        (
            "no address",
            r#"{"result":0,"arguments":{"ip-address":"zork"}}"#.into(),
            Status::PROTOCOL_ERROR,
        ),
        ("deep", deep, Status::PROTOCOL_ERROR),
        ("wide", wide, Status::PROTOCOL_ERROR),
        (
            "error",
            r#"{"result":1,"text":"x"}"#.into(),
            Status::FAILURE,
        ),
        (
            "unsupported",
            r#"{"result":2}"#.into(),
            Status::NOT_IMPLEMENTED,
        ),
        (
            "number",
            r#"{"result":99999999999999999999}"#.into(),
            Status::PROTOCOL_ERROR,
        ),
    ];
    let path = std::env::temp_dir().join(format!("dhcpctl-hostile-{}", std::process::id()));
    for (what, answer, expected) in cases {
        let fake = Fake::start(&path, move |command, stream| {
            let _ = stream.write_all(Fake::probe(command).unwrap_or(&answer).as_bytes());
        });
        let c = connect(path.to_str().unwrap());
        let (status, _) = find(
            &c,
            "lease",
            &[
                ("hardware-address", &[1; 6]),
                ("ip-address", &[10, 0, 0, 1]),
            ],
        );
        assert_eq!(status, expected, "{what}");
        assert!(c.is_connected(), "{what}");
        drop(fake);
    }
    let _ = std::fs::remove_file(path);
}

#[test]
fn no_answer_at_all() {
    let path = std::env::temp_dir().join(format!("dhcpctl-silent-{}", std::process::id()));
    // Says who it is, and then keeps connections open in silence.
    let fake = Fake::start(&path, |command, stream| {
        if let Some(answer) = Fake::probe(command) {
            let _ = stream.write_all(answer.as_bytes());
        } else {
            // The copy lives as long as this process: nothing is ever said.
            std::mem::forget(stream.try_clone());
        }
    });
    let c = connect(path.to_str().unwrap());
    let lease = object("lease", &[("ip-address", &[10, 0, 0, 1])]);
    lease.open(&c, OpenFlags::default()).unwrap();
    let start = Instant::now();
    let limit = Instant::now() + Duration::from_millis(200);
    assert_eq!(ended(lease.wait(Some(limit))), Status::TIMED_OUT);
    assert!(
        start.elapsed() < Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
    // The library's own patience ends too.
    let c = connect(&format!("kea:{}?timeout=1", path.display()));
    let lease = object("lease", &[("ip-address", &[10, 0, 0, 1])]);
    lease.open(&c, OpenFlags::default()).unwrap();
    assert_eq!(ended(lease.wait(soon())), Status::TIMED_OUT);
    // Disconnecting ends what is under way.
    let lease = object("lease", &[("ip-address", &[10, 0, 0, 1])]);
    lease.open(&c, OpenFlags::default()).unwrap();
    c.disconnect().unwrap();
    assert_eq!(ended(lease.wait(soon())), Status::CONNECTION_RESET);
    drop(fake);
    let _ = std::fs::remove_file(path);
}

#[test]
fn kea_is_killed_at_any_moment() {
    with_each("killed during changes", Setup::default(), |t, kea| {
        // Without config-write: Kea empties its file before it writes it, and one
        // that is killed in between has none.
        let name = format!("{}?write=no", kea.name());
        let (config, leases) = (kea.config(), kea.leases());
        for i in 0..6u8 {
            let c = connect(&name);
            let host = object(
                "host",
                &[
                    ("hardware-address", &[2, 0, 0, 0, 9, i]),
                    ("ip-address", &[10, 77, 21, i + 1]),
                ],
            );
            host.open(&c, CREATE).unwrap();
            let pid = kea.pid();
            let killer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_micros(u64::from(i) * 900));
                let _ = std::process::Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .status();
            });
            let status = ended(host.wait(soon()));
            killer.join().unwrap();
            let expected = [
                Status::SUCCESS,
                Status::CONNECTION_RESET,
                Status::CONNECTION_REFUSED,
            ];
            t.ok(expected.contains(&status), &format!("{status:?}"));
            kea.restart();
            t.is(kea.leases(), leases.clone(), "leases");
            t.is(kea.config(), config.clone(), "configuration");
        }
    });
}
