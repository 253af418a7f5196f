//! What leases have on request, and leases that are created and removed.

use super::kea::{Kea, Setup, now, raw_command};
use super::{CREATE, connect, ended, find, get, number, object, open, refresh, remove, update};
use super::{Checks, soon, with_each};
use dhcpctl::client::{Connection, Object, OpenFlags, Value};
use omapi::status::Status;

const A21: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);

/// The client of 10.77.0.21 has a reservation for it; that of .20 one for
/// another address.
const RESERVED: Setup<'_> = Setup {
    reservations: r#"{ "hw-address": "02:00:00:00:00:21", "ip-address": "10.77.0.21", "user-context": { "omapi": { "name": "h21" } } },
        { "hw-address": "1a:1b:1c:1d:1e:1f", "ip-address": "10.77.30.20" }"#,
    ..Setup::USUAL
};

fn names(object: &Object) -> Vec<String> {
    let names = object.values().into_iter().map(|(name, _)| name);
    names.map(|n| String::from_utf8(n).unwrap()).collect()
}

/// The host whose handle a lease has.
fn host_of(c: &Connection, lease: &Object) -> (Status, Object) {
    let handle = number(lease, "host").unwrap_or(0);
    find(c, "host", &[("handle", &handle.to_be_bytes())])
}

#[test]
fn on_request() {
    with_each("lease attributes", RESERVED, |t, kea| {
        let c = connect(&kea.name());
        let (_, plain) = find(&c, "lease", &[A21]);
        for name in ["host", "pool", "kea-subnet-id", "kea-user-context"] {
            t.is(get(&plain, name), None, name);
        }
        t.is(get(&plain, "flags"), Some(vec![0]), "flags");
        let keys = [
            A21,
            ("host", &[]),
            ("pool", &[]),
            ("flags", &[]),
            ("kea-subnet-id", &[]),
            ("kea-user-context", &[]),
        ];
        let (status, lease) = find(&c, "lease", &keys);
        t.is(status, Status::SUCCESS, "asked by name");
        t.is(get(&lease, "flags"), Some(vec![4]), "RESERVED");
        t.is(number(&lease, "kea-subnet-id"), Some(1), "kea-subnet-id");
        t.is(get(&lease, "kea-user-context"), None, "no user-context");
        let (status, host) = host_of(&c, &lease);
        t.is(status, Status::SUCCESS, "its host");
        t.is(get(&host, "name"), Some(b"h21".to_vec()), "the name of it");
        t.ok(number(&lease, "pool").is_some(), "its pool");
        // What was asked for does not go with a change.
        let ends = (now() as u32 + 5000).to_be_bytes();
        let changed = update(&c, &lease, &[("ends", &ends), ("note", b"x")]);
        t.is(changed, Status::SUCCESS, "update");
        let (_, lease) = find(&c, "lease", &[A21, ("kea-user-context", &[])]);
        let context = get(&lease, "kea-user-context");
        let expected = br#"{"omapi":{"bindings":{"note":"x"}}}"#.to_vec();
        t.is(context, Some(expected), "user-context");
        let written = update(&c, &lease, &[("kea-subnet-id", &[0, 0, 0, 2])]);
        t.is(written, Status::NO_PERMISSION, "kea-subnet-id is read-only");
        // No lease, no pool, no client.
        let (_, free) = find(
            &c,
            "lease",
            &[("ip-address", &[10, 77, 0, 99]), ("pool", &[])],
        );
        t.ok(number(&free, "pool").is_some(), "pool of a free address");
        t.is(get(&free, "host"), None, "host of a free address");
    });
}

