//! The link lines of old programs, with every linker, shared and static. Each
//! program runs.

use super::{
    LINKERS, MODES, Mode, Run, Tap, all_pass, compile, have, have_linker, leave_out, link, modes,
    must, prefix, root, run, scratch, tally, tap_program,
};
use std::fs;
use std::path::Path;
use std::process::Command;
use test_support::testd::{Address, Testd};

/// As they are found in Makefiles and in manual pages, and other orders of the
/// same. COMPAT stands for the folder where BIND's names are.
const LINES: [&[&str]; 10] = [
    &["-ldhcpctl"],
    &["-lomapi"],
    &["-ldhcpctl", "-lomapi"],
    &["-lomapi", "-ldhcpctl"],
    &["-ldhcpctl", "-lomapi", "-ldhcpctl", "-lomapi"],
    &["COMPAT", "-ldhcpctl", "-lomapi", "-ldst"],
    &["COMPAT", "-ldst", "-lomapi", "-ldhcpctl"],
    &[
        "COMPAT",
        "-ldhcpctl",
        "-lomapi",
        "-ldhcp",
        "-lirs",
        "-ldns",
        "-lisccfg",
        "-lisc",
    ],
    &[
        "COMPAT",
        "-lisc",
        "-lisccfg",
        "-ldns",
        "-lirs",
        "-ldhcp",
        "-lomapi",
        "-ldhcpctl",
    ],
    &[
        "COMPAT", "-lirs", "-lisc", "-lomapi", "-ldns", "-lisc", "-ldhcp", "-lisccfg", "-lirs",
    ],
];

/// The answer that every program here prints.
const LEASE: &str = "ending time is Sat Nov 21 00:00:00 2037\n";

/// The line with the folder in place of its name.
fn spelled<'a>(line: &[&'a str], compat: &'a str) -> Vec<&'a str> {
    line.iter()
        .map(|word| match *word {
            "COMPAT" => compat,
            other => other,
        })
        .collect()
}

/// Runs a program that looks a lease up; an error is what is wrong.
fn prints_the_lease(program: &Path, server: &Testd) -> Result<(), String> {
    let said = run(Command::new(program)
        .args(["10.0.0.10", &server.port().to_string()])
        .env_remove("LD_LIBRARY_PATH")
        .env("TZ", "UTC"))?;
    if said == LEASE {
        Ok(())
    } else {
        Err(format!("{} printed {said:?}", program.display()))
    }
}

fn every_line(linker: &str) {
    let test = format!("link lines with {linker}");
    if !have_linker(&test, linker) {
        return;
    }
    let folder = scratch(linker);
    let compat = format!("-L{}", prefix().join("lib/dhcpctl-compat").display());
    let source = root().join("examples-c/lease.c");
    let objects = [false, true].map(|pie| {
        let flag = if pie { "-fPIE" } else { "-fno-pie" };
        compile("cc", &source, &folder, &[flag])
    });
    let server = Testd::start(None);
    let mut results = Vec::new();
    for mode in modes(linker) {
        for (number, line) in LINES.iter().enumerate() {
            let program = folder.join(format!("{}-{number}", mode.name));
            let object = &objects[usize::from(mode.pie)];
            let line = spelled(line, &compat);
            let done = link("cc", linker, mode, &[object], &line, &program)
                .and_then(|()| prints_the_lease(&program, &server));
            let _ = fs::remove_file(&program);
            results.push(done);
        }
    }
    let failed = results.iter().filter(|r| r.is_err()).count() as u32;
    let tap = Tap {
        passed: results.len() as u32 - failed,
        failed,
        ..Tap::default()
    };
    tally(&test, &tap);
    all_pass(results);
}

#[test]
fn lines_with_bfd() {
    every_line(LINKERS[0]);
}

#[test]
fn lines_with_gold() {
    every_line(LINKERS[1]);
}

#[test]
fn lines_with_lld() {
    every_line(LINKERS[2]);
}

/// Libraries named by their files, as build systems do.
#[test]
fn by_file_name() {
    let folder = scratch("files");
    let source = root().join("examples-c/lease.c");
    let object = compile("cc", &source, &folder, &["-fPIE"]);
    let server = Testd::start(None);
    let lib = prefix().join("lib");
    let files = |names: [&str; 2]| names.map(|n| lib.join(n).display().to_string());
    for (mode, names) in [
        (MODES[1], ["libdhcpctl.so", "libomapi.so"]),
        (MODES[1], ["libomapi.so", "libdhcpctl.so"]),
        (MODES[3], ["libdhcpctl.a", "libomapi.a"]),
        (MODES[3], ["libomapi.a", "libdhcpctl.a"]),
    ] {
        let files = files(names);
        let program = folder.join(mode.name);
        must(link(
            "cc",
            LINKERS[0],
            mode,
            &[&object],
            &[&files[0], &files[1]],
            &program,
        ));
        must(prints_the_lease(&program, &server));
    }
}

/// As `pkg-config` says it.
#[test]
fn pkg_config() {
    let test = "pkg_config";
    if !have("pkg-config") {
        leave_out(test, "pkg-config is not installed");
        return;
    }
    let folder = scratch(test);
    let server = Testd::start(None);
    for mode in [MODES[0], MODES[2]] {
        let mut ask = Command::new("pkg-config");
        ask.args(["--cflags", "--libs", "dhcpctl"])
            .env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
        if !mode.shared {
            ask.arg("--static");
        }
        let flags = must(run(&mut ask));
        let program = folder.join(mode.name);
        let mut cc = Command::new("cc");
        cc.args(mode.flags)
            .arg(root().join("examples-c/lease.c"))
            .args(flags.split_whitespace())
            .arg(format!("-Wl,-rpath,{}", prefix().join("lib").display()))
            .arg("-o")
            .arg(&program);
        must(run(&mut cc));
        must(prints_the_lease(&program, &server));
    }
}

/// A program that was linked when libomapi was a library by itself asks for
/// both, and gets one.
#[test]
fn one_copy_for_two_names() {
    let folder = scratch("one-copy");
    let stub = folder.join("stub.c");
    fs::write(
        &stub,
        "int omapi_init(void);\nint omapi_init(void) { return 0; }\n",
    )
    .expect("a file");
    must(run(Command::new("cc")
        .args(["-shared", "-fPIC", "-Wl,-soname,libomapi.so.0", "-o"])
        .arg(folder.join("libomapi.so"))
        .arg(&stub)));
    let mode = Mode {
        name: "two names",
        ..MODES[1]
    };
    let object = compile(
        "cc",
        &root().join("c-tests/one_copy.c"),
        &folder,
        &["-fPIE"],
    );
    let program = folder.join("one_copy");
    let lib = prefix().join("lib");
    must(run(Command::new("cc")
        .arg(&object)
        .args(["-pie", "-Wl,--no-as-needed", "-L"])
        .arg(&folder)
        .arg("-lomapi")
        .arg(lib.join("libdhcpctl.so"))
        .arg(format!("-Wl,-rpath,{}", lib.display()))
        .arg("-o")
        .arg(&program)));
    let needed = must(run(Command::new("readelf").arg("-dW").arg(&program)));
    for name in ["[libomapi.so.0]", "[libdhcpctl.so.0]"] {
        assert!(needed.contains(name), "{needed}");
    }
    let server = Testd::start(None);
    let program = tap_program("one_copy".into(), program, mode);
    all_pass([program.check(&Run::against(&server))]);
}
