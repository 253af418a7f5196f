//! Programs and libraries that define names which we have too.

use super::{
    LINKERS, Mode, Run, all_pass, compile, have_linker, link, modes, must, root, run, scratch,
    tap_program,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::testd::Testd;

/// Links one TAP program in every way and runs each.
fn in_every_way(
    test: &str,
    linkers: &[&str],
    source: &str,
    compiler: &str,
    lines: &dyn Fn(Mode) -> Vec<Vec<String>>,
) {
    let server = Testd::start(None);
    let folder = scratch(test);
    let source = root().join(source);
    let objects = ["-fno-pie", "-fPIE"].map(|flag| compile(compiler, &source, &folder, &[flag]));
    let mut results = Vec::new();
    for linker in linkers {
        if !have_linker(test, linker) {
            continue;
        }
        // Without PIE, an address of a library function is that of a stub in
        // the program, so the program cannot say which library it is.
        for mode in modes(linker).filter(|m| m.name != "shared") {
            for (number, line) in lines(mode).iter().enumerate() {
                let name = format!("{test} {linker} {} {number}", mode.name);
                let program = folder.join(name.replace(' ', "-"));
                let line: Vec<&str> = line.iter().map(String::as_str).collect();
                let object: &Path = &objects[usize::from(mode.pie)];
                let linked = link(compiler, linker, mode, &[object], &line, &program);
                let checked = linked
                    .and_then(|()| tap_program(name, program, mode).check(&Run::against(&server)));
                results.push(checked);
            }
        }
    }
    assert!(!results.is_empty(), "no linker at all");
    all_pass(results);
}

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|&w| w.to_owned()).collect()
}

#[test]
fn a_programs_own_names() {
    in_every_way("own names", &LINKERS, "c-tests/own_names.c", "cc", &|_| {
        vec![words(&["-ldhcpctl", "-lomapi"])]
    });
}

/// An archive or a shared library of one C file.
fn library(folder: &Path, source: &str, shared: bool) -> PathBuf {
    let source = root().join(source);
    if shared {
        let file = folder.join("libisc.so");
        must(run(Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .arg(&file)
            .arg(source)));
        return file;
    }
    let object = compile("cc", &source, folder, &["-fPIC"]);
    let file = folder.join("libisc.a");
    must(run(Command::new("ar").arg("crs").arg(&file).arg(object)));
    file
}

/// Wherever BIND's archive stands on the line.
#[test]
fn the_real_bind_beside_ours() {
    let folder = scratch("libisc");
    let libisc = library(&folder, "c-tests/isc_stand_in.c", false);
    let libisc = libisc.to_str().expect("a path in UTF-8");
    in_every_way("libisc.a", &LINKERS, "c-tests/bind.c", "cc", &|_| {
        vec![
            words(&["-ldhcpctl", "-lomapi", libisc]),
            words(&[libisc, "-ldhcpctl", "-lomapi"]),
        ]
    });
}

/// BIND's shared library before ours, both shared: the first one wins, as
/// with any two shared libraries.
#[test]
fn the_real_bind_shared() {
    let folder = scratch("libisc-shared");
    let libisc = library(&folder, "c-tests/isc_stand_in.c", true);
    let program = folder.join("bind");
    let object = compile("cc", &root().join("c-tests/bind.c"), &folder, &["-fPIE"]);
    let lib = super::prefix().join("lib");
    must(run(Command::new("cc")
        .arg(object)
        .args(["-pie", "-o"])
        .arg(&program)
        .arg(libisc)
        .arg(lib.join("libdhcpctl.so"))
        .arg(format!("-Wl,-rpath,{}", lib.display()))
        .arg(format!("-Wl,-rpath,{}", folder.display()))));
    let server = Testd::start(None);
    let program = tap_program("libisc.so".into(), program, super::MODES[1]);
    all_pass([program.check(&Run::against(&server))]);
}

/// The second library written in Rust, made with the rustc of this test.
fn second_rust_library(folder: &Path) -> PathBuf {
    let file = folder.join("libsecond.a");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    must(run(Command::new(rustc)
        .args([
            "--edition=2024",
            "--crate-type=staticlib",
            "-Cpanic=unwind",
            "-o",
        ])
        .arg(&file)
        .arg(root().join("tests/install/second.rs"))));
    file
}

#[test]
fn two_rust_libraries_in_one_program() {
    let folder = scratch("second");
    let second = second_rust_library(&folder);
    let second = second.to_str().expect("a path in UTF-8");
    in_every_way("two rusts", &LINKERS, "c-tests/two_rusts.c", "cc", &|_| {
        vec![
            words(&["-ldhcpctl", "-lomapi", second]),
            words(&[second, "-ldhcpctl", "-lomapi"]),
        ]
    });
}

/// C++ exceptions still unwind; once more with the second library between.
#[test]
fn exceptions_beside_ours() {
    let folder = scratch("exceptions-second");
    let second = second_rust_library(&folder);
    let second = second.to_str().expect("a path in UTF-8");
    in_every_way(
        "exceptions",
        &LINKERS,
        "c-tests/exceptions.cc",
        "c++",
        &|mode| {
            let mut lines = vec![words(&["-ldhcpctl", "-lomapi"])];
            if !mode.shared {
                lines.push(words(&[second, "-ldhcpctl"]));
            }
            lines
        },
    );
}