#[test]
fn always() {
    with_each("lease details", RESERVED, |t, kea| {
        let c = connect(&format!("{}?details=yes", kea.name()));
        let (_, lease) = find(&c, "lease", &[A21]);
        // As dhcpd orders them.
        let expected = "ip-address state dhcp-client-identifier client-hostname host subnet pool \
            hardware-address hardware-type ends starts tstp tsfp atsfp cltt flags";
        t.is(&names(&lease).join(" ")[..], expected, "names");
        t.is(get(&lease, "flags"), Some(vec![4]), "RESERVED");
        for (flags, expected) in [
            (&[4][..], Status::SUCCESS),
            (&[0, 0, 0, 4], Status::SUCCESS),
            (&[0], Status::NOT_IMPLEMENTED),
            (&[2], Status::NOT_IMPLEMENTED),
            (&[0, 4], Status::INVALID_ARGUMENT),
        ] {
            let status = update(&c, &lease, &[("flags", flags)]);
            t.is(status, expected, "flags as they are, or others");
            refresh(&c, &lease);
        }
        // Another address than the reserved one: a host, but not reserved.
        let (_, other) = find(&c, "lease", &[("ip-address", &[10, 77, 0, 20])]);
        t.ok(number(&other, "host").is_some(), "host");
        t.is(get(&other, "flags"), Some(vec![0]), "not reserved");
        let (_, none) = find(&c, "lease", &[("ip-address", &[10, 77, 0, 22])]);
        t.is(get(&none, "host"), None, "declined: no client, no host");
        t.ok(number(&none, "pool").is_some(), "pool");
        // One object from lease to lease: it must lose what the next has not.
        let walker = Object::new("lease").unwrap();
        let mut hosts = Vec::new();
        loop {
            walker.next(&c).unwrap();
            match ended(walker.wait(soon())) {
                Status::SUCCESS => hosts.push(number(&walker, "host").is_some()),
                other => break t.is(other, Status::NO_MORE, "end"),
            }
        }
        t.is(hosts, vec![true, true, false, false], "hosts while walking");
        // A reservation that goes.
        let (_, host) = host_of(&c, &lease);
        t.is(remove(&c, &host), Status::SUCCESS, "remove");
        let (_, lease) = find(&c, "lease", &[A21]);
        t.is(get(&lease, "host"), None, "no host any more");
        t.is(
            get(&lease, "flags"),
            Some(vec![0]),
            "no reservation any more",
        );
    });
}

#[test]
fn attributes_of_a_real_client() {
    let setup = Setup {
        dhcp: true,
        ..RESERVED
    };
    with_each("lease of a reservation", setup, |t, kea| {
        let offer = kea.discover([2, 0, 0, 0, 0, 0x21], &[]);
        t.is(
            offer.map(|o| o.address),
            Some([10, 77, 0, 21]),
            "what RESERVED promises",
        );
    });
}

fn create(c: &Connection, attributes: &[(&str, &[u8])]) -> (Status, Object) {
    let lease = object("lease", attributes);
    (open(c, &lease, CREATE), lease)
}

