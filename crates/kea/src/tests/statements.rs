//! Statements: the rows of the table in `docs/kea-migration.md`.

use super::*;
use crate::statements::translate;

/// What a host gets, as JSON.
fn put(text: &str) -> String {
    let translation = translate(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let mut map = json::Map::new();
    translation.put(&mut map);
    String::from_utf8(json::emit(&map.into())).unwrap()
}

fn refused(text: &str) -> Status {
    match translate(text.as_bytes()) {
        Ok(translation) => panic!("{text}: {translation:?}"),
        Err(error) => error.status(),
    }
}

#[test]
fn every_option_has_its_code() {
    // Values by format; the options that the mapping lists by name.
    let (ip, name) = ("10.0.0.1", "\"x\"");
    for (option, value, code, data) in [
        ("routers", ip, 3, "0A000001"),
        ("domain-name-servers", ip, 6, "0A000001"),
        ("domain-name", name, 15, "78"),
        ("host-name", name, 12, "78"),
        ("broadcast-address", ip, 28, "0A000001"),
        ("time-offset", "-1", 2, "FFFFFFFF"),
        ("time-offset", "0xffff", 2, "0000FFFF"),
        ("time-servers", ip, 4, "0A000001"),
        ("log-servers", ip, 7, "0A000001"),
        ("lpr-servers", ip, 9, "0A000001"),
        ("ntp-servers", "10.0.0.1, 10.0.0.2", 42, "0A0000010A000002"),
        ("netbios-name-servers", ip, 44, "0A000001"),
        ("netbios-node-type", "8", 46, "08"),
        ("nis-domain", name, 40, "78"),
        ("interface-mtu", "1500", 26, "05DC"),
        ("root-path", name, 17, "78"),
        ("domain-search", name, 119, "017800"),
        ("default-ip-ttl", "64", 23, "40"),
        ("x-display-manager", ip, 49, "0A000001"),
        ("nds-servers", ip, 85, "0A000001"),
        ("uap-servers", name, 98, "78"),
        ("tftp-server-name", name, 66, "78"),
        ("bootfile-name", name, 67, "78"),
        ("static-routes", "10.1.0.0 10.0.0.1", 33, "0A0100000A000001"),
        ("vendor-encapsulated-options", "1:2", 43, "0102"),
        ("tftp-server-address", ip, 150, "0A000001"),
        ("pxe-system-type", "7, 258", 93, "00070102"),
        ("v6-only-preferred", "1800", 108, "00000708"),
        ("loader-reboottime", "5", 211, "00000005"),
        ("unknown-224", "de:ad", 224, "DEAD"),
    ] {
        let expected =
            format!(r#"{{"option-data":[{{"code":{code},"csv-format":false,"data":"{data}"}}]}}"#);
        for text in [
            format!("option {option} {value};"),
            format!("supersede {option} {value};"),
            format!("default {option} {value}"),
        ] {
            assert_eq!(put(&text), expected, "{text}");
        }
    }
}

#[test]
fn header_fields() {
    for text in [
        "filename \"a,b\"; next-server 10.0.0.9; server-name \"s\";",
        "next-server 10.0.0.8; server-name \"s\"; filename \"a,b\"; next-server 10.0.0.9;",
    ] {
        let map = json::parse(put(text).as_bytes()).unwrap();
        assert_eq!(map["boot-file-name"], "a,b");
        assert_eq!(map["next-server"], "10.0.0.9");
        assert_eq!(map["server-hostname"], "s");
    }
    for (name, most) in [("filename", 127), ("server-name", 63)] {
        let text = |n| format!("{name} \"{}\";", "x".repeat(n));
        put(&text(most));
        assert_eq!(refused(&text(most + 1)), Status::BAD_PARSE, "{name}");
    }
}

#[test]
fn lease_times() {
    for (text, class) in [
        ("default-lease-time 77;", "omapi-lifetime-77"),
        (
            "default-lease-time 77; min-lease-time 60; max-lease-time 0x5dc;",
            "omapi-lifetime-77-60-1500",
        ),
        (
            "min-lease-time 77; default-lease-time 77;",
            "omapi-lifetime-77-77-x",
        ),
    ] {
        let translation = translate(text.as_bytes()).unwrap();
        assert_eq!(translation.lifetime_class().unwrap(), class);
        assert_eq!(put(text), "{}", "nothing in the reservation itself");
        let mut map = json::Map::new();
        translation.put_lifetimes(&mut map);
        assert_eq!(map["valid-lifetime"].as_u64(), Some(77), "{text}");
    }
    // Kea would take the bound as the time.
    for text in ["min-lease-time 5;", "max-lease-time 5; min-lease-time 5;"] {
        assert_eq!(refused(text), Status::NOT_IMPLEMENTED, "{text}");
    }
    for text in [
        "default-lease-time 5; min-lease-time 6;",
        "default-lease-time 5; max-lease-time 4;",
    ] {
        assert_eq!(refused(text), Status::INVALID_ARGUMENT, "{text}");
    }
    assert_eq!(refused("default-lease-time -1;"), Status::BAD_PARSE);
    assert_eq!(refused("default-lease-time 4294967296;"), Status::BAD_PARSE);
}

#[test]
fn booting() {
    let drops = |text: &str| translate(text.as_bytes()).unwrap().drop;
    assert!(drops("deny booting;") && drops("ignore booting;"));
    assert!(!drops("deny booting; allow booting;"));
    assert_eq!(refused("deny unknown-clients;"), Status::NOT_IMPLEMENTED);
}

#[test]
fn what_kea_cannot_do_is_refused_whole() {
    for text in [
        "option subnet-mask 255.0.0.0;",
        "option dhcp-lease-time 5;",
        "option dhcp-parameter-request-list 1, 3;",
        "option fqdn.hostname \"x\";",
        "option option-51 0:0:0:5;",
        "option unknown-1 ff:0:0:0;",
        "option ip-forwarding ignore;",
        "option slp-service-scope true \"x\";",
        "option vivso 01:02;",
        "option domain-name-servers ns.example.org;",
        "option host-name = concat(\"a\", \"b\");",
        "option domain-name config-option domain-name;",
        "default-lease-time = 5;",
        "if true { filename \"x\"; }",
        "switch (option host-name) { }",
        "append domain-name-servers 1.1.1.1;",
        "prepend domain-name-servers 1.1.1.1;",
        "send host-name \"x\";",
        "execute(\"x\");",
        "log(info, \"x\");",
        "on commit { }",
        "on release { }",
        "on expiry { }",
        "set x = \"y\";",
        "unset x;",
        "eval execute(\"x\");",
        "use-host-decl-names on;",
        "vendor-option-space x;",
        "ddns-hostname \"x\";",
        "ddns-updates off;",
        "update-static-leases on;",
        "always-broadcast on;",
        "authoritative;",
        "range 10.0.0.1 10.0.0.2;",
        "pool { }",
        "zone x { }",
        "key x { }",
        "fixed-address 10.0.0.1;",
        "ping-check false;",
        "one-lease-per-client true;",
        "next-server tftp.example.org;",
    ] {
        for text in [text.into(), format!("filename \"fine\"; {text}")] {
            let status = refused(&text);
            // dhcpd does not take all of these either.
            let fine = [Status::NOT_IMPLEMENTED, Status::BAD_PARSE];
            assert!(fine.contains(&status), "{text}: {status:?}");
        }
    }
    for text in [
        "option zork 1;",
        "option routers",
        "zork;",
        "filename x;",
        "filename \"x",
        "option interface-mtu 65536;",
        "option auto-config 256;",
    ] {
        assert_eq!(refused(text), Status::BAD_PARSE, "{text}");
    }
}

#[test]
fn option_43_by_version() {
    let create = |version, then: Option<Play>| {
        let host = [
            ("hardware-address", &[2, 0, 0, 0, 9, 1][..]),
            ("ip-address", &[10, 77, 30, 1]),
            ("statements", b"option vendor-encapsulated-options 1:1:1;"),
        ];
        let request = open(Kind::Host, flags::CREATE | flags::EXCLUSIVE, &host);
        let before =
            r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
        let mut script = vec![Recorded("status-get"), Json(before)];
        script.extend(then);
        status(&one(version, request, &script).0)
    };
    // Kea is asked whether it takes it, or never hears of it.
    assert_eq!(create("2.2.0", Some(Die)), Status::CONNECTION_RESET);
    assert_eq!(create("2.6.3", None), Status::NOT_IMPLEMENTED);
}
