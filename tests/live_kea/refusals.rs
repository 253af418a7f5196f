//! What is refused because it would do harm elsewhere: high availability, an
//! option that Kea forgets. And passwords, which stay where they are.

use super::{
    Attributes, CREATE, connect, find, get, number, object, open, refresh, remove, update,
    with_each,
};
use omapi::status::Status;
use std::time::{Duration, Instant};
use test_support::kea::{Kea, Setup, as_dhcpd};
use test_support::{Build, Run, Workshop, have, leave_out};

const HOST: [(&str, &[u8]); 3] = [
    ("name", b"new"),
    ("hardware-address", &[2, 0, 0, 0, 7, 1]),
    ("ip-address", &[10, 77, 20, 1]),
];

/// A lone server whose partner never answers; it waits a minute for it.
const HA: Setup<'_> = Setup {
    hooks: r#", { "library": "@HOOKS@/libdhcp_ha.so", "parameters": { "high-availability": [ {
      "this-server-name": "s1", "mode": "hot-standby", "heartbeat-delay": 100,
      "max-response-delay": 60000, "max-ack-delay": 1000, "max-unacked-clients": 0,
      "peers": [
        { "name": "s1", "url": "http://127.0.0.1:@PORT@/", "role": "primary",
          "basic-auth-user": "s1", "basic-auth-password": "sesame-of-s1" },
        { "name": "s2", "url": "http://127.0.0.2:9/", "role": "standby",
          "basic-auth-user": "s2", "basic-auth-password": "sesame-of-s2" } ] } ] } }"#,
    ..Setup::USUAL
};

