//! `examples-py`: the ctypes module and the script that uses it, run by
//! python3 against `omapi-testd`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use test_support::testd::Testd;
use test_support::{Program, Run, Workshop, all_pass, have, leave_out, root};

/// python3 with our module and our library; `None` where there is none.
fn python(test: &str, workshop: &Workshop) -> Option<Program> {
    if !have("python3") {
        leave_out(test, "python3 is not installed");
        return None;
    }
    // What a program prints goes into a file beside it, so it is one of the
    // test's own folder that starts python3.
    let start = workshop.folder().join("python");
    std::fs::write(&start, "#!/bin/sh\nexec python3 \"$@\"\n").expect("a script");
    std::fs::set_permissions(&start, Permissions::from_mode(0o755)).expect("executable");
    let library = workshop.folder().join("libdhcpctl.so.0");
    Some(Program::at(test.into(), start, Some(library)))
}

/// Runs a script of the workspace with the module in reach.
fn script(server: &Testd, path: &str) -> Run {
    let mut run = Run::against(server)
        .env(
            "PYTHONPATH",
            root().join("examples-py").display().to_string(),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run.args.push(root().join(path).display().to_string());
    run
}

#[test]
fn the_module() {
    let workshop = Workshop::new();
    let Some(python) = python("python module", &workshop) else {
        return;
    };
    let layout = root().join("data/abi/layout.tsv").display().to_string();
    all_pass([None, Some("hmac-sha256")].map(|algorithm| {
        let server = Testd::start(algorithm);
        let note = algorithm.unwrap_or("without a key");
        python.check(
            &script(&server, "tests/python/checks.py")
                .args(&[&layout])
                .note(note),
        )
    }));
}

#[test]
fn the_example() {
    let workshop = Workshop::new();
    let Some(python) = python("python example", &workshop) else {
        return;
    };
    let server = Testd::start(Some("hmac-md5"));
    let mac = "02:00:00:00:88:01";
    for (arguments, said) in [
        (
            &["lease", "10.0.0.10", "192.0.2.1"][..],
            "10.0.0.10: h10 until 2037-11-21 00:00\n192.0.2.1: no object matches specification\n",
        ),
        (&["add", "py1", mac, "10.0.203.91"], "py1 added\n"),
        (&["show", mac], "py1 10.0.203.91\n"),
        (&["move", "py1", "10.0.203.92"], "py1 moved\n"),
        (&["show", mac], "py1 10.0.203.92\n"),
        (&["remove", "py1"], "py1 removed\n"),
        (&["show", mac], "02:00:00:00:88:01: no such host\n"),
        (
            &["remove", "py1"],
            "no object matches specification: not found\n",
        ),
    ] {
        let printed = python.run(&script(&server, "examples-py/hosts.py").args(arguments));
        assert_eq!(printed.text, said, "{arguments:?}, {}", printed.ending);
    }
}
