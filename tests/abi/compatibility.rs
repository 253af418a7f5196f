//! COMPATIBILITY.md: each difference names tests that there are; the table of
//! symbols is fresh, and true of the libraries.

use crate::support::{root, scratch};
use crate::symbols::{library, public_symbols, readelf};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use xtask::compatibility::{BEGIN, END, LEFT_OUT, PATH, PROVIDED, generate, insert};

fn document() -> String {
    let path = root().join(PATH);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

#[test]
fn the_table_is_fresh() {
    let old = document();
    let part = generate(root()).unwrap_or_else(|e| panic!("{e}"));
    let new = insert(&old, &part).unwrap_or_else(|e| panic!("{e}"));
    if let Some(diff) = xtask::diff::lines(&old, &new) {
        panic!("run `cargo run -p xtask -- compatibility`:\n{diff}");
    }
}

/// Name and last cell of each row of the table.
fn rows(document: &str) -> Vec<(String, String)> {
    let (_, rest) = document.split_once(BEGIN).expect("a table");
    let (table, _) = rest.split_once(END).expect("its end");
    let cells = |line: &str| -> Vec<String> {
        let inside = line.trim_matches(['|', ' ']);
        inside.split('|').map(|c| c.trim().to_owned()).collect()
    };
    let lines = table.lines().map(cells).filter(|c| c.len() == 4);
    // Behind the heading and its rule.
    lines
        .skip(2)
        .map(|c| (c[0].clone(), c[3].clone()))
        .collect()
}

#[test]
fn the_table_is_true() {
    let rows = rows(&document());
    assert_eq!(rows.len(), 329, "all genuine symbols");
    // The archive as it is installed, made of the one that cargo built.
    let archive = scratch("compatibility").join("libdhcpctl.a");
    let Some(shared) = readelf("--dyn-syms", &library("libdhcpctl.so")) else {
        return;
    };
    let status = Command::new(root().join("ci/static-library"))
        .arg(library("libdhcpctl.a"))
        .arg(&archive)
        .status()
        .expect("ci/static-library starts");
    assert!(status.success(), "ci/static-library");
    let installed = readelf("--syms", &archive).expect("readelf was there before");
    let shared = public_symbols(&shared);
    let archived = public_symbols(&installed);
    let weak: BTreeSet<&str> = installed
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>())
        .filter(|c| c.len() > 7 && c[4] == "WEAK" && c[6] != "UND")
        .map(|c| c[7])
        .collect();
    for (name, said) in rows {
        let name = name.as_str();
        let (in_shared, in_archive) = (shared.contains_key(name), archived.contains_key(name));
        if said == PROVIDED {
            assert!(in_shared && in_archive, "{name} is said to be there");
            assert!(weak.contains(name), "{name} is said to be weak");
        } else {
            assert!(said.starts_with(LEFT_OUT), "{name}: {said}");
            assert!(!in_shared && !in_archive, "{name} is said to be left out");
        }
    }
}

/// Every Rust test of the workspace by its name: the program's or none for unit
/// tests, modules, function.
fn rust_tests() -> Vec<String> {
    fn walk(folder: &Path, modules: &[String], found: &mut Vec<String>) {
        let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
        for path in entries.map(|e| e.expect("an entry").path()) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let inside = || [modules, &[name.to_string()]].concat();
            if path.is_dir() {
                match &*name {
                    // Built things, and what is hidden.
                    "target" | "build" => {}
                    hidden if hidden.starts_with('.') => {}
                    // Module paths start here.
                    "src" | "tests" if modules.is_empty() => walk(&path, &[], found),
                    _ if path.join("Cargo.toml").is_file() => walk(&path, &[], found),
                    _ => walk(&path, &inside(), found),
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let root = ["main", "mod", "lib"].contains(&&*name);
                let module = if root { modules.to_vec() } else { inside() };
                found.extend(tests_in(&text).map(|test| {
                    let parts: Vec<&str> =
                        module.iter().map(String::as_str).chain([&*test]).collect();
                    parts.join("::")
                }));
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &[], &mut found);
    found
}

/// The tests of a file, as rustfmt writes them, with the module that they are
/// in.
fn tests_in(text: &str) -> impl Iterator<Item = String> {
    let (mut module, mut marked) = (None, false);
    text.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix("mod ").and_then(|l| l.strip_suffix(" {")) {
            module = Some(name);
        } else if line == "}" {
            module = None;
        }
        let line = line.trim();
        if line == "#[test]" {
            marked = true;
        } else if marked && let Some(rest) = line.strip_prefix("fn ") {
            marked = false;
            let name = rest.split('(').next().unwrap_or_default();
            return Some(module.map_or(name.to_owned(), |m| format!("{m}::{name}")));
        }
        None
    })
}

