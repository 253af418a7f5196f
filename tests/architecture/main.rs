//! Holds the map in `ARCHITECTURE.md` against the code: which crate depends on
//! which, and within a crate, that no room uses one above it.
//!
//! The map is the fenced block `arrows`. A line at the margin is a crate and
//! what it may depend on; the indented lines below it are its rooms, from the
//! top down. A room may use the rooms on lower lines; rooms on one line know
//! nothing of each other. Code that is compiled for tests only is not looked at.
//! `statics` does the same for the table of what exists once in a process.
#![allow(missing_docs)] // nobody reads them but us

mod files;
mod map;
mod statics;
mod uses;

use map::{Crate, Map};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn architecture() -> Map {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    Map::parse(&text)
}

/// A package of the workspace.
struct Package {
    name: String,
    folder: PathBuf,
    /// The packages of the workspace that it depends on when it is built for
    /// use, not for its tests.
    needs: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = metadata["packages"].as_array().unwrap();
    all.iter()
        .map(|package| {
            let manifest = Path::new(package["manifest_path"].as_str().unwrap());
            let needs = package["dependencies"].as_array().unwrap().iter();
            Package {
                name: package["name"].as_str().unwrap().to_owned(),
                folder: manifest.parent().unwrap().to_owned(),
                needs: needs
                    .filter(|d| d["kind"].is_null() && !d["path"].is_null())
                    .map(|d| d["name"].as_str().unwrap().to_owned())
                    .collect(),
            }
        })
        .collect()
}

#[test]
fn crates_depend_on_what_the_map_says() {
    let map = architecture();
    let packages = packages();
    for it in &map.crates {
        let known = packages.iter().any(|p| p.name == it.name);
        assert!(known, "no crate {}", it.name);
    }
    for package in &packages {
        let it = map.get(&package.name);
        let it = it.unwrap_or_else(|| panic!("{} is not in the map", package.name));
        assert_eq!(it.needs, package.needs, "dependencies of {}", package.name);
    }
}

#[test]
fn no_room_uses_one_above_it() {
    let map = architecture();
    let mut looked_at = 0;
    for package in packages() {
        let it = map.get(&package.name).unwrap();
        if it.rooms.is_empty() {
            continue;
        }
        let wrong = check(it, &package.folder.join("src"), &mut looked_at);
        assert!(wrong.is_empty(), "{}:\n{}", package.name, wrong.join("\n"));
    }
    assert!(
        looked_at > 100,
        "only {looked_at} uses of other rooms were found"
    );
}

/// The uses that run upward in the crate with sources in `src`, and the rooms
/// that are missing there or in the map. Counts the uses between rooms.
fn check(it: &Crate, src: &Path, looked_at: &mut usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found = BTreeSet::new();
    let roots = ["lib.rs", "main.rs"].map(|name| src.join(name));
    let root = roots.iter().find(|path| path.exists()).expect("a root");
    let shown = uses::shown_by_root(&std::fs::read_to_string(root).unwrap());
    for (path, module) in uses::sources(src) {
        let Some(room) = module.first() else {
            continue;
        };
        found.insert(room.clone());
        let Some(from) = it.level(room) else {
            wrong.push(format!("room {room} is not in the map"));
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        let uses = uses::of(&text, &module);
        for hidden in uses.hidden {
            wrong.push(format!("{}: {hidden}", path.display()));
        }
        for name in uses.found {
            // The root shows some names of its rooms. What else is no room is an
            // item of the root.
            let used = match shown.get(&name) {
                Some(shown) if it.level(&name).is_none() => shown,
                _ => &name,
            };
            let Some(to) = it.level(used).filter(|_| used != room) else {
                continue;
            };
            *looked_at += 1;
            if to <= from {
                wrong.push(format!("{}: {room} uses {used}", path.display()));
            }
        }
    }
    for room in it.rooms.iter().flatten() {
        if !found.contains(room) {
            wrong.push(format!("no room {room}"));
        }
    }
    wrong
}

#[test]
fn an_arrow_the_wrong_way_is_found() {
    let map = Map::parse("```arrows\nx ->\n    top\n    left | right\n    ground\n```\n");
    let folder = std::env::temp_dir().join(format!("dhcpctl-arrows-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("ground")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "lib.rs",
        "mod top; mod left; mod right; mod ground; pub use top::{X, Y as Z};",
    );
    write("top.rs", "use crate::{left, ground::deep};");
    write("left.rs", "#[cfg(test)] mod tests { use crate::right; }");
    write("right.rs", "fn f() { crate::ground::deep::g() }");
    write("ground/mod.rs", "pub mod deep;");
    write("ground/deep.rs", "use super::other;");
    let errors = || check(map.get("x").unwrap(), &folder, &mut 0);
    assert_eq!(errors(), Vec::<String>::new());
    for (name, text) in [
        ("ground/deep.rs", "use super::super::top::X;"),
        ("ground/mod.rs", "pub mod deep { use super::super::left; }"),
        (
            "ground/mod.rs",
            "pub mod deep; fn f() { crate::right::g() }",
        ),
        ("right.rs", "use crate::{ground, left::{self, A}};"),
        ("right.rs", "fn f() { println!(\"{}\", crate::top::X) }"),
        ("left.rs", "pub use super::top;"),
        ("left.rs", "pub(super) use super::right as other;"),
        // What the root shows of a room.
        ("ground/mod.rs", "pub mod deep; fn f() -> crate::Z {}"),
        ("right.rs", "use super::X;"),
        // The whole crate under another name, or under none.
        ("left.rs", "use crate as all; fn f() { all::right::g() }"),
        ("left.rs", "use super::*; fn f() { right::g() }"),
        ("ground/deep.rs", "use super::super::{self as all};"),
        ("ground/deep.rs", "fn f() { use crate::*; }"),
        ("left.rs", "extern crate self as x; use x::right;"),
        // Sources from elsewhere.
        ("left.rs", "#[path = \"right.rs\"] mod other;"),
        ("left.rs", "include!(\"right.rs\");"),
        ("left.rs", "#[cfg(unix)] mod tests;"),
        // Among the tokens of macros.
        (
            "right.rs",
            "fn f() { assert!(if crate::top::x() { a } else { b }) }",
        ),
        ("right.rs", "fn f() { m!(&mut crate::top::X) }"),
        ("right.rs", "m! { use crate::{ground::a, top::{b, c}}; }"),
        (
            "right.rs",
            "macro_rules! m { () => { return $crate::top::x() } }",
        ),
        ("right.rs", "#[cfg(not(test))] use crate::top;"),
        ("right.rs", "#[cfg(any(test, unix))] use crate::top;"),
    ] {
        let before = std::fs::read_to_string(folder.join(name)).unwrap();
        write(name, text);
        assert_eq!(errors().len(), 1, "{name}: {text}: {:?}", errors());
        write(name, &before);
    }
    write("cellar.rs", "");
    assert_eq!(errors(), ["room cellar is not in the map"]);
    std::fs::remove_dir_all(&folder).unwrap();
}
