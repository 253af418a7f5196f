//! Leases, of IPv4: what is asked of Kea, and the attributes that come back.

use super::*;

#[test]
fn a_lease_in_the_format_of_dhcpd() {
    for version in VERSIONS {
        let request = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 21])]);
        let (answer, sent) = one(version, request, &[Recorded("lease4-get.by-ip")]);
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
            let request = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 20])]);
            let mut answered = reply(name, version).into_arguments();
            answered["ip-address"] = "10.77.0.20".into();
            let lease = crate::model::Lease(answered.as_object().unwrap().clone());
            assert_eq!(lease.state(NOW), expected, "{name}@{version}");
            drop(request);
        }
    }
    let request = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 48])]);
    let (answer, _) = one("2.2.0", request, &[Recorded("lease4-get.expire-huge")]);
    assert_eq!(value(&answer, "ends").unwrap(), [0xff; 4]);
    let request = open(Kind::Lease, 0, &[("ip-address", &[10, 77, 0, 46])]);
    let (answer, _) = one("2.2.0", request, &[Recorded("lease4-get.infinite")]);
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
    let update = |version, list: &[(&str, &[u8])], script: &[Play]| {
        let handle = u32::from_be_bytes([10, 77, 0, 21]);
        one(
            version,
            KeaRequest::Update(handle, attributes(list)),
            script,
        )
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
fn times_beyond_all_bounds() {
    const LEASE: &str = r#"{"result":0,"arguments":{"ip-address":"10.77.0.21","hw-address":"02:00:00:00:00:21","hostname":"","cltt":18446744073709551615,"valid-lft":18446744073709551615,"state":0,"subnet-id":1}}"#;
    const CONFIG: &str =
        r#"{"result":0,"arguments":{"Dhcp4":{"decline-probation-period":18446744073709551615}}}"#;
    let lease = u32::from_be_bytes([10, 77, 0, 21]);
    let update = |list: &[(&str, &[u8])], script: &[Play]| {
        let (answer, sent) = one("2.2.0", KeaRequest::Update(lease, attributes(list)), script);
        (status(&answer), sent.last().unwrap()["command"].clone())
    };
    let refused = || Json(r#"{"result":1,"text":"no"}"#);
    let script = || vec![Json(LEASE), refused(), Json(LEASE)];
    let expected = (Status::IO_ERROR, "lease4-get".into());
    assert_eq!(update(&[("note", b"x")], &script()), expected);
    let mut declined = script();
    declined.insert(1, Json(CONFIG));
    assert_eq!(update(&[("state", &[0, 0, 0, 5])], &declined), expected);
    let (never, _) = update(&[("ends", &[0xff; 4])], &script());
    assert_eq!(never, Status::IO_ERROR);
}

#[test]
fn a_name_that_would_corrupt_the_lease_file_is_refused() {
    let lease = Json(
        r#"{"result":0,"arguments":{"ip-address":"10.77.0.21","hw-address":"02:00:00:00:00:21","hostname":"a\nb","cltt":1795240778,"valid-lft":3600,"state":0,"subnet-id":1}}"#,
    );
    let handle = u32::from_be_bytes([10, 77, 0, 21]);
    let request = KeaRequest::Update(
        handle,
        attributes(&[("ends", &1_795_250_000u32.to_be_bytes())]),
    );
    let (answer, _) = one("2.2.0", request, &[lease]);
    assert_eq!(status(&answer), Status::INVALID_ARGUMENT);
}

#[test]
fn walking_through_leases() {
    for version in VERSIONS {
        let info = server(version, "");
        let script = [Recorded("lease4-get-page.first")];
        let (answers, _) = play(
            &info,
            version,
            vec![KeaRequest::Next(Kind::Lease, 0)],
            &script,
        );
        let mut last = answers[0].clone();
        for expected in [[10, 77, 0, 21], [10, 77, 0, 31]] {
            let Answer::Object(handle, _) = last else {
                panic!()
            };
            let (answers, _) = play(
                &info,
                version,
                vec![KeaRequest::Next(Kind::Lease, handle)],
                &[],
            );
            last = answers[0].clone();
            let address = values(&last).into_iter().rfind(|(n, _)| n == "ip-address");
            assert_eq!(address.unwrap().1, expected);
        }
        let Answer::Object(handle, _) = last else {
            panic!()
        };
        let request = vec![KeaRequest::Next(Kind::Lease, handle)];
        let (answers, sent) = play(&info, version, request, &[Recorded("lease4-get-page.end")]);
        assert_eq!(sent[0]["arguments"]["from"], "10.77.0.31");
        assert_eq!(status(&answers[0]), Status::NO_MORE);
    }
}

/// Two pools, a reservation in the subnet for the client of 10.77.0.21, and
/// one in all subnets that Kea does not look at.
const RESERVED: &str = r#"{"result":0,"arguments":{"Dhcp4":{"reservations-global":false,"reservations":[{"client-id":"01020000000021","ip-address":"10.77.0.21"}],"subnet4":[{"id":1,"subnet":"10.77.0.0/16","pools":[{"pool":"10.77.0.10 - 10.77.0.30"},{"pool":"10.77.1.0/24"}],"reservations":[{"client-id":"01020000000021","hostname":"x"}]}]}}}"#;

#[test]
fn details_on_request() {
    let ip: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);
    let hit = || Recorded("lease4-get.by-ip");
    for version in VERSIONS {
        // One command, unless something is asked for that needs more.
        for keys in [
            vec![ip],
            vec![ip, ("zork", &[])],
            vec![ip, ("kea-subnet-id", &[])],
        ] {
            let (answer, _) = one(version, open(Kind::Lease, 0, &keys), &[hit()]);
            assert_eq!(value(&answer, "host"), None);
            let id = value(&answer, "kea-subnet-id");
            assert_eq!(
                id.is_some(),
                keys.len() == 2 && keys[1].0 == "kea-subnet-id"
            );
        }
        let keys = [ip, ("kea-user-context", &[])];
        let (answer, _) = one(version, open(Kind::Lease, 0, &keys), &[hit()]);
        assert_eq!(value(&answer, "kea-user-context").unwrap(), br#"{"x":1}"#);
        // The reservation is for the client, not for the address.
        let keys = [ip, ("host", &[]), ("pool", &[]), ("flags", &[])];
        let request = open(Kind::Lease, 0, &keys);
        // Handles outlive the connection.
        let process = Arc::<Process>::default();
        let (answer, _) = one_of(&process, version, request, &[hit(), Json(RESERVED)]);
        let names: Vec<String> = values(&answer).into_iter().map(|(n, _)| n).collect();
        assert_eq!(
            names[3..8].join(" "),
            "client-hostname host subnet pool hardware-address",
            "as dhcpd orders them"
        );
        assert_eq!(value(&answer, "flags").unwrap(), [0]);
        let handle = |name| {
            let bytes = value(&answer, name).unwrap();
            u32::from_be_bytes(bytes.try_into().unwrap())
        };
        let refresh = |handle, config| {
            let request = KeaRequest::Refresh(handle);
            one_of(&process, version, request, &[Json(config)]).0
        };
        if version == "2.2.0" {
            let host = refresh(handle("host"), RESERVED);
            assert_eq!(value(&host, "name").unwrap(), b"x");
        }
        // Another process has no such handle.
        let pool = KeaRequest::Refresh(handle("pool"));
        assert_eq!(status(&one(version, pool, &[]).0), Status::NOT_FOUND);
        // Handles of what has no attributes.
        for name in ["pool", "subnet"] {
            let bare = refresh(handle(name), RESERVED);
            assert_eq!(values(&bare), [], "{name}");
            let gone = r#"{"result":0,"arguments":{"Dhcp4":{"subnet4":[]}}}"#;
            let gone = refresh(handle(name), gone);
            assert_eq!(status(&gone), Status::NOT_FOUND, "{name}");
        }
        // Global ones count where Kea looks, and only there.
        let global = RESERVED
            .replace(
                "\"reservations-global\":false",
                "\"reservations-global\":true",
            )
            .replace("\"hostname\":\"x\"", "\"ip-address\":\"10.77.9.9\"")
            .replacen(
                "{\"client-id\":\"01020000000021\",\"ip-address\":\"10.77.9.9\"}",
                "",
                1,
            );
        for (config, flags) in [(global.replace(":true", ":false"), 0), (global, 4)] {
            let keys = [ip, ("flags", &[])];
            let request = open(Kind::Lease, 0, &keys);
            let script = [hit(), Json(String::leak(config))];
            let (answer, _) = one(version, request, &script);
            assert_eq!(value(&answer, "flags").unwrap(), [flags]);
        }
    }
}

#[test]
fn hosts_in_a_database_are_asked_for() {
    let config = r#"{"result":0,"arguments":{"Dhcp4":{"hosts-database":{"type":"mysql","password":"sesame"},"subnet4":[{"id":1,"subnet":"10.77.0.0/16"}]}}}"#;
    let ip: (&str, &[u8]) = ("ip-address", &[10, 77, 0, 21]);
    let request = open(Kind::Lease, 0, &[ip, ("host", &[]), ("flags", &[])]);
    let found = r#"{"result":0,"arguments":{"subnet-id":1,"hw-address":"02:00:00:00:00:21","ip-address":"10.77.0.21"}}"#;
    let script = [Recorded("lease4-get.by-ip"), Json(config), Json(found)];
    let info = server("3.0.4", "");
    let (answers, sent) = play(&info, "3.0.4", vec![request], &script);
    assert_eq!(sent[2]["command"], "reservation-get");
    assert_eq!(value(&answers[0], "flags").unwrap(), [4]);
    assert!(value(&answers[0], "host").is_some());
    // What is kept of the configuration is not shown.
    assert!(!format!("{info:?}").contains("sesame"));
}

/// The short way to a lease's fields and the general one agree: for every
/// recorded answer, and for those with a byte changed, added or lost.
#[test]
fn usual_leases() {
    use crate::protocol::usual_lease;
    let general = |text: &[u8]| {
        let reply = Reply::new(json::parse(text).ok()?).ok()?;
        let lease = crate::model::Lease::new(reply.found().ok()??.into_arguments());
        let lease = lease.ok()?;
        lease.bindings().is_none().then(|| lease.fields())
    };
    let (mut usual, mut changed) = (0, 0);
    let answers = EXCHANGES.iter().filter(|e| !e.http);
    for text in answers.map(|e| &e.answer) {
        let Some(found) = usual_lease(text) else {
            continue;
        };
        assert_eq!(Some(found), general(text));
        usual += 1;
        for at in 0..text.len() {
            for byte in b"\"\\{}[]:,.-0z\x80 " {
                let (before, after) = (&text[..at], &text[at + 1..]);
                for other in [
                    [before, &[*byte], after].concat(),
                    [before, &[*byte], &text[at..]].concat(),
                    [before, after].concat(),
                ] {
                    if let Some(found) = usual_lease(&other) {
                        assert_eq!(Some(found), general(&other), "{}", other.escape_ascii());
                        changed += 1;
                    }
                }
            }
        }
        let list = [b"[ ", &text[..], b" ]"].concat();
        assert_eq!(usual_lease(&list), general(text));
        let two = [b"[", &text[..], b",", &text[..], b"]"].concat();
        assert_eq!(usual_lease(&two), None);
    }
    assert!(usual > 20 && changed > 10_000, "{usual} {changed}");
}

#[test]
fn what_is_unusual_is_left_to_the_general_reader() {
    use crate::protocol::usual_lease;
    let lease = |more: &str| {
        format!(
            r#"{{"arguments":{{"ip-address":"10.0.0.1","hw-address":"01:02","state":0{more}}},"result":0}}"#
        )
    };
    assert_eq!(usual_lease(lease("").as_bytes()).unwrap().hardware, [1, 2]);
    for more in [
        r#","user-context":{}"#,
        r#","hostname":"\u00e9""#,
        ",\"hostname\":\"\u{e9}\"",
        r#","hostname":null"#,
        r#","cltt":-1"#,
        r#","cltt":1.5"#,
        r#","cltt":1e3"#,
        r#","cltt":99999999999999999999"#,
        r#","new-key":1"#,
    ] {
        assert_eq!(usual_lease(lease(more).as_bytes()), None, "{more}");
    }
    let nothing = br#"{"result":3,"text":"0 IPv4 lease(s) found."}"#;
    assert_eq!(usual_lease(nothing), None);
}

#[test]
fn a_walk_goes_forward() {
    let page = |first: &str, second: &str| {
        format!(
            r#"{{"result":0,"arguments":{{"leases":[{{"ip-address":"{first}"}},{{"ip-address":"{second}"}}]}}}}"#
        )
    };
    let after = u32::from_be_bytes([10, 0, 0, 5]);
    for (handle, first, second, expected) in [
        (0, "10.0.0.1", "10.0.0.2", Status::SUCCESS),
        (after, "10.0.0.6", "10.0.0.7", Status::SUCCESS),
        (after, "10.0.0.5", "10.0.0.6", Status::PROTOCOL_ERROR),
        (after, "10.0.0.1", "10.0.0.2", Status::PROTOCOL_ERROR),
        (0, "10.0.0.2", "10.0.0.1", Status::PROTOCOL_ERROR),
        (0, "10.0.0.2", "10.0.0.2", Status::PROTOCOL_ERROR),
    ] {
        let page: &'static str = page(first, second).leak();
        let (answer, _) = one(
            "3.0.4",
            KeaRequest::Next(Kind::Lease, handle),
            &[Json(page)],
        );
        assert_eq!(status(&answer), expected, "{first} {second}");
    }
}
