//! The table of symbols in COMPATIBILITY.md: fresh, and true of the libraries.

use crate::support::{root, scratch};
use crate::symbols::{library, public_symbols, readelf};
use std::collections::BTreeSet;
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
