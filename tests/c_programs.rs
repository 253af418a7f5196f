//! The C programs of `c-tests` and `examples-c`, compiled and run against both
//! our libraries and `omapi-testd`.

#[path = "c_programs/genuine_headers.rs"]
mod genuine_headers;
#[path = "c_programs/ids.rs"]
mod ids;
#[path = "c_programs/nulls.rs"]
mod nulls;
mod support;

use std::fs;
use support::server::{Address, Testd};
use support::{
    Build, Linkage, Printed, Program, Run, Workshop, all_pass, have, hostile, leave_out, root,
};

/// The programs that print TAP and run against any server.
const PROGRAMS: [&str; 26] = [
    "lookup",
    "host",
    "group",
    "values",
    "strings",
    "wait",
    "timing",
    "callback",
    "lost",
    "connect",
    "process",
    "badinput",
    "threads",
    "types",
    "chain",
    "messages",
    "io",
    "kit",
    "keys",
    "poll",
    "sharing",
    "reenter",
    "eventloop",
    "fork",
    "cancel",
    "limits",
];

const ALGORITHMS: [&str; 6] = [
    "hmac-md5",
    "hmac-sha1",
    "hmac-sha224",
    "hmac-sha256",
    "hmac-sha384",
    "hmac-sha512",
];

fn c_test(workshop: &Workshop, name: &str, build: Build) -> Result<Program, String> {
    workshop.compile(&format!("c-tests/{name}.c"), build)
}

fn must<T>(result: Result<T, String>) -> T {
    result.unwrap_or_else(|e| panic!("{e}"))
}

fn all_programs(build: Build, server: &Testd, note: &str) {
    let workshop = Workshop::new();
    all_pass(
        PROGRAMS
            .map(|name| c_test(&workshop, name, build)?.check(&Run::against(server).note(note))),
    );
}

#[test]
fn shared_library_without_a_key() {
    all_programs(Build::PLAIN, &Testd::start(None), "testd");
}

#[test]
fn static_library_with_a_key() {
    let build = Build {
        compiler: "clang",
        standard: "c11",
        linkage: Linkage::Static,
    };
    all_programs(build, &Testd::start(Some("hmac-sha256")), "testd keyed");
}

/// Every way to compile, for the programs that see most of the header.
#[test]
fn every_compiler_standard_and_library() {
    let workshop = Workshop::new();
    let server = Testd::start(None);
    let mut results = Vec::new();
    for linkage in [Linkage::Shared, Linkage::Static] {
        for compiler in ["cc", "clang"] {
            for standard in ["c11", "c++17"] {
                let build = Build {
                    compiler,
                    standard,
                    linkage,
                };
                for name in ["lookup", "values", "strings"] {
                    results.push(
                        c_test(&workshop, name, build)
                            .and_then(|p| p.check(&Run::against(&server).note("testd"))),
                    );
                }
            }
        }
    }
    all_pass(results);
}

/// The others at least compile as C++.
#[test]
fn all_programs_are_cxx_too() {
    let workshop = Workshop::new();
    let build = Build {
        compiler: "clang",
        standard: "c++17",
        linkage: Linkage::Shared,
    };
    let names = PROGRAMS.iter().chain(&["auth", "texts", "hostile"]);
    all_pass(names.map(|name| c_test(&workshop, name, build)));
}

#[test]
fn authentication_with_each_algorithm() {
    let workshop = Workshop::new();
    let program = must(c_test(&workshop, "auth", Build::PLAIN));
    let servers = ALGORITHMS.map(Some).into_iter().chain([None]);
    all_pass(servers.map(|algorithm| {
        let server = Testd::start(algorithm);
        let note = format!("testd {}", algorithm.unwrap_or("without a key"));
        program.check(&Run::against(&server).note(note))
    }));
}

#[test]
fn texts_of_all_results() {
    let workshop = Workshop::new();
    let program = must(c_test(&workshop, "texts", Build::PLAIN));
    let tables = ["results.tsv", "results_other_classes.tsv"]
        .map(|t| root().join("data/abi").join(t).display().to_string());
    all_pass([program.check(&Run::default().args(&tables))]);
}

#[test]
fn hostile_servers() {
    let workshop = Workshop::new();
    let programs = [Linkage::Shared, Linkage::Static].map(|linkage| {
        let build = Build {
            linkage,
            ..Build::PLAIN
        };
        must(c_test(&workshop, "hostile", build))
    });
    let mut results = Vec::new();
    for (i, scenario) in hostile::SCENARIOS.iter().enumerate() {
        let port = scenario.start().expect("a port for the scenario");
        let mut run = Run::default()
            .env("OMAPI_PORT", port.to_string())
            .args(&[scenario.name, scenario.expected])
            .note(scenario.name);
        if scenario.keyed {
            run = run.env("OMAPI_KEY", hostile::key_for_c());
        }
        results.push(programs[i % 2].check(&run));
    }
    all_pass(results);
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

/// No invalid access and no leak. Programs that fork are left to the others:
/// their children end without cleaning up.
#[test]
fn valgrind_finds_nothing() {
    let test = "valgrind_finds_nothing";
    if !have("valgrind") {
        leave_out(test, "valgrind is not installed");
        return;
    }
    let workshop = Workshop::new();
    let plain = Testd::start(None);
    let keyed = Testd::start(Some("hmac-sha256"));
    let runs = [
        ("lookup", &plain),
        ("host", &keyed),
        ("group", &plain),
        ("values", &plain),
        ("strings", &plain),
        ("wait", &plain),
        ("auth", &keyed),
        ("connect", &plain),
        ("types", &plain),
        ("chain", &plain),
        ("messages", &keyed),
        ("kit", &plain),
        ("keys", &plain),
        ("threads", &plain),
        ("sharing", &plain),
        ("reenter", &plain),
        ("eventloop", &keyed),
        ("cancel", &plain),
    ];
    all_pass(runs.map(|(name, server)| {
        let mut run = Run::against(server).note("valgrind");
        run.prefix = [
            "valgrind",
            "-q",
            "--error-exitcode=9",
            "--leak-check=full",
            // Not "possible": Rust's hash tables are held by a pointer into
            // their middle, which valgrind calls possibly lost.
            "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite",
        ]
        .map(Into::into)
        .to_vec();
        c_test(&workshop, name, Build::PLAIN)?.check(&run)
    }));
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
