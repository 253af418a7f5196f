//! The C programs against ISC's dhcpd itself, in a network namespace.
//!
//! It needs root, dhcpd, ip and (for one test) tshark; where they are missing
//! the tests say so and count as skipped. With DHCPCTL_REQUIRE_LIVE=1 that is
//! a failure.

mod support;

use support::dhcpd::{Capture, Dhcpd, missing};
use support::{
    Build, LIVE_PROGRAMS, Linkage, Run, Tap, Workshop, all_pass, have, leave_out, table, tally,
};

/// Whether to run; if not, that is said and counted.
fn can_run(test: &str) -> bool {
    let missing = missing();
    if let Some(reason) = &missing {
        leave_out(&format!("live dhcpd tests: {test}"), reason);
    }
    missing.is_none()
}

fn run_all(programs: &[&str], build: Build, algorithm: Option<&str>) {
    let workshop = Workshop::new();
    let mut server = Dhcpd::start(workshop.folder(), algorithm);
    let note = format!("dhcpd {}", algorithm.unwrap_or("without a key"));
    let mut results: Vec<_> = programs
        .iter()
        .map(|name| {
            let result = workshop
                .compile(&format!("c-tests/{name}.c"), build)
                .and_then(|p| p.check(&Run::against(&server).note(&note)));
            if algorithm.is_none() {
                let row = table::Row {
                    passed: result.as_ref().map_or(0, |tap| tap.passed),
                    differ: 0,
                    wrong: result.is_err(),
                };
                table::row(name, "dhcpd", &row);
            }
            result
        })
        .collect();
    if !server.is_alive() {
        results.push(Err(format!("dhcpd has died:\n{}", server.log())));
    }
    all_pass(results);
}

#[test]
fn all_programs_without_a_key() {
    if can_run("all_programs_without_a_key") {
        run_all(&LIVE_PROGRAMS, Build::PLAIN, None);
    }
}

#[test]
fn all_programs_with_a_key() {
    if can_run("all_programs_with_a_key") {
        let build = Build {
            compiler: "clang",
            standard: "c11",
            linkage: Linkage::Static,
        };
        run_all(&LIVE_PROGRAMS, build, Some("hmac-sha256"));
    }
}

macro_rules! each_algorithm {
    ($($name:ident $algorithm:literal;)*) => {
        $(#[test]
        fn $name() {
            if can_run(stringify!($name)) {
                let programs = ["auth", "lookup", "host", "wait"];
                run_all(&programs, Build::PLAIN, Some($algorithm));
            }
        })*
    };
}

each_algorithm! {
    signed_with_hmac_md5 "hmac-md5";
    signed_with_hmac_sha1 "hmac-sha1";
    signed_with_hmac_sha224 "hmac-sha224";
    signed_with_hmac_sha256 "hmac-sha256";
    signed_with_hmac_sha384 "hmac-sha384";
    signed_with_hmac_sha512 "hmac-sha512";
}

/// What goes over the wire, as an independent program reads it.
#[test]
fn wireshark_understands_every_frame() {
    let test = "wireshark_understands_every_frame";
    if !can_run(test) {
        return;
    }
    if !have("tshark") {
        leave_out(test, "tshark is not installed");
        return;
    }
    let workshop = Workshop::new();
    let server = Dhcpd::start(workshop.folder(), None);
    let compile = |source: &str| {
        workshop
            .compile(source, Build::PLAIN)
            .unwrap_or_else(|e| panic!("{e}"))
    };
    let manpage = compile("c-tests/manpage.c");
    let host = compile("examples-c/host.c");
    let capture = Capture::start(server.namespace(), workshop.folder());
    let printed = manpage.run(&Run::against(&server));
    assert!(printed.text.contains("ending time is "), "{}", printed.text);
    let mac = "02:00:00:00:88:01";
    for args in [
        &["add", "seen", mac, "10.0.204.1"][..],
        &["show", mac],
        &["remove", "seen"],
    ] {
        let printed = host.run(&Run::against(&server).args(args));
        assert!(printed.success, "host {args:?}: {}", printed.text);
    }
    let read = capture.finish();

    let frames = read(&["-Y", "omapi"]);
    assert_eq!(read(&["-Y", "_ws.malformed"]), "", "in\n{frames}");
    let of = |filter: &str| read(&["-Y", filter]).lines().count();
    // Requests have rid 0; status 5 is an answer.
    assert_eq!(of("omapi.version == 100"), 8, "introductions in\n{frames}");
    assert_eq!(
        of("omapi.opcode == 1 && omapi.rid == 0"),
        4,
        "opens in\n{frames}"
    );
    assert_eq!(
        of("omapi.opcode == 6 && omapi.rid == 0"),
        1,
        "deletes in\n{frames}"
    );
    let lease = read(&[
        "-Y",
        "omapi.msg_value == \"lease\"",
        "-T",
        "fields",
        "-e",
        "omapi.obj_name",
        "-e",
        "omapi.obj_value",
    ]);
    assert_eq!(lease.trim(), "ip-address\t0a00000a", "in\n{frames}");
    tally(
        test,
        &Tap {
            passed: 5,
            ..Tap::default()
        },
    );
}
