//! What the built libraries export, and what the shared one is called.

use crate::TIERS_IN_FORCE;
use crate::support::{Required, have, required, tools_required};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the names begin that the compiler itself makes: two schemes of mangling,
/// the unwinder's hook, and a marker for debuggers.
const RUST: &[&str] = &[
    "_ZN",
    "_R",
    "rust_eh_personality",
    "__rustc_debug_gdb_scripts",
];

/// The libraries are built next to this test.
pub(crate) fn library(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("this program");
    path.set_file_name(name);
    assert!(path.is_file(), "{path:?} is missing");
    path
}

/// What `readelf` says about a library; `None` where there is no readelf.
///
/// (nm is not used: with some linker plugins installed it finds no symbols in
/// archives and says so with exit code 0.)
pub(crate) fn readelf(option: &str, path: &Path) -> Option<String> {
    if !cfg!(target_os = "linux") {
        println!("left out: symbols (written for ELF and Linux)");
        return None;
    }
    if !have("readelf") {
        assert!(!tools_required(), "readelf is required");
        return None;
    }
    let output = Command::new("readelf")
        .args([option, "--wide"])
        .arg(path)
        .output()
        .expect("readelf starts");
    assert!(output.status.success(), "{path:?}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Name and kind (`FUNC`, `OBJECT`) with size, of every symbol that is defined,
/// visible to other files, and not Rust's own.
pub(crate) fn public_symbols(listing: &str) -> BTreeMap<&str, (&str, &str)> {
    let mut found = BTreeMap::new();
    for line in listing.lines() {
        // Num: Value Size Type Bind Visibility Section Name
        let cells: Vec<&str> = line.split_whitespace().collect();
        let &[_, _, size, kind, binding, visibility, section, name, ..] = &cells[..] else {
            continue;
        };
        let defined = section != "UND" && (binding == "GLOBAL" || binding == "WEAK");
        let visible = visibility == "DEFAULT" || visibility == "PROTECTED";
        let rust = RUST.iter().any(|start| name.starts_with(start));
        if defined && visible && !rust {
            found.insert(name, (kind, size));
        }
    }
    found
}

/// What is wrong with a library's symbols, in words.
fn faults(
    symbols: &BTreeMap<&str, (&str, &str)>,
    required: &[Required],
    tiers: &[u8],
) -> Vec<String> {
    let mut faults = Vec::new();
    for r in required {
        match (symbols.get(&r.name[..]), &r.kind[..]) {
            (None, _) if tiers.contains(&r.tier) => faults.push(format!("missing: {}", r.name)),
            (None, _) | (Some(("FUNC", _)), "T") => {}
            (Some(("OBJECT", size)), "B") if *size == size_of::<usize>().to_string() => {}
            (Some(found), _) => faults.push(format!("{} is {found:?}", r.name)),
        }
    }
    for name in symbols.keys() {
        if !required.iter().any(|r| r.name == *name) {
            faults.push(format!("not genuine: {name}"));
        }
    }
    faults
}

fn check(listing: Option<String>) {
    let Some(listing) = listing else { return };
    let symbols = public_symbols(&listing);
    let required = required();
    println!("{} of {} symbols", symbols.len(), required.len());
    let faults = faults(&symbols, &required, TIERS_IN_FORCE);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn shared_library_exports() {
    check(readelf("--dyn-syms", &library("libdhcpctl.so")));
}

#[test]
fn static_library_exports() {
    check(readelf("--syms", &library("libdhcpctl.a")));
}

#[test]
fn shared_library_is_called_as_the_genuine_one() {
    let Some(dynamic) = readelf("--dynamic", &library("libdhcpctl.so")) else {
        return;
    };
    assert!(dynamic.contains("[libdhcpctl.so.0]"), "{dynamic}");
}

/// The comparison is able to fail.
#[test]
fn faults_are_found() {
    let listing = "\
   Num:    Value          Size Type    Bind   Vis      Ndx Name
     1: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND malloc@GLIBC_2.2.5 (2)
     2: 0000000000000010     4 FUNC    GLOBAL DEFAULT    9 good
     3: 0000000000000014     4 FUNC    GLOBAL HIDDEN     9 hidden
     4: 0000000000000018     4 FUNC    LOCAL  DEFAULT    9 local
     5: 000000000000001c     4 FUNC    GLOBAL DEFAULT    9 _RNvC1a1b
     6: 0000000000000020     4 FUNC    GLOBAL DEFAULT    9 leak
     7: 0000000000000024     4 OBJECT  GLOBAL DEFAULT   12 short_pointer
     8: 0000000000000028     8 OBJECT  GLOBAL DEFAULT   12 pointer
";
    let symbols = public_symbols(listing);
    let names: Vec<&str> = symbols.keys().copied().collect();
    assert_eq!(names, ["good", "leak", "pointer", "short_pointer"]);
    let row = |name: &str, kind: &str, tier| Required {
        name: name.into(),
        kind: kind.into(),
        tier,
        prototype: String::new(),
    };
    let required = [
        row("good", "T", 1),
        row("gone", "T", 1),
        row("later", "T", 2),
        row("pointer", "B", 1),
        row("short_pointer", "B", 1),
    ];
    let found = faults(&symbols, &required, &[1]);
    let expected = [
        "missing: gone",
        "short_pointer is (\"OBJECT\", \"4\")",
        "not genuine: leak",
    ];
    assert_eq!(found, expected);
}