/// What the hook says that it is doing.
fn state_of_ha(kea: &Kea) -> String {
    let status = kea.command(r#"{"command":"status-get"}"#);
    let local = status.split("\"local\"").nth(1).expect("a local server");
    let state = local.split("\"state\": \"").nth(1).expect("its state");
    state.split('"').next().unwrap().to_owned()
}

/// Until it is so; what it is at last.
fn until(fine: impl Fn() -> bool) -> bool {
    let limit = Instant::now() + Duration::from_secs(15);
    while !fine() {
        if Instant::now() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

#[test]
fn high_availability() {
    with_each("high availability", HA, |t, kea| {
        let c = connect(&kea.name());
        let (status, ha) = find(&c, "failover-state", &[("name", b"s2")]);
        t.is(status, Status::SUCCESS, "by the partner's name");
        t.is(get(&ha, "name"), Some(b"s2".to_vec()), "name");
        for (name, number) in [("local-port", u32::from(kea.port)), ("partner-port", 9)] {
            t.is(super::number(&ha, name), Some(number), name);
        }
        let address = |name| get(&ha, name);
        t.is(address("local-address"), Some(vec![127, 0, 0, 1]), "local");
        t.is(
            address("partner-address"),
            Some(vec![127, 0, 0, 2]),
            "partner",
        );
        t.is(number(&ha, "hierarchy"), Some(0), "primary");
        t.is(number(&ha, "max-response-delay"), Some(60), "seconds");
        t.is(number(&ha, "mclt"), None, "what Kea does not have");
        t.is(number(&ha, "local-state"), Some(1), "waiting");
        t.is(
            find(&c, "failover-state", &[("name", b"s3")]).0,
            Status::NOT_FOUND,
            "another",
        );
        let unreachable = || {
            refresh(&c, &ha);
            number(&ha, "partner-state") == Some(3)
        };
        t.ok(until(unreachable), "the partner does not answer");
        let (config, state) = (kea.config(), state_of_ha(kea));
        t.is(state.as_str(), "waiting", "it waits");

        for (what, attributes, expected) in [
            (
                "other states",
                ("local-state", &[0, 0, 0, 2][..]),
                Status::NOT_IMPLEMENTED,
            ),
            ("other values", ("mclt", &[0, 0, 0, 2]), Status::NOT_FOUND),
        ] {
            let (_, other) = find(&c, "failover-state", &[("name", b"s2")]);
            t.is(update(&c, &other, &[attributes]), expected, what);
        }
        t.is(state_of_ha(kea), state, "nothing has happened");
        let down = update(&c, &ha, &[("local-state", &[0, 0, 0, 4])]);
        t.is(down, Status::SUCCESS, "partner down");
        t.ok(until(|| state_of_ha(kea) == "partner-down"), "Kea knows");
        t.is(refresh(&c, &ha), Status::SUCCESS, "refresh");
        t.is(number(&ha, "local-state"), Some(4), "and says so");

        // Changes of hosts and groups must not start it over.
        let host = open(&c, &object("host", &HOST), CREATE);
        let group: Attributes<'_> = vec![("name", b"g"), ("statements", b"filename \"x\";")];
        let group = open(&c, &object("group", &group), CREATE);
        if kea.has_host_cmds {
            // Commands do not touch it.
            t.is(
                (host, group),
                (Status::SUCCESS, Status::SUCCESS),
                "by commands",
            );
            let (_, host) = find(&c, "host", &HOST[..1]);
            t.is(remove(&c, &host), Status::SUCCESS, "remove");
        } else {
            let refused = (Status::NO_PERMISSION, Status::NO_PERMISSION);
            t.is((host, group), refused, "refused");
            t.is(kea.config(), config.clone(), "configuration");
        }
        t.is(state_of_ha(kea).as_str(), "partner-down", "it goes on");
        if !kea.has_host_cmds {
            let c = connect(&format!("{}?ha=yes", kea.name()));
            let host = open(&c, &object("host", &HOST), CREATE);
            t.is(host, Status::SUCCESS, "allowed");
            t.is(state_of_ha(kea).as_str(), "waiting", "as it was said");
            let kept = kea.config().contains("sesame-of-s2");
            t.ok(kept, "passwords survive it");
        }
    });
    with_each("no high availability", Setup::default(), |t, kea| {
        let c = connect(&kea.name());
        let (status, _) = find(&c, "failover-state", &[("name", b"s2")]);
        t.is(status, Status::NOT_FOUND, "no failover");
    });
}

/// Kea 2.6 and 3.0 do not tell a raw option 43: whoever sets or writes what
/// they tell loses it.
#[test]
fn option_43() {
    const RAW: [u8; 6] = [1, 4, 0xaa, 0xbb, 0xcc, 0xdd];
    let setup = Setup {
        more: r#""option-data": [ { "code": 43, "csv-format": false, "data": "0104AABBCCDD" } ],"#,
        dhcp: true,
        ..Setup::default()
    };
    with_each("option 43", setup, |t, kea| {
        let c = connect(&kea.name());
        let sent = |kea: &Kea| {
            let offer = kea.discover([2, 0, 0, 0, 7, 7], &[43]).expect("an offer");
            offer.option(43).map(<[u8]>::to_vec)
        };
        t.is(sent(kea), Some(RAW.to_vec()), "clients get it");
        let (before, file) = (kea.config(), kea.file());
        let told = !before.contains(r#""data": "", "name": "vendor-encapsulated-options""#);
        let told = told && before.to_uppercase().contains("0104AABBCCDD");
        t.is(told, kea.program.label == "2.2", "whether Kea tells it");
        let status = open(&c, &object("host", &HOST), CREATE);
        if told {
            t.is(status, Status::SUCCESS, "nothing is lost");
            kea.restart();
            return t.is(sent(kea), Some(RAW.to_vec()), "clients still get it");
        }
        t.is(status, Status::NO_PERMISSION, "refused");
        t.is(kea.config(), before, "configuration");
        t.is(kea.file(), file.clone(), "its file");
        t.is(sent(kea), Some(RAW.to_vec()), "clients still get it");
        if kea.has_host_cmds {
            // In memory alone it does no harm.
            let c = connect(&format!("{}?write=no", kea.name()));
            let status = open(&c, &object("host", &HOST), CREATE);
            t.is(status, Status::SUCCESS, "not written");
            t.is(kea.file(), file, "its file");
            kea.restart();
            t.is(sent(kea), Some(RAW.to_vec()), "clients still get it");
        }
        let c = connect(&format!("{}?option43=yes", kea.name()));
        let status = open(&c, &object("host", &HOST), CREATE);
        t.is(status, Status::SUCCESS, "allowed");
    });
}

/// Passwords of a configuration go back to Kea, and nowhere else: the system
/// calls of a program that changes hosts and groups in every way.
#[test]
fn passwords() {
    if !have("strace") {
        return leave_out("passwords", "strace is not installed");
    }
    let setup = Setup {
        hooks: HA.hooks,
        ..as_dhcpd()
    };
    let workshop = Workshop::new();
    let programs = ["host", "group"].map(|name| {
        let program = workshop.compile(&format!("c-tests/{name}.c"), Build::PLAIN);
        program.unwrap_or_else(|e| panic!("{e}"))
    });
    with_each("passwords", setup, |t, kea| {
        let (mut writes, mut bad) = (0, Vec::new());
        for program in &programs {
            let trace = kea.folder.join("trace");
            let mut run = Run::default()
                .env("OMAPI_HOST", format!("{}?ha=yes", kea.name()))
                .env(
                    "DHCPCTL_SERVERS",
                    "x:1 = kea+http://u:sesame-of-map@127.0.0.1:1/",
                );
            run.prefix = ["strace", "-f", "-yy", "-s", "1000000", "-o"]
                .map(Into::into)
                .to_vec();
            run.prefix.push(trace.clone().into());
            let printed = program.run(&run);
            t.ok(printed.text.contains("\n1.."), "it came to its end");
            t.ok(!printed.text.contains("sesame"), "what it prints");
            let trace = std::fs::read_to_string(trace).unwrap();
            for line in trace.lines() {
                // `PID call(FD<what it is>, ...`
                let call = line
                    .split_once(' ')
                    .map_or(line, |(_, rest)| rest.trim_start());
                let (call, rest) = call.split_once('(').unwrap_or((call, ""));
                let opens = call.starts_with("open") || call == "creat";
                let writing = ["O_WRONLY", "O_RDWR", "O_CREAT"];
                if opens && writing.iter().any(|f| rest.contains(f)) {
                    bad.push(line.to_owned());
                }
                let out = call.contains("write") || call.contains("send");
                if out && rest.contains("sesame") {
                    let place = rest.split(", ").next().unwrap_or_default();
                    if place.contains("<UNIX-STREAM:") {
                        writes += 1
                    } else {
                        bad.push(place.to_owned())
                    }
                }
            }
        }
        t.is(bad, Vec::new(), "other places");
        // Without commands for hosts, whole configurations go back.
        t.is(writes > 0, !kea.has_host_cmds, "passwords went to Kea");
        t.ok(kea.config().contains("sesame-of-s2"), "and are still there");
    });
}
