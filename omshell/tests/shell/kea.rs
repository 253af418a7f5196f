//! Scripts for dhcpd, over Kea: what they print has the same shape. Needs
//! kea-dhcp4 and what `ci/kea` unpacks; what is missing is said, and with
//! DHCPCTL_REQUIRE_LIVE=1 it is a failure.

use crate::support::*;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use test_support::dhcpd::Namespace;
use test_support::kea::{self, Kea};
use test_support::{Tap, leave_out, nothing_may_be_missing, tally};

const LIMIT: Duration = Duration::from_secs(30);

/// One Kea for each version that is here.
fn each(body: impl Fn(&Kea) + Sync) {
    if let Some(reason) = kea::missing() {
        leave_out("omshell over Kea", &reason);
    }
    let one = |program: &kea::Program| {
        body(&Kea::start(program, kea::as_dhcpd()));
        count(1);
    };
    std::thread::scope(|s| {
        for program in kea::programs() {
            s.spawn(|| one(program));
        }
    });
}

/// Adds to the counts of all tests.
fn count(passed: usize) {
    let tap = Tap {
        passed: u32::try_from(passed).unwrap(),
        ..Tap::default()
    };
    tally("omshell-kea", &tap);
}

/// What a command printed: lines of their own, and attributes by name.
fn shape(chunk: &[u8]) -> (Vec<String>, BTreeMap<String, String>) {
    let (mut lines, mut attributes) = (Vec::new(), BTreeMap::new());
    for line in shown(chunk).lines() {
        match line.split_once(" = ") {
            Some((name, value)) => drop(attributes.insert(name.to_owned(), value.to_owned())),
            None => lines.push(line.to_owned()),
        }
    }
    (lines, attributes)
}

/// The lines where two outputs differ in what matters, with both. Kea has no
/// pools, numbers its subnets itself, and keeps no `tstp`.
fn differences(dhcpd: &[u8], kea: &[u8]) -> Vec<(usize, String)> {
    let (dhcpd, kea) = (chunks(dhcpd), chunks(kea));
    let mut found = Vec::new();
    for at in 0..dhcpd.len().max(kea.len()) {
        let of = |side: &[&[u8]]| side.get(at).map(|c| c.to_vec()).unwrap_or_default();
        let (dhcpd, kea) = (of(&dhcpd), of(&kea));
        let (mut wanted, mut got) = (shape(&dhcpd), shape(&kea));
        wanted.1.remove("pool");
        for name in ["subnet", "tstp"] {
            for side in [&mut wanted.1, &mut got.1] {
                side.entry(name.into()).and_modify(String::clear);
            }
        }
        if wanted != got {
            let (dhcpd, kea) = (shown(&dhcpd), shown(&kea));
            found.push((at + 1, format!("-- dhcpd\n{dhcpd}-- Kea\n{kea}")));
        }
    }
    found
}

/// What dhcpd makes of a script: now, or as it was recorded.
fn over_dhcpd(network: Option<&Arc<Namespace>>, script: &Script) -> Output {
    let (Some(network), Some(server)) = (network, &script.server) else {
        return recorded("golden", &script.name);
    };
    let _server = start_dhcpd(network, server);
    run(
        &mut network.command(env!("CARGO_BIN_EXE_omshell")),
        &script.text,
        LIMIT,
    )
}

/// Every script for a server without keys, unchanged: the map leads it from
/// dhcpd's place to Kea. What differs is in `kea-differences.txt`.
#[test]
fn scripts_for_dhcpd() {
    let live = Command::new("dhcpd").arg("--version").output().is_ok();
    let network = Namespace::new().ok().filter(|_| live).map(Arc::new);
    assert!(
        network.is_some() || !nothing_may_be_missing(),
        "no dhcpd in a network of its own"
    );
    let listed = Differences::of_file("kea-differences.txt");
    let mut scripts = scripts();
    scripts.retain(|s| s.server.as_ref().is_some_and(|s| s.algorithm.is_none()));
    for name in listed.scripts() {
        assert!(scripts.iter().any(|s| s.name == *name), "no script {name}");
    }
    let dhcpd: Vec<Output> = scripts
        .iter()
        .map(|s| over_dhcpd(network.as_ref(), s))
        .collect();
    each(|kea| {
        let mut wrong = Vec::new();
        for (script, dhcpd) in scripts.iter().zip(&dhcpd) {
            let name = &script.name;
            let kea = Kea::start(&kea.program, kea::as_dhcpd());
            let names = ["127.0.0.1", "localhost", "10.0.0.1"];
            let map = names
                .map(|n| format!("{n}:7911 = {}\n", kea.name()))
                .concat();
            let got = run(ours().env("DHCPCTL_SERVERS", &map), &script.text, LIMIT);
            let found = differences(&dhcpd.out, &got.out);
            let lines: BTreeSet<usize> = found.iter().map(|f| f.0).collect();
            let known = listed.of(name);
            if lines != *known.unwrap_or(&BTreeSet::new()) {
                wrong.push(format!("{name}: {found:#?}, listed are {known:?}"));
            }
            if known.is_none() && got.err != dhcpd.err {
                wrong.push(format!("{name}: {}", shown(&got.err)));
            }
            if !got.fine {
                wrong.push(format!("{name}: no good end"));
            }
        }
        let version = &kea.program.label;
        assert!(wrong.is_empty(), "Kea {version}\n{}", wrong.join("\n"));
        count(scripts.len());
    });
}

