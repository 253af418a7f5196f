//! The C programs that pass against dhcpd, unchanged, against Kea. They get the
//! name of its socket where they expect a host.

use super::kea::{self, Kea, Program as Server, as_dhcpd};
use super::support::{
    Build, LIVE_PROGRAMS, Program, Run, Tap, Workshop, leave_out, root, table, tally,
};
use std::collections::BTreeSet;

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
        why: "each command has a connection of its own",
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
        why: "messages made by hand are OMAPI's; omapi_protocol_send_open works",
    },
];

/// The other files of `c-tests`, and why they are not run here.
const LEFT_OUT: [(&str, &str); 19] = [
    ("manpage", "run by name and by map: `the_same_program`"),
    ("bind", "part of the tests of linking: asks no server"),
    ("exceptions", "part of the tests of linking: asks no server"),
    (
        "isc_stand_in",
        "part of the tests of linking: asks no server",
    ),
    ("one_copy", "part of the tests of linking"),
    ("own_names", "part of the tests of linking"),
    ("two_rusts", "part of the tests of linking"),
    ("hostile", "its servers are its own: see `hostile_answers`"),
    (
        "limits",
        "its servers are its own: see `no_answer_at_all`, `set_uid_programs`",
    ),
    ("timing", "its servers are its own: see `no_answer_at_all`"),
    ("ids", "ids of messages are OMAPI's"),
    ("keys", "entered keys: no server"),
    ("kit", "containers and buffers: no server"),
    ("lifetimes", "lifetimes of objects: no server"),
    ("strings", "data strings: no server"),
    ("texts", "texts of results: no server"),
    ("types", "types of a program: no server"),
    ("values", "values of objects: no server"),
    ("kea", "for Kea alone: `command.rs`"),
];

/// The listed difference that a check belongs to. A name that ends with a colon
/// stands for all that begin so.
fn listed(program: &str, check: &str) -> Option<(&'static Different, &'static str)> {
    let of = DIFFERENT.iter().filter(|d| d.program == program);
    of.flat_map(|d| d.checks.iter().map(move |c| (d, *c)))
        .find(|(_, c)| *c == check || (c.ends_with(':') && check.starts_with(c)))
}

/// Runs one against a fresh Kea, counts, and gives what is wrong.
fn check(name: &str, program: &Program, server: &Server) -> Vec<String> {
    let kea = Kea::start(server, as_dhcpd());
    // Debian's by its name, the others by the map alone; so are programs that
    // have names of their own for the server.
    let by_name = server.is_systems() && !["connect", "cancel"].contains(&name);
    let run = match by_name {
        true => Run::default().env("OMAPI_HOST", kea.name()),
        false => {
            let names = ["127.0.0.1", "127.1", "localhost"];
            let lines = names.map(|n| format!("{n}:7911 = {}\n", kea.name()));
            Run::default().env("DHCPCTL_SERVERS", lines.concat())
        }
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
    let row = table::Row {
        passed: tap.passed,
        differ: differ.len(),
        wrong: !wrong.is_empty(),
    };
    table::row(name, &format!("Kea {}", server.label), &row);
    // What differs as it is listed has passed that.
    tap.passed += differ.len() as u32;
    tap.failed = u32::from(!wrong.is_empty());
    tally(&format!("kea-live {} {name}.c", server.label), &tap);
    if !wrong.is_empty() {
        wrong.push(kea.log());
    }
    wrong
}

#[test]
fn the_programs_for_dhcpd() {
    if let Some(reason) = kea::missing() {
        leave_out("the C programs against Kea", &reason);
    }
    let workshop = Workshop::new();
    let programs = LIVE_PROGRAMS.map(|name| {
        let program = workshop.compile(&format!("c-tests/{name}.c"), Build::PLAIN);
        (name, program.unwrap_or_else(|e| panic!("{e}")))
    });
    // The servers beside each other: the programs wait more than they compute.
    let wrong: Vec<String> = std::thread::scope(|s| {
        let programs = &programs;
        let one = |server| {
            s.spawn(move || {
                let each = programs.iter().flat_map(|(n, p)| check(n, p, server));
                each.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = kea::programs().iter().map(one).collect();
        threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect()
    });
    for d in &DIFFERENT {
        table::reason(d.program, d.checks, d.why);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every program is run, or it is said why not; and the documentation has what
/// differs.
#[test]
fn the_list_is_complete() {
    let folder = std::fs::read_dir(root().join("c-tests")).unwrap();
    let mut files = BTreeSet::new();
    for path in folder.map(|e| e.unwrap().path()) {
        if path.extension().is_some_and(|e| e == "c" || e == "cc") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    let left_out = LEFT_OUT.iter().map(|l| l.0);
    let listed: BTreeSet<String> = LIVE_PROGRAMS
        .into_iter()
        .chain(left_out)
        .map(Into::into)
        .collect();
    assert_eq!(files, listed);
    let text = std::fs::read_to_string(root().join("docs/kea-migration.md")).unwrap();
    for d in &DIFFERENT {
        let row = format!("| `{}.c` | {} | {} |", d.program, d.checks.len(), d.why);
        assert!(text.contains(&row), "docs/kea-migration.md lacks\n{row}");
    }
}
