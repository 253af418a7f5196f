//! Hosts that are several reservations: copies in all subnets, a second
//! identifier that comes later.

use super::kea::{Kea, Setup};
use super::{CREATE, connect, ended, find, get, object, open, refresh, remove, soon, update};
use super::{number, with_each};
use dhcpctl::client::{Connection, Object};
use omapi::status::Status;
use std::time::Duration;

const HW: [u8; 6] = [2, 0, 0, 0, 5, 1];
const HARDWARE: (&str, &[u8]) = ("hardware-address", &HW);
const CLIENT: (&str, &[u8]) = ("dhcp-client-identifier", b"\x01roam");
const NAME: (&str, &[u8]) = ("name", b"roamer");

/// A second subnet and a third, in a shared network.
const SUBNETS: &str = r#""shared-networks": [ { "name": "n", "subnet4": [
    { "id": 2, "subnet": "10.78.0.0/16", "pools": [ { "pool": "10.78.0.10 - 10.78.0.20" } ] },
    { "id": 3, "subnet": "10.79.0.0/16" } ] } ],"#;

const THREE: Setup<'_> = Setup {
    more: SUBNETS,
    dhcp: true,
    ..Setup::USUAL
};

/// How many reservations have this in them.
fn count(kea: &Kea, what: &str) -> usize {
    kea.config().matches(what).count()
}

fn walk(c: &Connection) -> Vec<Vec<u8>> {
    let walker = Object::new("host").unwrap();
    let mut names = Vec::new();
    loop {
        walker.next(c).unwrap();
        match ended(walker.wait(soon())) {
            Status::SUCCESS => names.push(get(&walker, "name").unwrap()),
            other => {
                assert_eq!(other, Status::NO_MORE);
                return names;
            }
        }
    }
}

#[test]
fn copies_in_all_subnets() {
    with_each("copies of a host", THREE, |t, kea| {
        let before = kea.config();
        let attributes = [
            NAME,
            HARDWARE,
            ("statements", &b"option domain-name \"roams\";"[..]),
        ];
        let c = connect(&kea.name());
        let status = open(&c, &object("host", &attributes), CREATE);
        t.is(status, Status::INVALID_ARGUMENT, "not allowed");
        t.is(kea.config(), before, "configuration");

        let c = connect(&format!("{}?replicate=yes", kea.name()));
        let host = object("host", &attributes);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        t.is(count(kea, "02:00:00:00:05:01"), 3, "copies");
        let offer = kea.discover(HW, &[15]).expect("an offer");
        t.is(offer.option(15), Some(&b"roams"[..]), "offered");
        kea.restart();
        for key in [NAME, HARDWARE] {
            let (status, found) = find(&c, "host", &[key]);
            t.is(status, Status::SUCCESS, key.0);
            t.is(get(&found, "ip-address"), None, "no address");
        }
        // Without the option it is one host as well.
        let plain = connect(&kea.name());
        t.is(
            find(&plain, "host", &[HARDWARE]).0,
            Status::SUCCESS,
            "found",
        );
        t.is(walk(&plain), vec![b"roamer".to_vec()], "walking");
        let again = object("host", &[NAME, HARDWARE]);
        t.is(open(&c, &again, CREATE), Status::EXISTS, "again");
        let same = object("host", &[("name", b"other"), HARDWARE]);
        t.is(open(&c, &same, CREATE), Status::KEY_CONFLICT, "other name");

        // A group for all of them.
        let group = object(
            "group",
            &[("name", b"g"), ("statements", b"option root-path \"/r\";")],
        );
        t.is(open(&c, &group, CREATE), Status::SUCCESS, "group");
        let (_, host) = find(&c, "host", &[NAME]);
        t.is(
            update(&c, &host, &[("group", b"g")]),
            Status::SUCCESS,
            "join",
        );
        t.is(
            count(kea, "\"client-classes\": [ \"omapi-group-g\" ]"),
            3,
            "in all",
        );
        let offer = kea.discover(HW, &[15, 17]).expect("an offer");
        t.is(offer.option(17), Some(&b"/r"[..]), "of the group");

        // An address makes it one reservation, without it is copies again.
        let moved = update(&c, &host, &[("ip-address", &[10, 77, 20, 5])]);
        t.is(moved, Status::SUCCESS, "address");
        t.is(count(kea, "02:00:00:00:05:01"), 1, "one");
        t.is(count(kea, "\"copy\""), 0, "no copy any more");
        let offer = kea.discover(HW, &[15, 17]).expect("an offer");
        t.is(offer.address, [10, 77, 20, 5], "offered");
        t.is(offer.option(15), Some(&b"roams"[..]), "and its option");
        t.is(refresh(&c, &host), Status::SUCCESS, "refresh");
        t.is(
            get(&host, "ip-address"),
            Some(vec![10, 77, 20, 5]),
            "the new address",
        );
        t.is(
            update(&c, &host, &[("ip-address", &[])]),
            Status::SUCCESS,
            "no address",
        );
        t.is(count(kea, "02:00:00:00:05:01"), 3, "copies again");
        let (_, host) = find(&c, "host", &[NAME]);
        t.is(remove(&c, &host), Status::SUCCESS, "remove");
        t.is(count(kea, "02:00:00:00:05:01"), 0, "all are gone");
        t.is(remove(&c, &host), Status::NOT_FOUND, "remove again");
    });
}

