//! Statements of hosts and groups, up to what a client is offered.

use super::kea::Setup;
use super::{CREATE, connect, find, get, object, open, remove, update, with_each};
use omapi::status::Status;

const DHCP: Setup<'_> = Setup {
    dhcp: true,
    ..Setup::USUAL
};

fn hardware(n: u8) -> [u8; 6] {
    [2, 0, 0, 0, 4, n]
}

/// Values of every kind, and their bytes as dhcpd would send them.
const OPTIONS: [(&str, u8, &[u8]); 20] = [
    ("option time-offset -3600;", 2, &[0xff, 0xff, 0xf1, 0xf0]),
    (
        "option routers 10.0.0.1, 10.0.0.2;",
        3,
        &[10, 0, 0, 1, 10, 0, 0, 2],
    ),
    ("option domain-name-servers 10.0.0.3;", 6, &[10, 0, 0, 3]),
    ("option host-name \"pc1\";", 12, b"pc1"),
    ("option domain-name \"a,b\\\\c\";", 15, b"a,b\\c"),
    ("option root-path \"/r\";", 17, b"/r"),
    ("option ip-forwarding on;", 19, &[1]),
    ("option default-ip-ttl 64;", 23, &[64]),
    (
        "option path-mtu-plateau-table 68, 296;",
        25,
        &[0, 68, 1, 40],
    ),
    ("option interface-mtu 0x5dc;", 26, &[5, 0xdc]),
    (
        "option broadcast-address 10.77.255.255;",
        28,
        &[10, 77, 255, 255],
    ),
    (
        "option static-routes 10.1.0.0 10.0.0.1;",
        33,
        &[10, 1, 0, 0, 10, 0, 0, 1],
    ),
    ("option arp-cache-timeout 70000;", 35, &[0, 1, 0x11, 0x70]),
    ("option ntp-servers 10.0.0.4;", 42, &[10, 0, 0, 4]),
    ("option netbios-node-type 8;", 46, &[8]),
    ("option tftp-server-name \"t\";", 66, b"t"),
    ("option bootfile-name \"b\";", 67, b"b"),
    ("option v6-only-preferred 1800;", 108, &[0, 0, 7, 8]),
    (
        "option domain-search \"a.b\", \"c\";",
        119,
        b"\x01a\x01b\x00\x01c\x00",
    ),
    ("option unknown-224 \"x\\x00y\";", 224, b"x\0y"),
];

#[test]
fn options_arrive() {
    with_each("options", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let text: Vec<&str> = OPTIONS.iter().map(|(text, ..)| *text).collect();
        let text = text.join(" ");
        let host = object(
            "host",
            &[
                ("hardware-address", &hardware(1)),
                ("ip-address", &[10, 77, 20, 1]),
                ("statements", text.as_bytes()),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let wanted: Vec<u8> = OPTIONS.iter().map(|(_, code, _)| *code).collect();
        for when in ["at once", "after a restart"] {
            let offer = kea.discover(hardware(1), &wanted).expect("an offer");
            for (text, code, bytes) in OPTIONS {
                t.is(offer.option(code), Some(bytes), &format!("{text} {when}"));
            }
            kea.restart();
        }
    });
}

#[test]
fn header_fields_arrive() {
    with_each("header fields", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let statements = "filename \"pxe,0\"; next-server 10.0.0.9; server-name \"boot\";";
        let host = object(
            "host",
            &[
                ("hardware-address", &hardware(1)),
                ("ip-address", &[10, 77, 20, 1]),
                ("statements", statements.as_bytes()),
            ],
        );
        t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
        let offer = kea.discover(hardware(1), &[]).expect("an offer");
        t.is(&offer.file[..], "pxe,0", "filename");
        let config = kea.config();
        for shown in [
            "\"next-server\": \"10.0.0.9\"",
            "\"server-hostname\": \"boot\"",
        ] {
            t.ok(config.contains(shown), shown);
        }
    });
}

#[test]
fn a_host_is_stronger_than_its_group() {
    with_each("host and group", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let statements = "default-lease-time 500; min-lease-time 400; max-lease-time 600; \
            option domain-name \"group\"; option root-path \"/group\"; filename \"group\";";
        let group = object(
            "group",
            &[("name", b"g"), ("statements", statements.as_bytes())],
        );
        t.is(open(&c, &group, CREATE), Status::SUCCESS, "group");
        for (n, statements, lifetime, domain) in [
            (1, None, 500u32, "group"),
            (
                2,
                Some("default-lease-time 77; option domain-name \"host\";"),
                77,
                "host",
            ),
        ] {
            let hw = hardware(n);
            let address = [10, 77, 20, n];
            let mut attributes = vec![
                ("hardware-address", &hw[..]),
                ("ip-address", &address),
                ("group", b"g"),
            ];
            if let Some(text) = statements {
                attributes.push(("statements", text.as_bytes()));
            }
            let host = object("host", &attributes);
            t.is(open(&c, &host, CREATE), Status::SUCCESS, "host");
            let offer = kea.discover(hw, &[15, 17, 51]).expect("an offer");
            let time = lifetime.to_be_bytes();
            t.is(offer.option(51), Some(&time[..]), "lease time");
            t.is(offer.option(15), Some(domain.as_bytes()), "domain name");
            t.is(
                offer.option(17),
                Some(&b"/group"[..]),
                "what only the group has",
            );
            t.is(&offer.file[..], "group", "filename");
        }
    });
}

