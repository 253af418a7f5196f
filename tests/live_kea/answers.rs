//! A live Kea whose answers do not come as they should: either a host is there,
//! or there is an error code and the configuration as it was.

use super::bad::PLAIN;
use super::{CREATE, Checks, connect, find, object, open, remove, with_each, with_those};
use omapi::status::Status;
use std::io::Write;
use std::path::PathBuf;
use test_support::kea::fake::Fake;
use test_support::kea::{Kea, Setup, raw_command};

const HW: (&str, &[u8]) = ("hardware-address", &[2, 0, 0, 0, 8, 1]);
const IP: (&str, &[u8]) = ("ip-address", &[10, 77, 20, 1]);

/// What is done to an answer; `None` is silence.
type Spoil = fn(&[u8]) -> Option<Vec<u8>>;

const REFUSED: &[u8] = br#"{"result":1,"text":"x"}"#;

const WAYS: [(&str, Spoil); 8] = [
    ("half", |a| Some(a[..a.len() / 2].to_vec())),
    ("all but a brace", |a| {
        let end = a.iter().rposition(|b| *b == b'}').unwrap();
        Some(a[..end].to_vec())
    }),
    ("nothing", |_| Some(Vec::new())),
    ("never", |_| None),
    ("something else", |_| Some(b"-bash: hello".to_vec())),
    ("an error", |_| Some(REFUSED.to_vec())),
    ("too deep", |_| Some(b"{\"a\":".repeat(100_000))),
    ("too large", |_| {
        let mut bomb = br#"{"result":0,"arguments":["#.to_vec();
        bomb.extend(b"[],".repeat(3_000_000));
        Some(bomb)
    }),
];

/// Between us and a Kea server: spoils the first answer to that command.
fn spoiled(kea: &Kea, victim: &'static str, way: Spoil) -> (Fake, PathBuf) {
    let (real, path) = (kea.socket(), kea.folder.join("proxy.sock"));
    let (mut done, mut silent) = (false, Vec::new());
    let fake = Fake::start(&path, move |command, stream| {
        let hit = !done && command.contains(&format!("\"{victim}\""));
        done |= hit;
        if hit && way(b"{}").is_some_and(|a| a == REFUSED) {
            // What it refuses, it does not do.
            return drop(stream.write_all(REFUSED));
        }
        let Ok(answer) = raw_command(&real, command.as_bytes()) else {
            return;
        };
        match if hit { way(&answer) } else { Some(answer) } {
            Some(answer) => drop(stream.write_all(&answer)),
            None => silent.extend(stream.try_clone()),
        }
    });
    (fake, path)
}

fn each_way(t: &mut Checks, kea: &mut Kea, victim: &'static str) {
    let before = kea.config();
    for (what, way) in WAYS {
        let (config, leases) = (kea.config(), kea.leases());
        let (fake, path) = spoiled(kea, victim, way);
        let patience = if what == "never" { 3 } else { 20 };
        let c = connect(&format!("kea:{}?timeout={patience}", path.display()));
        let status = open(&c, &object("host", &[HW, IP]), CREATE);
        let what = format!("{what} of {victim}");
        let there = kea.config().contains("02:00:00:00:08:01");
        if there {
            t.is(status, Status::SUCCESS, &what)
        } else {
            t.ok(!status.is_success(), &what);
            t.is(kea.config(), config, &format!("{what}: configuration"));
        }
        t.is(kea.leases(), leases, &format!("{what}: leases"));
        drop(fake);
        // And everything works as before.
        let c = connect(&kea.name());
        let (status, host) = find(&c, "host", &[HW]);
        t.is(status.is_success(), there, &format!("{what}: found later"));
        if there {
            t.is(
                remove(&c, &host),
                Status::SUCCESS,
                &format!("{what}: removed"),
            );
        }
    }
    kea.restart();
    t.is(kea.config(), before, &format!("{victim}: what is durable"));
}

#[test]
fn while_the_configuration_is_replaced() {
    with_each("spoiled answers", PLAIN, |t, kea| {
        for victim in ["config-get", "config-test", "config-set", "config-write"] {
            each_way(t, kea, victim);
        }
    });
}

#[test]
fn while_a_reservation_is_added() {
    let which = |p: &test_support::kea::Program| p.has_host_cmds();
    with_those("spoiled commands", which, Setup::default(), |t, kea| {
        for victim in ["reservation-add", "config-write", "config-get"] {
            each_way(t, kea, victim);
        }
    });
}
