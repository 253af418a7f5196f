//! What the installed static library shows to others.

use super::{must, prefix, root, run};
use std::collections::BTreeSet;
use std::process::Command;

/// Only the public names, and weak: any other definition of them wins.
#[test]
fn only_public_names_and_weak() {
    let table: String = ["required.tsv", "additions.tsv"]
        .map(|t| std::fs::read_to_string(root().join("data/abi").join(t)).expect("the table"))
        .concat();
    let public: BTreeSet<&str> = table
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split('\t').next())
        .collect();
    // (nm finds no symbols in archives where some linker plugins are installed.)
    let listing = must(run(Command::new("readelf")
        .args(["--syms", "--wide"])
        .arg(prefix().join("lib/libdhcpctl.a"))));
    let mut weak = BTreeSet::new();
    for line in listing.lines() {
        // Num: Value Size Type Bind Visibility Section Name
        let cells: Vec<&str> = line.split_whitespace().collect();
        let &[_, _, _, _, binding, visibility, section, name, ..] = &cells[..] else {
            continue;
        };
        if section == "UND" || !["GLOBAL", "WEAK"].contains(&binding) {
            continue;
        }
        // How C++ and Rust agree on who unwinds Rust's frames.
        if name == "DW.ref.rust_eh_personality" {
            assert_eq!(visibility, "HIDDEN", "{line}");
            continue;
        }
        assert_eq!(binding, "WEAK", "{line}");
        weak.insert(name);
    }
    assert_eq!(weak, public);
}

/// What it wants from elsewhere is the C library's, the unwinder's or the
/// linker's: nothing of Rust is left open.
#[test]
fn nothing_of_rust_is_missing() {
    let listing = must(run(Command::new("readelf")
        .args(["--syms", "--wide"])
        .arg(prefix().join("lib/libdhcpctl.a"))));
    let wanted: Vec<&str> = listing
        .lines()
        .filter(|l| l.contains(" UND "))
        .filter_map(|l| l.split_whitespace().nth(7))
        .collect();
    assert!(wanted.contains(&"malloc"), "{wanted:?}");
    for name in wanted {
        let rust = ["_ZN", "_R", "rust_", "__rust", "__rdl"];
        assert!(!rust.iter().any(|r| name.starts_with(r)), "{name}");
    }
}