/// Whether a C program has a check of this name, or for `TRY` of this call.
fn has_check(program: &str, check: &str) -> bool {
    let of_scenarios = "tests/c_programs/hostile.rs".to_owned();
    let file = match program {
        "hostile" => of_scenarios,
        other => format!("c-tests/{other}.c"),
    };
    let text = fs::read_to_string(root().join(file)).unwrap_or_default();
    text.contains(&format!("\"{check}\"")) || text.contains(&format!(", {check});"))
}

/// What is wrong with a name of a test, if anything.
fn fault(name: &str, rust: &[String]) -> Option<String> {
    if let Some((program, check)) = name.split_once(".c: ") {
        return (!has_check(program, check)).then(|| format!("{name}: no such check"));
    }
    if let Some(program) = name.strip_suffix(".c under valgrind") {
        let first = fs::read_to_string(root().join(format!("c-tests/{program}.c")));
        let first = first.unwrap_or_default();
        let first = first.lines().next().unwrap_or_default();
        let watched = first.contains("under: valgrind");
        return (!watched).then(|| format!("{name}: it is not"));
    }
    let ends = |test: &&String| {
        let before = test.strip_suffix(name);
        before.is_some_and(|b| b.is_empty() || b.ends_with("::"))
    };
    match rust.iter().filter(ends).count() {
        1 => None,
        0 => Some(format!("{name}: no such test")),
        n => Some(format!("{name}: {n} such tests")),
    }
}

#[test]
fn every_difference_has_its_tests() {
    let rust = rust_tests();
    let document = document();
    let rows = document.lines().filter(|l| {
        let number = l.strip_prefix("| ").and_then(|l| l.split(' ').next());
        number.is_some_and(|n| n.parse::<u32>().is_ok())
    });
    let mut faults = Vec::new();
    let mut count = 0;
    for row in rows {
        count += 1;
        let (row, cell) = row
            .trim_end_matches(" |")
            .rsplit_once(" | ")
            .expect("cells");
        let number = row[2..].split(' ').next().unwrap_or_default();
        if number != count.to_string() {
            faults.push(format!("row {number}: it is the {count}th"));
        }
        // Names, and nothing else.
        let names = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
        for name in names.unwrap_or_default().split("`, `") {
            let fault = fault(name, &rust);
            faults.extend(fault.map(|f| format!("row {number}: {f}")));
        }
    }
    assert!(count >= 35, "{count} rows");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The search is able to fail, and to find.
#[test]
fn names_of_tests_that_are_not_there() {
    let text = "#[test]\nfn one() {}\nmod tests {\n    #[test]\n    #[ignore]\n    fn two() {\n    }\n}\n\
        fn three() {}\n";
    let rust: Vec<String> = tests_in(text).map(|t| format!("x::{t}")).collect();
    assert_eq!(rust, ["x::one", "x::tests::two"]);
    for good in [
        "x::one",
        "one",
        "tests::two",
        "lookup.c: client-hostname has no terminator",
        "badinput.c: dhcpctl_open_object(NULL, connection, 0)",
        "hostile.c: closes at once",
        "lookup.c under valgrind",
    ] {
        assert_eq!(fault(good, &rust), None);
    }
    for bad in [
        "",
        "three",
        "ne",
        "y::one",
        "lookup.c: client-hostname has",
        "nowhere.c: success",
        "hostile.c: initialize",
        "fork.c under valgrind",
        "nowhere.c under valgrind",
    ] {
        assert!(fault(bad, &rust).is_some(), "{bad}");
    }
    let twice = [rust.clone(), rust].concat();
    assert!(fault("one", &twice).is_some());
}