#[test]
fn global_where_kea_looks() {
    let more = format!("\"reservations-global\": true, {SUBNETS}");
    let setup = Setup {
        more: &more,
        ..THREE
    };
    with_each("global host", setup, |t, kea| {
        let c = connect(&format!("{}?replicate=yes", kea.name()));
        let host = object(
            "host",
            &[
                NAME,
                HARDWARE,
                ("statements", b"option domain-name \"glob\";"),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        t.is(count(kea, "02:00:00:00:05:01"), 1, "one is enough");
        let offer = kea.discover(HW, &[15]).expect("an offer");
        t.is(offer.option(15), Some(&b"glob"[..]), "offered");
        t.is(walk(&c), vec![b"roamer".to_vec()], "walking");
        let (_, host) = find(&c, "host", &[NAME]);
        t.is(remove(&c, &host), Status::SUCCESS, "remove");
        t.is(count(kea, "02:00:00:00:05:01"), 0, "gone");
    });
}

#[test]
fn a_second_identifier_later() {
    let setup = Setup {
        more: r#""ip-reservations-unique": false,"#,
        reservations: r#"{ "client-id": "0102030405", "ip-address": "10.77.30.7", "hostname": "foreign", "user-context": { "x": 1 } }"#,
        ..Setup::default()
    };
    with_each("second identifier", setup, |t, kea| {
        let c = connect(&kea.name());
        let ip = ("ip-address", &[10, 77, 20, 1][..]);
        let statements = ("statements", &b"option domain-name \"both\";"[..]);
        let host = object("host", &[NAME, HARDWARE, ip, statements]);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (_, host) = find(&c, "host", &[NAME]);
        let long = [1; 256];
        for (id, expected) in [
            (&long[..], Status::INVALID_ARGUMENT),
            (&[], Status::INVALID_ARGUMENT),
            (&[1, 2, 3, 4, 5], Status::EXISTS),
        ] {
            let status = update(&c, &host, &[("dhcp-client-identifier", id)]);
            t.is(status, expected, "refused");
            refresh(&c, &host);
        }
        t.is(count(kea, "10.77.20.1\""), 1, "one reservation");
        t.is(
            update(&c, &host, &[CLIENT]),
            Status::SUCCESS,
            "client identifier",
        );
        t.is(count(kea, "10.77.20.1\""), 2, "two reservations");
        kea.restart();
        let (status, found) = find(&c, "host", &[CLIENT]);
        t.is(status, Status::SUCCESS, "by the new one");
        t.is(
            get(&found, "hardware-address"),
            Some(HW.to_vec()),
            "with both",
        );
        t.is(walk(&c).len(), 2, "one host, and the other");
        let other = update(&c, &found, &[("dhcp-client-identifier", b"\x01no")]);
        t.is(other, Status::EXISTS, "only once");
        refresh(&c, &found);
        let moved = update(&c, &found, &[("ip-address", &[10, 77, 20, 2])]);
        t.is(moved, Status::SUCCESS, "new address");
        t.is(count(kea, "10.77.20.2\""), 2, "for both");

        // One that somebody else made, by client identifier.
        let (_, foreign) = find(&c, "host", &[("name", b"foreign")]);
        let hw = ("hardware-address", &[2, 0, 0, 0, 5, 9][..]);
        t.is(
            update(&c, &foreign, &[hw]),
            Status::SUCCESS,
            "hardware address",
        );
        let (status, found) = find(&c, "host", &[hw]);
        t.is(status, Status::SUCCESS, "by it");
        t.is(number(&found, "hardware-type"), Some(1), "hardware-type");
        t.is(get(&found, "name"), Some(b"foreign".to_vec()), "name");
        t.is(count(kea, "\"x\": 1"), 2, "what is not ours is in both");
        t.is(remove(&c, &found), Status::SUCCESS, "remove");
        t.is(count(kea, "10.77.30.7"), 0, "both are gone");
    });
    with_each("second identifier refused", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let ip = ("ip-address", &[10, 77, 20, 1][..]);
        let host = object("host", &[NAME, HARDWARE, ip]);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (_, host) = find(&c, "host", &[NAME]);
        let before = kea.config();
        t.is(
            update(&c, &host, &[CLIENT]),
            Status::INVALID_ARGUMENT,
            "addresses are unique",
        );
        t.is(kea.config(), before, "configuration");
        // Without an address nothing is in the way.
        refresh(&c, &host);
        let both = [CLIENT, ("ip-address", &[])];
        t.is(update(&c, &host, &both), Status::SUCCESS, "without address");
        let (status, found) = find(&c, "host", &[CLIENT]);
        t.is(status, Status::SUCCESS, "by the new one");
        t.is(
            get(&found, "hardware-address"),
            Some(HW.to_vec()),
            "with both",
        );
    });
}

#[test]
fn pairs_and_copies() {
    with_each("pairs of copies", THREE, |t, kea| {
        let c = connect(&format!("{}?replicate=yes", kea.name()));
        let host = object("host", &[NAME, HARDWARE]);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (_, host) = find(&c, "host", &[NAME]);
        t.is(
            update(&c, &host, &[CLIENT]),
            Status::SUCCESS,
            "client identifier",
        );
        t.is(count(kea, "\"name\": \"roamer\""), 6, "two in each subnet");
        for key in [NAME, HARDWARE, CLIENT] {
            let (status, found) = find(&c, "host", &[key]);
            t.is(status, Status::SUCCESS, key.0);
            t.is(
                get(&found, "hardware-address"),
                Some(HW.to_vec()),
                "with both",
            );
        }
        t.is(walk(&c).len(), 1, "one host");
        let (_, found) = find(&c, "host", &[CLIENT]);
        t.is(remove(&c, &found), Status::SUCCESS, "remove");
        t.is(count(kea, "roamer"), 0, "all are gone");
    });
}

#[test]
fn what_cannot_be_made_durable_is_undone() {
    with_each("config-write fails", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let (config, leases) = (kea.config(), kea.leases());
        // A folder in place of the file: Kea cannot open it.
        let file = kea.folder.join("kea.json");
        let saved = kea.folder.join("saved");
        std::fs::rename(&file, &saved).unwrap();
        std::fs::create_dir(&file).unwrap();
        let ip = ("ip-address", &[10, 77, 20, 1][..]);
        let new = || object("host", &[NAME, HARDWARE, ip]);
        t.is(open(&c, &new(), CREATE), Status::IO_ERROR, "create");
        t.is(kea.config(), config, "configuration");
        t.is(kea.leases(), leases, "leases");
        t.is(find(&c, "host", &[NAME]).0, Status::NOT_FOUND, "not there");
        std::fs::remove_dir(&file).unwrap();
        std::fs::rename(&saved, &file).unwrap();
        t.is(open(&c, &new(), CREATE), Status::SUCCESS, "again");
        kea.restart();
        t.is(find(&c, "host", &[NAME]).0, Status::SUCCESS, "durable");
    });
}

