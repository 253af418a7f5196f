//! Leases, the server itself, any command, transports.

use super::fake_kea::Agent;
use super::kea::Setup;
use super::{
    connect, ended, find, get, number, object, open, refresh, set, soon, update, with_each,
};
use dhcpctl::client::{Connection, Object, OpenFlags, Value};
use omapi::status::Status;
use std::process::Command;
use std::sync::atomic::Ordering;

const A21: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);

#[test]
fn lookups_and_changes() {
    with_each("leases", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        for key in [
            A21,
            ("hardware-address", &[2, 0, 0, 0, 0, 0x21]),
            ("dhcp-client-identifier", &[1, 2, 0, 0, 0, 0, 0x21]),
        ] {
            let (status, lease) = find(&c, "lease", &[key]);
            t.is(status, Status::SUCCESS, key.0);
            t.is(number(&lease, "state"), Some(2), "state");
            t.is(
                get(&lease, "ip-address"),
                Some(vec![10, 77, 0, 21]),
                "address",
            );
            t.is(
                get(&lease, "client-hostname"),
                Some(b"host21.example.com".to_vec()),
                "name",
            );
            t.is(get(&lease, "flags"), Some(vec![0]), "flags");
        }
        for (address, state) in [
            ([10, 77, 0, 22], 5),
            ([10, 77, 0, 23], 1),
            ([10, 77, 0, 99], 1),
        ] {
            let (status, lease) = find(&c, "lease", &[("ip-address", &address)]);
            t.is(
                (status, number(&lease, "state")),
                (Status::SUCCESS, Some(state)),
                "state",
            );
        }
        for keys in [
            &[("ip-address", &[10, 78, 0, 1][..])][..],
            &[("hardware-address", &[9; 6])],
        ] {
            t.is(
                find(&c, "lease", keys).0,
                Status::NOT_FOUND,
                "no such lease",
            );
        }
        let (_, lease) = find(&c, "lease", &[A21]);
        let cltt = number(&lease, "cltt");
        let ends = (super::kea::now() as u32 + 5000).to_be_bytes();
        t.is(
            update(&c, &lease, &[("ends", &ends)]),
            Status::SUCCESS,
            "ends",
        );
        t.is(refresh(&c, &lease), Status::SUCCESS, "refresh");
        t.is(get(&lease, "ends"), Some(ends.to_vec()), "ends");
        t.is(number(&lease, "cltt"), cltt, "cltt");
        t.is(
            get(&lease, "client-hostname"),
            Some(b"host21.example.com".to_vec()),
            "name stays",
        );
        t.is(
            update(&c, &lease, &[("note", b"h\xc3\xb6\x00st")]),
            Status::SUCCESS,
            "variable",
        );
        kea.restart();
        let (status, lease) = find(&c, "lease", &[A21]);
        t.is(
            status,
            Status::SUCCESS,
            "the same connection after a restart",
        );
        t.is(get(&lease, "ends"), Some(ends.to_vec()), "ends, durable");
        t.is(
            get(&lease, "note"),
            Some(b"h\xc3\xb6\x00st".to_vec()),
            "variable, durable",
        );
        for state in [5u32, 2, 1] {
            let status = update(&c, &lease, &[("state", &state.to_be_bytes())]);
            t.is(status, Status::SUCCESS, "set state");
            refresh(&c, &lease);
            t.is(number(&lease, "state"), Some(state), "state");
        }
        t.is(
            update(&c, &lease, &[("starts", &[0; 4])]),
            Status::NOT_FOUND,
            "it is gone",
        );
    });
}

#[test]
fn walking_through_all() {
    with_each("walking", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let lease = Object::new("lease").unwrap();
        let mut found = Vec::new();
        let end = loop {
            lease.next(&c).unwrap();
            match ended(lease.wait(soon())) {
                Status::SUCCESS => found.push((
                    get(&lease, "ip-address").unwrap()[3],
                    get(&lease, "client-hostname").is_some(),
                )),
                other => break other,
            }
        };
        t.is(end, Status::NO_MORE, "end");
        t.is(
            found,
            vec![(20, false), (21, true), (22, false), (23, false)],
            "leases",
        );
    });
}

