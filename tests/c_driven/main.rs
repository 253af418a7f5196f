//! C programs that need more than a server: arguments, what they print, a
//! Makefile. Those that need no more are in `tests/c_programs`.

mod ids;
mod nulls;

use std::fs;
use test_support::testd::{Address, Testd};
use test_support::{Build, Linkage, Printed, Program, Run, Workshop, all_pass, must, root};

fn c_test(workshop: &Workshop, name: &str, build: Build) -> Result<Program, String> {
    workshop.compile(&format!("c-tests/{name}.c"), build)
}

#[test]
fn texts_of_all_results() {
    let workshop = Workshop::new();
    let program = must(c_test(&workshop, "texts", Build::PLAIN));
    let tables = ["results.tsv", "results_other_classes.tsv"]
        .map(|t| root().join("data/abi").join(t).display().to_string());
    all_pass([program.check(&Run::default().args(&tables))]);
}

/// Output that has to contain certain lines.
fn says(printed: &Printed, wanted: &str) {
    assert!(
        printed.success && printed.text.contains(wanted),
        "expected {wanted:?}, {}:\n{}",
        printed.ending,
        printed.text
    );
}

#[test]
fn the_manual_pages_program() {
    let workshop = Workshop::new();
    let server = Testd::start(None);
    for linkage in [Linkage::Shared, Linkage::Static] {
        let build = Build {
            linkage,
            ..Build::PLAIN
        };
        let program = must(c_test(&workshop, "manpage", build));
        says(&program.run(&Run::against(&server)), "ending time is ");
    }
}

#[test]
fn examples() {
    let workshop = Workshop::new();
    let server = Testd::start(None);
    let port = server.port().to_string();
    let run = |name: &str, args: &[&str]| {
        let how = Run::against(&server).env("TZ", "UTC").args(args);
        let source = format!("examples-c/{name}.c");
        must(workshop.compile(&source, Build::PLAIN)).run(&how)
    };

    says(
        &run("lease", &["10.0.0.10", &port]),
        "ending time is Sat Nov 21 00:00:00 2037",
    );
    says(
        &run("async", &["10.0.0.11", "10.0.0.12", "192.0.2.1"]),
        "10.0.0.12: h12",
    );
    says(&run("async", &["192.0.2.1"]), "192.0.2.1: not found");
    says(
        &run("epoll", &["10.0.0.11", "10.0.0.12", "192.0.2.1"]),
        "10.0.0.12: h12",
    );
    says(&run("epoll", &["192.0.2.1"]), "192.0.2.1: not found");
    says(
        &run("threads", &["10.0.0.11", "10.0.0.12", "192.0.2.1"]),
        "10.0.0.11: h11\n10.0.0.12: h12\n192.0.2.1: not found\n",
    );
    let many = run("many", &["10.0.0.10", "40"]);
    says(&many, "10.0.0.10 active\n");
    says(&many, "10.0.0.25 free\n");
    says(&many, "10.0.0.49 not found\n");
    let mac = "02:00:00:00:77:01";
    says(
        &run("host", &["add", "example", mac, "10.0.203.1"]),
        "example added",
    );
    says(&run("host", &["show", mac]), "example\n10.0.203.1\n");
    says(&run("host", &["remove", "example"]), "example removed");
    let gone = run("host", &["show", mac]);
    assert!(
        !gone.success && gone.text.contains("not found"),
        "{}",
        gone.text
    );
}

/// The examples' own Makefile, as a user would call it.
#[test]
fn the_examples_makefile() {
    let workshop = Workshop::new();
    let copy = workshop.folder().join("examples");
    fs::create_dir(&copy).expect("a folder");
    for entry in fs::read_dir(root().join("examples-c")).expect("the examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "c") || path.ends_with("Makefile") {
            fs::copy(&path, copy.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    let output = std::process::Command::new("make")
        .arg("-C")
        .arg(&copy)
        .arg(format!(
            "CFLAGS=-Wall -Werror -I{}",
            root().join("include").display()
        ))
        .arg(format!(
            "LDLIBS={}",
            workshop.folder().join("libdhcpctl.so").display()
        ))
        .output()
        .expect("make runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        copy.join("lease").is_file(),
        "make has built the lease example"
    );
}

/// With a malloc that aligns to 8 bytes: see `c-tests/malloc8.c`. (The programs
/// left out are about time, or about other processes.)
#[test]
fn malloc_may_align_to_8() {
    let workshop = Workshop::new();
    let malloc = workshop.folder().join("malloc8.so");
    let compiled = std::process::Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
        ])
        .arg(&malloc)
        .arg(root().join("c-tests/malloc8.c"))
        .output()
        .expect("cc runs");
    let words = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{words}");
    let server = Testd::start(None);
    let names = [
        "lookup",
        "host",
        "group",
        "values",
        "strings",
        "wait",
        "callback",
        "types",
        "chain",
        "messages",
        "kit",
        "keys",
        "threads",
        "sharing",
        "reenter",
        "eventloop",
        "limits",
    ];
    all_pass(names.map(|name| {
        let run = Run::against(&server)
            .env("LD_PRELOAD", malloc.display().to_string())
            .note("malloc8");
        c_test(&workshop, name, Build::PLAIN)?.check(&run)
    }));
}
