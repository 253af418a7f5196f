//! What the library is built from: without the feature `kea` nothing of JSON or
//! HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Names of the crates in a normal build of the library.
fn crates(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", "dhcpctl"])
        .args(["-e", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split(' ').next().map(Into::into))
        .collect()
}

fn is_for_kea(name: &str) -> bool {
    let parts = [
        "json", "serde", "itoa", "http", "ureq", "base64", "hyper", "url",
    ];
    parts.iter().any(|part| name.contains(part))
}

#[test]
fn no_json_and_no_http_without_kea() {
    let without = crates(&["--no-default-features"]);
    assert!(without.contains("dhcpctl") && without.contains("hmac"));
    let found: Vec<_> = without.iter().filter(|name| is_for_kea(name)).collect();
    assert!(found.is_empty(), "{found:?}");
    // What is looked for is there otherwise.
    let with = crates(&[]);
    for name in [
        "serde_json",
        "serde_core",
        "itoa",
        "ureq-proto",
        "httparse",
        "base64",
    ] {
        assert!(with.contains(name) && is_for_kea(name), "{name}: {with:?}");
    }
    let more: Vec<_> = with.difference(&without).collect();
    println!("for Kea: {more:?}");
}

/// The manifests that the library is made of: its own, and those of our crates
/// in its build.
fn manifests() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = crates(&[]);
    let mut all = vec![root.join("Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        if built.contains(&*folder.file_name().unwrap().to_string_lossy()) {
            all.push(folder.join("Cargo.toml"));
        }
    }
    assert!(all.len() > 1, "{built:?}");
    all.iter()
        .map(|path| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}")))
        .collect()
}

/// Names of what a manifest depends on, but for crates of the workspace's own.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let section = rest.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim_end_matches(".workspace").to_owned())
        .filter(|name| !root.join("crates").join(name).exists())
        .collect()
}

/// The table of crates in README.md names each dependency of the library, and
/// nothing else.
#[test]
fn readme_names_them_all() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("\n| crate | for |\n|---|---|\n").unwrap();
    let (table, _) = rest.split_once("\n\n").unwrap();
    let listed: BTreeSet<String> = table
        .lines()
        .filter_map(|row| row.trim_matches('|').split('|').next())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_owned())
        .collect();
    let used: BTreeSet<String> = manifests().iter().flat_map(|m| dependencies(m)).collect();
    assert_eq!(listed, used);
}