/// Every form of the server's name, with a lease and a host behind it.
#[test]
fn names_of_servers() {
    const SESSION: &str = "connect\nnew lease\nset ip-address = 10.0.0.10\nopen\nclose\n\
                           new host\nset name = \"static1\"\nopen\n";
    each(|kea| {
        let socket = kea.socket();
        let socket = socket.display();
        for name in [
            format!("{socket}"),
            format!("\"{socket}\""),
            format!("{socket} # the socket"),
            format!("kea:{socket}"),
            format!("kea:{socket}?write=no"),
            format!("\"kea:{socket}\""),
        ] {
            let got = run(
                &mut ours(),
                format!("server {name}\n{SESSION}").as_bytes(),
                LIMIT,
            );
            let out = shown(&got.out);
            assert!(
                out.contains("\nclient-hostname = \"h10\"\n"),
                "{name}\n{out}"
            );
            assert!(
                out.contains("\nip-address = 0a:00:c8:05\n"),
                "{name}\n{out}"
            );
            assert!(got.err.is_empty(), "{name}");
        }
    });
}

#[test]
fn commands() {
    each(|kea| {
        let input = format!(
            "server {}\n\
             kea status-get\n\
             connect\n\
             kea\n\
             kea lease4-get {{ \"ip-address\": \"10.0.0.10\" }} # one\n\
             kea lease4-get {{ \"ip-address\": \"10.0.9.9\" }}\n\
             kea no-such-command\n\
             kea status-get {{\n",
            kea.name()
        );
        let got = run(&mut ours(), input.as_bytes(), LIMIT);
        let chunks: Vec<String> = chunks(&got.out).into_iter().map(shown).collect();
        let null = "obj: <null>\n";
        let usage = "usage: kea <command> [<arguments in JSON>]";
        assert_eq!(chunks[1], "not connected.\n");
        assert_eq!(chunks[3], format!("{usage}\n{null}"));
        for (at, result, part) in [
            (4, 0, "\"hostname\":\"h10\""),
            (5, 3, "\"text\":"),
            (6, 2, "\"text\":"),
        ] {
            let answer = chunks[at].strip_suffix(null).unwrap();
            assert_eq!(answer.lines().count(), 1, "{answer}");
            assert!(answer.contains(&format!("\"result\":{result}")), "{answer}");
            assert!(answer.contains(part), "{answer}");
        }
        assert_eq!(
            chunks[7],
            format!("can't send command: invalid argument\n{null}")
        );
        assert!(got.fine && got.err.is_empty());

        let strict = |command: &str| {
            let input = format!("server {}\nconnect\nkea {command}\n", kea.name());
            run(ours().arg("-e"), input.as_bytes(), LIMIT).fine
        };
        assert!(strict("status-get"));
        assert!(!strict("no-such-command"));
    });
}

/// The command is for Kea alone.
#[test]
fn not_over_omapi() {
    let config = omapi_testd::Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..Default::default()
    };
    let server = omapi_testd::Server::start(config).unwrap();
    let input = format!("port {}\nconnect\nkea status-get\n", server.addr().port());
    let got = run(&mut ours(), input.as_bytes(), LIMIT);
    let out = shown(&got.out);
    assert!(
        out.ends_with("> can't send command: not implemented\nobj: <null>\n> "),
        "{out}"
    );
}
