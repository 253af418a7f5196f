//! What the library is built from: without the feature `kea` nothing of JSON or
//! HTTP.

use std::collections::BTreeSet;
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
    let parts = ["json", "serde", "http", "ureq", "base64", "hyper", "url"];
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
        "ureq-proto",
        "httparse",
        "base64",
    ] {
        assert!(with.contains(name) && is_for_kea(name), "{name}: {with:?}");
    }
    let more: Vec<_> = with.difference(&without).collect();
    println!("for Kea: {more:?}");
}

/// Every crate of Cargo.toml has its row in README.md.
#[test]
fn readme_names_them_all() {
    let readme = include_str!("../../README.md");
    let manifest = include_str!("../../Cargo.toml");
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (section, _) = rest.split_once("\n[").unwrap();
    let rows: Vec<&str> = readme.lines().filter(|l| l.starts_with("| ")).collect();
    for line in section.lines().filter(|l| !l.starts_with('#')) {
        let Some((name, _)) = line.split_once(" = ") else {
            continue;
        };
        let listed = rows.iter().any(|row| {
            let names = row.trim_matches('|').split('|').next().unwrap_or_default();
            names.split([',', ' ']).any(|n| n == name)
        });
        assert!(listed, "{name}");
    }
}