#[test]
fn any_command() {
    with_each("command", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        for (command, arguments, result) in [
            ("list-commands", None, 0),
            ("leases-reclaim", Some(r#"{"remove":true}"#), 0),
            ("leases-reclaim", None, 1),
            ("statistic-get-all", None, 0),
            ("no-such-command", None, 2),
            ("lease4-get", Some(r#"{"ip-address":"10.77.0.98"}"#), 3),
            ("lease4-get-page", Some(r#"{"from":"start","limit":2}"#), 0),
        ] {
            let o = object("kea-command", &[("command", command.as_bytes())]);
            if let Some(arguments) = arguments {
                set(&o, &[("arguments", arguments.as_bytes())]);
            }
            t.is(open(&c, &o, OpenFlags::default()), Status::SUCCESS, command);
            t.is(number(&o, "result"), Some(result), command);
            t.ok(
                get(&o, "reply").is_some_and(|r| r.starts_with(b"{")),
                command,
            );
        }
        let (status, control) = find(&c, "control", &[]);
        t.is(
            (status, number(&control, "state")),
            (Status::SUCCESS, Some(1)),
            "running",
        );
        let bad = update(&c, &control, &[("state", &[0, 0, 0, 3])]);
        t.is(bad, Status::INVALID_ARGUMENT, "other states");
        let down = update(&c, &control, &[("state", &[0, 0, 0, 2])]);
        t.is(down, Status::SUCCESS, "shutdown");
        let gone = std::time::Instant::now();
        while kea.try_command(r#"{"command":"status-get"}"#).is_some() {
            assert!(gone.elapsed().as_secs() < 5);
        }
        t.is(
            find(&c, "control", &[]).0,
            Status::CONNECTION_REFUSED,
            "nobody there",
        );
        let none = Connection::connect(&kea.name(), 0, None, soon()).err();
        t.is(
            none,
            Some(Status::CONNECTION_REFUSED),
            "connecting to nobody",
        );
    });
}

#[test]
fn threads_share_a_connection() {
    with_each("threads", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let counts: Vec<usize> = std::thread::scope(|s| {
            let each = |_| {
                s.spawn(|| {
                    let good = |_: &usize| find(&c, "lease", &[A21]).0 == Status::SUCCESS;
                    (0..200).filter(good).count()
                })
            };
            let threads: Vec<_> = (0..8).map(each).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        t.is(counts, vec![200; 8], "each thread's lookups");
        // Many outstanding, waited for in the other direction.
        let all: Vec<Object> = (0..100).map(|_| object("lease", &[A21])).collect();
        for o in &all {
            o.open(&c, OpenFlags::default()).unwrap();
        }
        let good = all.iter().rev().filter(|o| o.wait(soon()).is_ok()).count();
        t.is(good, 100, "outstanding at once");
    });
}

#[test]
fn many_descriptors() {
    with_each("descriptors", Setup::default(), |t, kea| {
        let files: Vec<_> = (0..1100)
            .map_while(|_| std::fs::File::open("/dev/null").ok())
            .collect();
        if files.len() == 1100 {
            let c = connect(&kea.name());
            t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "above 1023");
        }
    });
}

#[test]
fn over_http() {
    with_each("http", Setup::default(), |t, kea| {
        let agent = Agent::start(kea.socket(), usize::MAX);
        let name = format!("kea+http://admin:pw@127.0.0.1:{}/", agent.port);
        let c = connect(&name);
        for _ in 0..20 {
            t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "lookup");
        }
        t.is(
            agent.connections.load(Ordering::SeqCst),
            1,
            "connections for 22 commands",
        );
        for user in ["admin:wrong@", ""] {
            let name = format!("kea+http://{user}127.0.0.1:{}/", agent.port);
            let refused = Connection::connect(&name, 0, None, soon()).err();
            t.is(refused, Some(Status::NO_PERMISSION), "password");
        }
        // A connection that the server closes between two commands.
        let agent = Agent::start(kea.socket(), 3);
        let c = connect(&format!("kea+http://admin:pw@127.0.0.1:{}/", agent.port));
        for _ in 0..10 {
            t.is(find(&c, "lease", &[A21]).0, Status::SUCCESS, "lookup");
        }
    });
}

/// Not a test of its own: see `by_map`.
#[test]
fn child_of_by_map() {
    if std::env::var_os("DHCPCTL_TEST_CHILD").is_none() {
        return;
    }
    let c = Connection::connect("127.0.0.1", 7911, None, soon()).unwrap();
    let (status, lease) = find(&c, "lease", &[A21]);
    assert_eq!(
        (status, number(&lease, "state")),
        (Status::SUCCESS, Some(2))
    );
    assert_eq!(lease.get("flags"), Some(Value::Data(vec![0])));
}

#[test]
fn by_map() {
    with_each("map", Setup::default(), |t, kea| {
        let map = format!("127.0.0.1:7911 = {}", kea.name());
        let file = kea.folder.join("servers");
        std::fs::write(&file, format!("# a comment\n{map}\n")).unwrap();
        for value in [map, file.display().to_string()] {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "leases::child_of_by_map"])
                .env("DHCPCTL_TEST_CHILD", "1")
                .env("DHCPCTL_SERVERS", value)
                .output()
                .unwrap();
            t.ok(
                child.status.success(),
                &String::from_utf8_lossy(&child.stdout),
            );
        }
    });
}
