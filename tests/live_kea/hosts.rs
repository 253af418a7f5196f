//! Hosts and groups, up to what a client is offered.

use super::kea::Setup;
use super::{
    CREATE, connect, ended, find, get, number, object, open, refresh, remove, soon, update,
    with_each,
};
use dhcpctl::client::{Object, OpenFlags};
use omapi::status::Status;

const DHCP: Setup<'_> = Setup {
    dhcp: true,
    ..Setup::USUAL
};
const HW: [u8; 6] = [2, 0, 0, 0, 7, 1];
const ETHERNET: (&str, &[u8]) = ("hardware-type", &[0, 0, 0, 1]);

#[test]
fn a_host_reaches_its_client() {
    with_each("hosts", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let other = kea.discover(HW, &[15]);
        t.ok(
            other.is_some_and(|o| o.address != [10, 77, 20, 1]),
            "before",
        );
        let host = object(
            "host",
            &[
                ("name", b"ncc-1701"),
                ("hardware-address", &HW),
                ETHERNET,
                ("ip-address", &[10, 77, 20, 1]),
                (
                    "statements",
                    b"option domain-name \"a,b\"; filename \"boot\"; option option-224 01:02:03; default-lease-time 77;",
                ),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let mut offered = |kea: &super::kea::Kea, when: &str| {
            let offer = kea.discover(HW, &[15, 51, 224]).expect("an offer");
            t.is(offer.address, [10, 77, 20, 1], when);
            t.is(offer.option(15), Some(&b"a,b"[..]), when);
            t.is(offer.option(224), Some(&[1, 2, 3][..]), when);
            t.is(offer.option(51), Some(&[0, 0, 0, 77][..]), when);
            t.is(&offer.file[..], "boot", when);
        };
        offered(kea, "at once");
        kea.restart();
        offered(kea, "after a restart");
        for key in [
            ("name", &b"ncc-1701"[..]),
            ("hardware-address", &HW),
            ("ip-address", &[10, 77, 20, 1]),
        ] {
            let (status, host) = find(&c, "host", &[key]);
            t.is(status, Status::SUCCESS, key.0);
            t.is(get(&host, "name"), Some(b"ncc-1701".to_vec()), "name");
            t.is(
                get(&host, "hardware-address"),
                Some(HW.to_vec()),
                "hardware-address",
            );
            t.is(number(&host, "hardware-type"), Some(1), "hardware-type");
        }
        let again = object("host", &[("name", b"ncc-1701"), ("hardware-address", &HW)]);
        t.is(open(&c, &again, CREATE), Status::EXISTS, "again");
        let name = object(
            "host",
            &[("name", b"ncc-1701"), ("hardware-address", &[9; 6])],
        );
        t.is(open(&c, &name, CREATE), Status::EXISTS, "the name again");
        let moved = update(&c, &host, &[("ip-address", &[10, 77, 20, 2])]);
        t.is(moved, Status::SUCCESS, "new address");
        t.is(
            kea.discover(HW, &[]).map(|o| o.address),
            Some([10, 77, 20, 2]),
            "offered",
        );
        t.is(
            update(&c, &host, &[("name", b"x")]),
            Status::EXISTS,
            "new name",
        );
        t.is(remove(&c, &host), Status::SUCCESS, "remove");
        t.is(refresh(&c, &host), Status::NOT_FOUND, "removed");
        t.is(remove(&c, &host), Status::NOT_FOUND, "remove again");
        t.ok(
            kea.discover(HW, &[])
                .is_some_and(|o| o.address != [10, 77, 20, 2]),
            "after",
        );
    });
}

#[test]
fn groups_reach_their_hosts() {
    with_each("groups", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let group = object(
            "group",
            &[
                ("name", b"g 1"),
                ("statements", b"option domain-name \"of-group\";"),
            ],
        );
        t.is(open(&c, &group, CREATE), Status::SUCCESS, "create group");
        t.is(
            open(
                &c,
                &object(
                    "group",
                    &[("name", b"g 1"), ("statements", b"option routers 1.1.1.1;")],
                ),
                CREATE,
            ),
            Status::EXISTS,
            "again",
        );
        t.is(
            find(&c, "group", &[("name", b"g 1")]).0,
            Status::SUCCESS,
            "find",
        );
        t.is(
            find(&c, "group", &[("name", b"g2")]).0,
            Status::NOT_FOUND,
            "find another",
        );
        let host = object(
            "host",
            &[
                ("name", b"member"),
                ("hardware-address", &HW),
                ETHERNET,
                ("group", b"g 1"),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "member");
        let offer = kea.discover(HW, &[15]).expect("an offer");
        t.is(offer.option(15), Some(&b"of-group"[..]), "option");
        let denied = object(
            "host",
            &[
                ("name", b"denied"),
                ("hardware-address", &[2, 0, 0, 0, 7, 2]),
                ("statements", b"deny booting;"),
            ],
        );
        t.is(open(&c, &denied, CREATE), Status::SUCCESS, "deny booting");
        t.ok(kea.discover([2, 0, 0, 0, 7, 2], &[]).is_none(), "no answer");
        let nope = object("host", &[("hardware-address", &[9; 6]), ("group", b"nope")]);
        t.is(open(&c, &nope, CREATE), Status::NOT_FOUND, "no such group");
        t.is(remove(&c, &group), Status::SUCCESS, "remove");
        t.is(refresh(&c, &group), Status::NOT_FOUND, "removed");
        t.ok(
            kea.discover(HW, &[15])
                .is_some_and(|o| o.option(15).is_none()),
            "option gone",
        );
    });
}

#[test]
fn hosts_of_the_configuration() {
    let reservations = r#"{ "hw-address": "AA:BB:CC:00:00:01", "ip-address": "10.77.30.1", "hostname": "foreign", "user-context": { "x": [ 0.875, 99999999999, "é" ] } },
        { "client-id": "'foo'", "ip-address": "10.77.30.2" }"#;
    let setup = Setup {
        reservations,
        ..Setup::default()
    };
    with_each("foreign hosts", setup, |t, kea| {
        let c = connect(&kea.name());
        let (status, host) = find(&c, "host", &[("name", b"foreign")]);
        t.is(status, Status::SUCCESS, "by hostname");
        t.is(
            get(&host, "ip-address"),
            Some(vec![10, 77, 30, 1]),
            "address",
        );
        let (status, second) = find(&c, "host", &[("dhcp-client-identifier", b"foo")]);
        t.is(status, Status::SUCCESS, "by client id");
        t.is(
            get(&second, "name"),
            Some(b"kea-1-666F6F".to_vec()),
            "a name for it",
        );
        t.is(
            update(&c, &host, &[("ip-address", &[10, 77, 30, 9])]),
            Status::SUCCESS,
            "update",
        );
        let config = kea.config();
        let kept = r#""x": [ 0.875, 99999999999, "\u00c3\u00a9" ]"#;
        t.ok(config.contains(kept), "what is not ours stays");
        t.ok(!config.contains("omapi"), "and gets nothing of ours");
        let walker = Object::new("host").unwrap();
        let mut names = Vec::new();
        loop {
            walker.next(&c).unwrap();
            match ended(walker.wait(soon())) {
                Status::SUCCESS => names.push(get(&walker, "name").unwrap()),
                other => break t.is(other, Status::NO_MORE, "end"),
            }
        }
        names.sort();
        t.is(
            names,
            vec![b"foreign".to_vec(), b"kea-1-666F6F".to_vec()],
            "walking",
        );
        t.is(remove(&c, &second), Status::SUCCESS, "remove");
        t.ok(!kea.config().contains("666F6F"), "removed");
    });
}

#[test]
fn both_identifiers() {
    let setup = Setup {
        more: r#""ip-reservations-unique": false,"#,
        ..DHCP
    };
    let attributes: [(&str, &[u8]); 4] = [
        ("name", b"both"),
        ("hardware-address", &HW),
        ("dhcp-client-identifier", b"\x01both"),
        ("ip-address", &[10, 77, 20, 1]),
    ];
    with_each("both identifiers", setup, |t, kea| {
        let c = connect(&kea.name());
        let host = object("host", &attributes);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (status, found) = find(&c, "host", &[("dhcp-client-identifier", b"\x01both")]);
        t.is(status, Status::SUCCESS, "one host");
        t.is(
            get(&found, "hardware-address"),
            Some(HW.to_vec()),
            "with both",
        );
        t.is(
            find(&c, "host", &[("ip-address", &[10, 77, 20, 1])]).0,
            Status::SUCCESS,
            "by address",
        );
        t.is(
            kea.discover(HW, &[]).map(|o| o.address),
            Some([10, 77, 20, 1]),
            "offered",
        );
        t.is(remove(&c, &found), Status::SUCCESS, "remove");
        t.ok(!kea.config().contains("10.77.20.1"), "both are gone");
    });
    with_each("both identifiers refused", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let before = kea.config();
        t.is(
            open(&c, &object("host", &attributes), CREATE),
            Status::INVALID_ARGUMENT,
            "create",
        );
        t.is(kea.config(), before, "configuration");
    });
}