fn one(kea: &Kea, address: &str) -> String {
    let command = format!(r#"{{"command":"lease4-get","arguments":{{"ip-address":"{address}"}}}}"#);
    String::from_utf8(raw_command(&kea.socket(), command.as_bytes()).unwrap()).unwrap()
}

const NEW: [(&str, &[u8]); 3] = [
    ("ip-address", &[10, 77, 1, 1]),
    ("hardware-address", &[2, 0, 0, 0, 6, 1]),
    ("hardware-type", &[0, 0, 0, 1]),
];

fn refusals(t: &mut Checks, c: &Connection) {
    let ip: (&str, &[u8]) = ("ip-address", &[10, 77, 1, 9]);
    let hw: (&str, &[u8]) = ("hardware-address", &[2, 0, 0, 0, 6, 9]);
    for (attributes, expected) in [
        (vec![hw], Status::INVALID_ARGUMENT),
        (vec![ip], Status::INVALID_ARGUMENT),
        (
            vec![("ip-address", &[10, 99, 1, 9][..]), hw],
            Status::INVALID_ARGUMENT,
        ),
        (
            vec![ip, ("hardware-address", &[1; 21])],
            Status::INVALID_ARGUMENT,
        ),
        (
            vec![ip, ("dhcp-client-identifier", b"x")],
            Status::INVALID_ARGUMENT,
        ),
        (
            vec![ip, hw, ("hardware-type", &[0, 0, 0, 6])],
            Status::NOT_IMPLEMENTED,
        ),
        (
            vec![ip, hw, ("client-hostname", b"a\nb")],
            Status::INVALID_ARGUMENT,
        ),
        (
            vec![ip, hw, ("ends", &[0, 0, 0, 9])],
            Status::INVALID_ARGUMENT,
        ),
        (
            vec![ip, hw, ("state", &[0, 0, 0, 7])],
            Status::INVALID_ARGUMENT,
        ),
        (vec![ip, hw, ("flags", &[4])], Status::NOT_IMPLEMENTED),
        (vec![ip, hw, ("starts", &[0; 4])], Status::NO_PERMISSION),
        (vec![ip, hw, ("subnet", &[0; 4])], Status::INVALID_ARGUMENT),
    ] {
        let (status, _) = create(c, &attributes);
        t.is(status, expected, &format!("{attributes:?}"));
    }
}

#[test]
fn created_and_removed() {
    with_each("creating leases", Setup::default(), |t, kea| {
        let before = kea.leases();
        let c = connect(&kea.name());
        let unknown = ("ip-address", &[10, 99, 0, 1][..]);
        for (key, expected) in [(unknown, Status::NOT_IMPLEMENTED), (NEW[0], Status::EXISTS)] {
            t.is(create(&c, &[key]).0, expected, "as dhcpd");
        }
        let (_, lease) = find(&c, "lease", &[A21]);
        t.is(remove(&c, &lease), Status::NOT_IMPLEMENTED, "as dhcpd");
        t.is(kea.leases(), before.clone(), "leases");

        let c = connect(&format!("{}?leases=yes", kea.name()));
        refusals(t, &c);
        t.is(kea.leases(), before, "leases");
        let ends = (now() as u32 + 5000).to_be_bytes();
        let mut attributes = NEW.to_vec();
        attributes.extend([
            ("dhcp-client-identifier", &b"\x01new"[..]),
            ("client-hostname", b"new"),
            ("ends", &ends),
            ("note", b"n"),
        ]);
        let (status, lease) = create(&c, &attributes);
        t.is(status, Status::SUCCESS, "create");
        t.is(number(&lease, "state"), Some(2), "state");
        t.is(get(&lease, "ends"), Some(ends.to_vec()), "ends");
        t.ok(lease.get("subnet").is_some(), "subnet");
        t.is(get(&lease, "note"), Some(b"n".to_vec()), "variable");
        t.is(create(&c, &NEW).0, Status::EXISTS, "again");
        let again = object("lease", &NEW);
        let loose = OpenFlags {
            exclusive: false,
            ..CREATE
        };
        t.is(
            open(&c, &again, loose),
            Status::NO_PERMISSION,
            "again, not exclusive",
        );
        kea.restart();
        let (status, found) = find(&c, "lease", &[("dhcp-client-identifier", b"\x01new")]);
        t.is(status, Status::SUCCESS, "durable");
        t.is(
            get(&found, "ip-address"),
            Some(vec![10, 77, 1, 1]),
            "address",
        );
        t.is(remove(&c, &found), Status::SUCCESS, "remove");
        t.ok(one(kea, "10.77.1.1").contains("\"result\": 3"), "removed");
        t.is(remove(&c, &found), Status::NOT_FOUND, "remove again");
        t.is(
            number(&found, "state"),
            Some(2),
            "the object keeps its values",
        );

        // Without a time it is the subnet's; without a client it is nobody's.
        let (status, lease) = create(&c, &NEW);
        t.is(status, Status::SUCCESS, "without ends");
        let lifetime = number(&lease, "ends").zip(number(&lease, "cltt"));
        t.is(lifetime.map(|(e, c)| e - c), Some(3600), "valid-lifetime");
        let (status, lease) = create(
            &c,
            &[("ip-address", &[10, 77, 1, 2]), ("state", &[0, 0, 0, 5])],
        );
        t.is(status, Status::SUCCESS, "abandoned");
        t.is(number(&lease, "state"), Some(5), "abandoned");
        let never = [NEW[1], ("ip-address", &[10, 77, 1, 3]), ("ends", &[255; 4])];
        let (status, lease) = create(&c, &never);
        t.is(status, Status::SUCCESS, "for ever");
        t.is(get(&lease, "ends"), Some(vec![255; 4]), "for ever");
        // 10.77.0.23 was reclaimed, its record is still there.
        let (status, lease) = create(&c, &[("ip-address", &[10, 77, 0, 23]), NEW[1]]);
        t.is(status, Status::SUCCESS, "in place of one that is over");
        t.is(number(&lease, "state"), Some(2), "state");
        t.is(refresh(&c, &lease), Status::SUCCESS, "refresh");
        t.is(
            lease.get("hardware-address"),
            Some(Value::Data(NEW[1].1.to_vec())),
            "client",
        );
        t.ok(
            one(kea, "10.77.0.23").contains("\"state\": 0"),
            "for Kea too",
        );
    });
}

#[test]
fn a_created_lease_is_not_given_to_others() {
    let setup = Setup {
        dhcp: true,
        subnet: Some((
            "10.77.0.0/16",
            "10.77.1.1 - 10.77.1.2",
            "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n",
        )),
        ..Setup::default()
    };
    with_each("created lease", setup, |t, kea| {
        let c = connect(&format!("{}?leases=yes", kea.name()));
        let (status, lease) = create(&c, &NEW);
        t.is(status, Status::SUCCESS, "create");
        let other = kea.discover([2, 0, 0, 0, 6, 2], &[]).map(|o| o.address);
        t.is(other, Some([10, 77, 1, 2]), "another client");
        let own = kea.discover([2, 0, 0, 0, 6, 1], &[]).map(|o| o.address);
        t.is(own, Some([10, 77, 1, 1]), "its client");
        t.is(remove(&c, &lease), Status::SUCCESS, "remove");
    });
}