#[test]
fn option_43_where_kea_keeps_it() {
    with_each("option 43", DHCP, |t, kea| {
        let c = connect(&kea.name());
        let statements = b"option vendor-encapsulated-options 01:04:aa:bb:cc:dd;";
        let host = object(
            "host",
            &[
                ("name", b"pxe"),
                ("hardware-address", &hardware(1)),
                ("ip-address", &[10, 77, 20, 1]),
                ("statements", statements),
            ],
        );
        let before = kea.config();
        let status = open(&c, &host, CREATE);
        if kea.program.label != "2.2" {
            t.is(status, Status::NOT_IMPLEMENTED, "it would be lost");
            t.is(kea.config(), before, "configuration");
            return;
        }
        t.is(status, Status::SUCCESS, "create");
        // Another change writes and sets it again.
        let other = [
            ("hardware-address", &hardware(2)[..]),
            ("ip-address", &[10, 77, 20, 2]),
        ];
        t.is(
            open(&c, &object("host", &other), CREATE),
            Status::SUCCESS,
            "another",
        );
        kea.restart();
        let offer = kea.discover(hardware(1), &[43]).expect("an offer");
        let bytes = &[1, 4, 0xaa, 0xbb, 0xcc, 0xdd][..];
        t.is(offer.option(43), Some(bytes), "offered after a restart");
        let (_, found) = find(&c, "host", &[("name", b"pxe")]);
        t.is(get(&found, "name"), Some(b"pxe".to_vec()), "found");
    });
}

#[test]
fn denied() {
    with_each("denied", DHCP, |t, kea| {
        let c = connect(&kea.name());
        for (n, word) in [(1, "deny"), (2, "ignore")] {
            let statements = format!("{word} booting;");
            let host = object(
                "host",
                &[
                    ("hardware-address", &hardware(n)),
                    ("statements", statements.as_bytes()),
                ],
            );
            t.ok(kea.discover(hardware(n), &[]).is_some(), "before");
            t.is(open(&c, &host, CREATE), Status::SUCCESS, "create");
            t.ok(kea.discover(hardware(n), &[]).is_none(), word);
        }
        let group = object("group", &[("name", b"g"), ("statements", b"deny booting;")]);
        t.is(open(&c, &group, CREATE), Status::NOT_IMPLEMENTED, "group");
    });
}

#[test]
fn option_43_of_a_reservation_survives_its_changes() {
    let setup = Setup {
        reservations: r#"{ "hw-address": "02:00:00:00:04:01", "ip-address": "10.77.20.1", "hostname": "pxe",
            "option-data": [ { "code": 43, "csv-format": false, "data": "0104AABBCCDD" } ] }"#,
        ..DHCP
    };
    with_each("option 43 of a reservation", setup, |t, kea| {
        // In memory alone nothing is written, but the reservation is sent back.
        let c = connect(&format!("{}?write=no", kea.name()));
        let (_, host) = find(&c, "host", &[("name", b"pxe")]);
        let status = update(&c, &host, &[("ip-address", &[10, 77, 20, 2])]);
        let kept = kea.program.label == "2.2";
        let expected = if kept {
            Status::SUCCESS
        } else {
            Status::NO_PERMISSION
        };
        t.is(status, expected, "new address");
        let offer = kea.discover(hardware(1), &[43]).expect("an offer");
        let bytes = &[1, 4, 0xaa, 0xbb, 0xcc, 0xdd][..];
        t.is(offer.option(43), Some(bytes), "the client still gets it");
        t.is(offer.address[3], if kept { 2 } else { 1 }, "address");
        let (_, host) = find(&c, "host", &[("name", b"pxe")]);
        let allowed = if kept || kea.program.has_host_cmds() {
            Status::SUCCESS
        } else {
            Status::NO_PERMISSION
        };
        t.is(remove(&c, &host), allowed, "remove");
    });
}

/// A reservation in a subnet of which Kea does not look at any would be one
/// without effect.
#[test]
fn where_kea_does_not_look_in_subnets() {
    let host = || {
        let ip = ("ip-address", &[10, 77, 20, 9][..]);
        object("host", &[("hardware-address", &hardware(9)), ip])
    };
    let neither = Setup {
        more: r#""reservations-in-subnet": false,"#,
        ..Setup::USUAL
    };
    with_each("no reservations", neither, |t, kea| {
        let c = connect(&kea.name());
        let before = kea.config();
        t.is(
            open(&c, &host(), CREATE),
            Status::INVALID_ARGUMENT,
            "create",
        );
        t.is(kea.config(), before, "configuration");
    });
    let global = Setup {
        more: r#""reservations-global": true, "reservations-in-subnet": false,"#,
        ..DHCP
    };
    with_each("global only", global, |t, kea| {
        let c = connect(&kea.name());
        t.is(open(&c, &host(), CREATE), Status::SUCCESS, "create");
        kea.restart();
        let offer = kea.discover(hardware(9), &[]).expect("an offer");
        t.is(offer.address, [10, 77, 20, 9], "offered");
    });
}
