//! Holds the table "Process-wide state" in `ARCHITECTURE.md` against the
//! statics of the library that can change.

use super::root;
use super::uses::{is_for_tests, sources};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};

/// Names in the types of statics that can change.
const CHANGES: [&str; 5] = ["Atomic", "Cell", "Lock", "Mutex", "Once"];

/// The rooms with their statics, as the table has them: `(where, name)`.
fn table(text: &str) -> BTreeSet<(String, String)> {
    let section = text.split("## Process-wide state").nth(1);
    let section = section.expect("the section").split("\n## ").next().unwrap();
    let mut all = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = row.split('|').skip(1);
        let mut names = || {
            cells
                .next()
                .unwrap_or_default()
                .split('`')
                .skip(1)
                .step_by(2)
        };
        let place = names().next().expect("a place").to_owned();
        all.extend(names().map(|name| (place.clone(), name.to_owned())));
    }
    all
}

struct Statics(BTreeSet<String>);

impl<'a> Visit<'a> for Statics {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_static(&mut self, item: &'a syn::ItemStatic) {
        let mut names = Names(BTreeSet::new());
        names.visit_type(&item.ty);
        let changes = |name: &String| CHANGES.iter().any(|c| name.contains(c));
        if names.0.iter().any(changes) {
            self.0.insert(item.ident.to_string());
        }
    }
}

/// The names in a type.
struct Names(BTreeSet<String>);

impl<'a> Visit<'a> for Names {
    fn visit_path_segment(&mut self, segment: &'a syn::PathSegment) {
        self.0.insert(segment.ident.to_string());
        visit::visit_path_segment(self, segment);
    }
}

/// The statics of a source that can change.
fn statics(source: &str) -> BTreeSet<String> {
    let mut found = Statics(BTreeSet::new());
    found.visit_file(&syn::parse_file(source).expect("Rust"));
    found.0
}

#[test]
fn statics_are_in_the_table() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = table(&text);
    let mut seen = BTreeSet::new();
    for (before, folder) in [
        ("", "src"),
        ("engine/", "crates/engine/src"),
        ("kea/", "crates/kea/src"),
        ("omapi/", "crates/omapi/src"),
    ] {
        for (path, module) in sources(&root().join(folder)) {
            let place = format!("{before}{}", module.join("/"));
            let source = std::fs::read_to_string(path).unwrap();
            for name in statics(&source) {
                let entry = (place.clone(), name);
                assert!(table.contains(&entry), "{entry:?} is not in the table");
                seen.insert(entry);
            }
            // Those that a macro makes have no syntax tree.
            let written = table.iter().filter(|(at, name)| {
                let defined = format!("static {name}:");
                let is_it = |line: &str| line.trim() == name || line.contains(&defined);
                *at == place && source.lines().any(is_it)
            });
            seen.extend(written.cloned());
        }
    }
    let gone: Vec<_> = table.difference(&seen).collect();
    assert!(gone.is_empty(), "only in the table: {gone:?}");
}

#[test]
fn what_can_change_is_found() {
    let found = statics(
        "static A: Mutex<u8> = 0; static B: [u8; 2] = [0; 2]; fn f() { static C: Once = 0; }
         mod m { pub(crate) static D: [std::sync::atomic::AtomicU8; 2] = 0; }
         #[cfg(test)] mod tests { static E: Mutex<u8> = 0; }",
    );
    assert_eq!(found.into_iter().collect::<String>(), "ACD");
    let rows = table(
        "## Process-wide state\n| a | b |\n| `x/y` | `A`, `B` | of `C` |\n## Other\n| `z` | `D` |",
    );
    let rows: Vec<_> = rows
        .iter()
        .map(|(at, name)| format!("{at}.{name}"))
        .collect();
    assert_eq!(rows, ["x/y.A", "x/y.B"]);
}