#[test]
fn a_thousand_at_once() {
    with_each("a thousand hosts", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let host = |i: u16| {
            let [a, b] = i.to_be_bytes();
            let name = format!("n{i}");
            // One of them is in no subnet.
            let ip = [10, if i == 500 { 99 } else { 77 }, 100 + a, b];
            object(
                "host",
                &[
                    ("name", name.as_bytes()),
                    ("hardware-address", &[2, 0, 0, 1, a, b]),
                    ETHERNET,
                    ("ip-address", &ip),
                ],
            )
        };
        let all: Vec<Object> = (0..1000).map(host).collect();
        for h in &all {
            h.open(&c, CREATE).unwrap();
        }
        let results: Vec<Status> = all.iter().map(|h| ended(h.wait(soon()))).collect();
        let good = results.iter().filter(|s| s.is_success()).count();
        t.is(
            (good, results[500]),
            (999, Status::INVALID_ARGUMENT),
            "results",
        );
        let log = kea.config();
        t.is(
            log.matches("\"hw-address\": \"02:00:00:01:").count(),
            999,
            "reservations",
        );
        // An order of its own: each sees what was queued before it.
        let one = host(2000);
        one.open(&c, CREATE).unwrap();
        let same = object("host", &[("name", b"n2000")]);
        same.open(&c, OpenFlags::default()).unwrap();
        t.is(
            ended(same.wait(soon())),
            Status::SUCCESS,
            "found behind its creation",
        );
        t.is(ended(one.wait(soon())), Status::SUCCESS, "created");
        // Disconnecting without haste still does what was queued.
        t.is(remove(&c, &one), Status::SUCCESS, "remove");
    });
}

#[test]
fn several_clients_at_once() {
    with_each("several clients", Setup::default(), |t, kea| {
        let name = kea.name();
        let results: Vec<Vec<Status>> = std::thread::scope(|s| {
            let client = |n: u8| {
                let name = &name;
                s.spawn(move || {
                    let c = connect(name);
                    let create = |i: u8| {
                        let o = object(
                            "host",
                            &[
                                ("hardware-address", &[2, 0, 0, 2, n, i]),
                                ("ip-address", &[10, 77, 40 + n, i]),
                            ],
                        );
                        open(&c, &o, CREATE)
                    };
                    (1..=5).map(create).collect()
                })
            };
            let threads: Vec<_> = (0..4).map(client).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        t.is(results, vec![vec![Status::SUCCESS; 5]; 4], "each");
        t.is(
            kea.config().matches("02:00:00:02:").count(),
            20,
            "nothing is lost",
        );
    });
}
