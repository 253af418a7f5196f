//! The C programs that pass against dhcpd, unchanged, against Kea. They get the
//! name of its socket where they expect a host.

use super::kea::Setup;
use super::support::{Build, Run, Workshop};
use super::with_each;

const PROGRAMS: [&str; 11] = [
    "lookup", "host", "group", "wait", "callback", "connect", "process", "badinput", "lost",
    "auth", "threads",
];

/// Checks that differ, and why.
const DIFFERENT: [(&str, &str, &str); 4] = [
    (
        "host",
        "its two addresses, one after the other",
        "a reservation has one address",
    ),
    (
        "connect",
        "it has a socket",
        "each command has a connection of its own",
    ),
    (
        "auth",
        "a key for a server without keys",
        "the socket's permissions decide, keys are not used",
    ),
    (
        "auth",
        "a key for a server without keys: no connection",
        "the same",
    ),
];

/// What `server.conf` has, for Kea.
const CLASSES: &str = r#""ip-reservations-unique": false,
  "client-classes": [ { "name": "omapi-group-gstatic", "option-data": [ { "name": "domain-name", "data": "g.example" } ] } ],"#;
const RESERVATIONS: &str = r#"
  { "hw-address": "00:11:22:33:44:55", "ip-address": "10.0.200.5", "client-classes": [ "omapi-group-gstatic" ],
    "user-context": { "omapi": { "name": "static1" } } },
  { "hw-address": "00:11:22:33:44:66", "ip-address": "10.0.200.6",
    "user-context": { "omapi": { "name": "static2", "twin": { "client-id": "61:62:63" } } } },
  { "client-id": "61:62:63", "ip-address": "10.0.200.6",
    "user-context": { "omapi": { "name": "static2", "twin": { "hw-address": "00:11:22:33:44:66" } } } }"#;

#[test]
fn the_programs_for_dhcpd() {
    let leases = include_str!("../../c-tests/kea-leases.csv");
    let setup = Setup {
        more: CLASSES,
        reservations: RESERVATIONS,
        subnet: Some(("10.0.0.0/16", "10.0.0.10 - 10.0.0.40", leases)),
        ..Setup::default()
    };
    let workshop = Workshop::new();
    for name in PROGRAMS {
        let program = workshop.compile(&format!("c-tests/{name}.c"), Build::PLAIN);
        let program = program.unwrap_or_else(|e| panic!("{e}"));
        with_each(&format!("{name}.c"), setup, |t, kea| {
            let printed = program.run(&Run::default().env("OMAPI_HOST", kea.name()));
            let mut differ = Vec::new();
            for line in printed.text.lines() {
                let Some((verdict, what)) = line.split_once(" - ") else {
                    continue;
                };
                match DIFFERENT.iter().any(|(p, w, _)| *p == name && *w == what) {
                    true if verdict.starts_with("not ok") => differ.push(what),
                    _ => t.ok(!verdict.starts_with("not ok"), what),
                }
            }
            t.ok(printed.text.contains("\n1.."), "it came to its end");
            for (p, what, why) in DIFFERENT {
                if p == name {
                    println!("differs: {name}.c: {what} ({why})");
                    t.ok(differ.contains(&what), &format!("{what}: differs no more"));
                }
            }
        });
    }
}