#[test]
fn bytes_of_all_kinds_are_recognised() {
    with_each("odd bytes", Setup::default(), |t, kea| {
        // Kea shows them in another way than they were sent; that it is our
        // change is seen nevertheless.
        let c = connect(&kea.name());
        let statements =
            "option domain-name \"\u{e9}\\x00\\\"/\u{20ac}\";\n# caf\u{e9}\n".as_bytes();
        let host = object(
            "host",
            &[
                ("name", "n\u{e9}/\"\\".as_bytes()),
                HARDWARE,
                ("ip-address", &[10, 77, 20, 1]),
                ("statements", statements),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (status, found) = find(&c, "host", &[HARDWARE]);
        t.is(status, Status::SUCCESS, "find");
        t.is(get(&found, "name"), Some("n\u{e9}/\"\\".into()), "name");
        t.is(remove(&c, &found), Status::SUCCESS, "remove");
    });
}

#[test]
fn a_handle_follows_its_host_to_another_subnet() {
    with_each("moved host", THREE, |t, kea| {
        let c = connect(&kea.name());
        let host = object("host", &[NAME, HARDWARE, ("ip-address", &[10, 77, 20, 1])]);
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let (_, host) = find(&c, "host", &[NAME]);
        let moved = update(&c, &host, &[("ip-address", &[10, 79, 0, 1])]);
        t.is(moved, Status::SUCCESS, "update");
        t.is(count(kea, "10.77.20.1"), 0, "not there any more");
        t.is(refresh(&c, &host), Status::SUCCESS, "refresh");
        let address = get(&host, "ip-address");
        t.is(address, Some(vec![10, 79, 0, 1]), "the new address");
        t.is(remove(&c, &host), Status::SUCCESS, "remove");
        t.is(count(kea, "10.79.0.1"), 0, "gone");
    });
}

#[test]
fn what_cannot_be_set_is_put_back() {
    with_each("config-set fails", Setup::default(), |t, kea| {
        if kea.program.has_host_cmds() {
            return; // nothing is set
        }
        let c = connect(&kea.name());
        let (config, leases) = (kea.config(), kea.leases());
        // Its lease file cannot be opened again for three seconds: the new
        // configuration passes the test, and then Kea has no leases at all.
        let file = kea.folder.join("leases4.csv");
        let saved = kea.folder.join("saved");
        std::fs::rename(&file, &saved).unwrap();
        // A folder by another name: the file takes its place in one step.
        std::os::unix::fs::symlink(&kea.folder, &file).unwrap();
        let later = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(3));
            std::fs::rename(&saved, &file).unwrap();
        });
        let ip = ("ip-address", &[10, 77, 20, 1][..]);
        let new = || object("host", &[NAME, HARDWARE, ip]);
        t.is(open(&c, &new(), CREATE), Status::IO_ERROR, "create");
        later.join().unwrap();
        t.is(kea.config(), config, "configuration");
        t.is(kea.leases(), leases, "leases");
        t.is(open(&c, &new(), CREATE), Status::SUCCESS, "again");
    });
}
