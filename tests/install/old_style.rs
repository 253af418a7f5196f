//! `tests/old-style`: programs written as old ones were, each built by its own
//! Makefile, of which nothing but the prefix is set.

use super::{have, leave_out, must, prefix, root, run, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use test_support::testd::{Address, Testd};

/// A copy of one of the programs, built.
fn build(name: &str, copy: &str, settings: &[(&str, String)]) -> PathBuf {
    let folder = scratch(copy);
    for entry in fs::read_dir(root().join("tests/old-style").join(name)).expect("the program") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("copied");
    }
    let mut make = Command::new("make");
    make.arg("-C").arg(&folder).env_remove("MAKEFLAGS");
    for (name, value) in settings {
        make.arg(format!("{name}={value}"));
    }
    must(run(&mut make));
    folder
}

/// Runs it against a fresh server: what it prints is known to the byte.
fn prints_as_ever(folder: &Path, program: &[&str], before: &[&str], after: &[&str]) {
    let server = Testd::start(None);
    let port = server.port().to_string();
    let mut command = Command::new(program[0]);
    command
        .current_dir(folder)
        .args(&program[1..])
        .args(before)
        .arg(&port)
        .args(after)
        // Old Makefiles leave it to the system to find shared libraries.
        .env("LD_LIBRARY_PATH", prefix().join("lib"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let printed = must(run(&mut command));
    let expected = fs::read_to_string(folder.join("expected.txt")).expect("the golden text");
    if let Some(difference) = xtask::diff::lines(&expected, &printed) {
        panic!("{}:\n{difference}", folder.display());
    }
}

fn prefix_text() -> String {
    prefix().display().to_string()
}

#[test]
fn in_c() {
    let bind = prefix().join("lib/dhcpctl-compat").display().to_string();
    let settings = [("DHCP", prefix_text()), ("BIND", bind)];
    let addresses = [
        "10.0.0.10",
        "10.0.0.20",
        "192.0.2.1",
        "10.0.0.11",
        "nonsense",
    ];
    let folder = build("c", "old-c", &settings);
    prints_as_ever(&folder, &["./leasequery"], &["-p"], &addresses);

    // As it was made when there were archives only. Its own `log_error`,
    // `classify`, `cur_time` stand beside the library's.
    let mut settings = settings.to_vec();
    settings.push(("CC", "cc -static".into()));
    let folder = build("c", "old-c-static", &settings);
    prints_as_ever(&folder, &["./leasequery"], &["-p"], &addresses);
}

#[test]
fn in_cxx() {
    let folder = build("cxx", "old-cxx", &[("prefix", prefix_text())]);
    prints_as_ever(&folder, &["./hostadmin"], &[], &[]);
}

#[test]
fn in_python() {
    let test = "old-style Python";
    if !have("python3") {
        leave_out(test, "python3 is not installed");
        return;
    }
    let folder = build("py", "old-py", &[("PREFIX", prefix_text())]);
    let addresses = ["10.0.0.10", "192.0.2.1", "10.0.0.20"];
    prints_as_ever(&folder, &["./dhcpq"], &[], &addresses);
}

/// An extension module in C, where Python's own headers are installed.
#[test]
fn as_an_extension_of_python() {
    let test = "old-style Python extension";
    let header = Command::new("python3")
        .args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('include'))",
        ])
        .output()
        .ok()
        .map(|o| PathBuf::from(String::from_utf8_lossy(&o.stdout).trim()).join("Python.h"));
    if !header.is_some_and(|h| h.is_file()) {
        leave_out(test, "Python.h is not installed");
        return;
    }
    let folder = build("py-ext", "old-py-ext", &[("PREFIX", prefix_text())]);
    let addresses = ["10.0.0.10", "192.0.2.1", "10.0.0.11"];
    prints_as_ever(&folder, &["python3", "leases.py"], &[], &addresses);
}
