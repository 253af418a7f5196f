//! The C programs that pass against dhcpd, unchanged, against Kea. They get the
//! name of its socket where they expect a host.

use super::{Done, Shop, left_out, trial};
use libtest_mimic::{Completion, Trial};
use std::sync::Arc;
use test_support::c_tests::{self, CTest, Server};
use test_support::kea::{self, Kea, as_dhcpd};
use test_support::{Build, Program, Row, Run, Tap, root, row, row_reason, tally};

/// Checks of one program that differ for one reason. `docs/kea-migration.md`
/// has the same.
struct Different {
    program: &'static str,
    checks: &'static [&'static str],
    /// Each of them in every run; else none has to.
    always: bool,
    why: &'static str,
}

const DIFFERENT: [Different; 5] = [
    Different {
        program: "host",
        checks: &["its two addresses, one after the other"],
        always: true,
        why: "a reservation has one address",
    },
    Different {
        program: "connect",
        checks: &["it has a socket"],
        always: true,
        why: "each command has its own connection",
    },
    Different {
        program: "auth",
        checks: &[
            "a key for a server without keys",
            "a key for a server without keys: no connection",
        ],
        always: true,
        why: "the socket's permissions decide, keys are not used",
    },
    Different {
        program: "chain",
        checks: &["it was called meanwhile"],
        always: false,
        why: "lookups run side by side: a later one may be answered first",
    },
    Different {
        program: "messages",
        checks: &[
            "send it",
            "it has an id now",
            "wait for the lease",
            "it is there",
            "with its handle",
            "the answer has unregistered it",
            "send an open",
            "wait for the generic object",
            "it has the attributes",
            "of the lease",
            "and the handle, as an attribute",
            "which is a number",
            "an open without a key, with an object to notify",
            "it is notified once",
            "with the code:",
            "and the text:",
            "a delete with an object to notify",
            "it is removed",
            "it is gone",
        ],
        always: true,
        why: "messages built by hand exist only in OMAPI; omapi_protocol_send_open works",
    },
];

/// The listed difference that a check belongs to. A name that ends with a colon
/// stands for all that begin so.
fn listed(program: &str, check: &str) -> Option<(&'static Different, &'static str)> {
    let of = DIFFERENT.iter().filter(|d| d.program == program);
    of.flat_map(|d| d.checks.iter().map(move |c| (d, *c)))
        .find(|(_, c)| *c == check || (c.ends_with(':') && check.starts_with(c)))
}

/// Runs one against a fresh Kea, counts, and gives what is wrong.
fn check(name: &str, program: &Program, server: &kea::Program) -> Vec<String> {
    let kea = Kea::start(server, as_dhcpd());
    // Debian's by its name, the others by the map alone; so are programs that
    // have names of their own for the server.
    let by_name = server.is_systems() && !["connect", "cancel"].contains(&name);
    let run = if by_name {
        Run::default().env("OMAPI_HOST", kea.name())
    } else {
        let names = ["127.0.0.1", "127.1", "localhost"];
        let lines = names.map(|n| format!("{n}:7911 = {}\n", kea.name()));
        Run::default().env("DHCPCTL_SERVERS", lines.concat())
    };
    let printed = program.run(&run);
    let label = format!("{name}.c, Kea {}", server.label);
    let (mut differ, mut wrong) = (Vec::new(), Vec::new());
    let lines: Vec<&str> = printed.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(what) = line.strip_prefix("not ok ") else {
            continue;
        };
        let what = what.split_once(" - ").map_or(what, |w| w.1);
        if let Some((_, check)) = listed(name, what) {
            differ.push(check);
            continue;
        }
        let more = lines[at + 1..].iter().take_while(|l| l.starts_with('#'));
        wrong.push(format!("{label}: {line}"));
        wrong.extend(more.map(|l| (*l).to_owned()));
    }
    let mut tap = Tap::of(&printed.text);
    if !tap.complete {
        wrong.push(format!("{label}: {}, {:?}", printed.ending, lines.last()));
    }
    for d in DIFFERENT.iter().filter(|d| d.always && d.program == name) {
        let gone = d.checks.iter().filter(|c| !differ.contains(c));
        wrong.extend(gone.map(|c| format!("{label}: {c}: differs no more")));
    }
    let counts = Row {
        passed: tap.passed,
        differ: differ.len(),
        wrong: !wrong.is_empty(),
    };
    row(name, &format!("Kea {}", server.label), &counts);
    // What differs as it is listed has passed that.
    tap.passed += differ.len() as u32;
    tap.failed = u32::from(!wrong.is_empty());
    tally(&format!("kea-live {} {name}.c", server.label), &tap);
    if !wrong.is_empty() {
        wrong.push(kea.log());
    }
    wrong
}

pub(crate) fn trials(shop: &Arc<Shop>, test: &CTest) -> Vec<Trial> {
    if !test.is_for(Server::Kea) {
        return Vec::new();
    }
    let one = |(label, server): (String, Option<&'static kea::Program>)| {
        let test = test.clone();
        let name = format!("{}::kea_{label}", test.name);
        trial(shop, name, move |workshop| -> Done {
            let Some(server) = server else {
                return left_out(&format!("no Kea {label}; get it with `ci/kea {label}`"));
            };
            let program = workshop.compile(&test.source, Build::PLAIN)?;
            let wrong = check(&test.name, &program, server);
            for d in DIFFERENT.iter().filter(|d| d.program == test.name) {
                row_reason(d.program, d.checks, d.why);
            }
            if wrong.is_empty() {
                Ok(Completion::Completed)
            } else {
                Err(wrong.join("\n").into())
            }
        })
    };
    kea::expected().into_iter().map(one).collect()
}

/// The documentation has what differs.
pub(crate) fn documented() -> Trial {
    Trial::test("kea::differences_are_documented", || {
        let text = std::fs::read_to_string(root().join("docs/kea-migration.md"))?;
        let tests = c_tests::all();
        for d in &DIFFERENT {
            let mut known = tests.iter().flatten().filter(|t| t.is_for(Server::Kea));
            if known.all(|t| t.name != d.program) {
                return Err(format!("{}: no program for Kea", d.program).into());
            }
            let row = format!("| `{}.c` | {} | {} |", d.program, d.checks.len(), d.why);
            if !text.contains(&row) {
                return Err(format!("docs/kea-migration.md lacks\n{row}").into());
            }
        }
        Ok(())
    })
}
