//! What goes over the wire between the library and ISC's dhcpd, in a network
//! namespace. (The C programs against dhcpd are in `tests/c_programs`.)
//!
//! It needs root, dhcpd, ip and tshark; where they are missing the test says so
//! and counts as skipped. With DHCPCTL_REQUIRE_LIVE=1 that is a failure.

use test_support::dhcpd::{Capture, Dhcpd, missing};
use test_support::{Build, Run, Tap, Workshop, have, leave_out, tally};

/// As an independent program reads it.
#[test]
fn wireshark_understands_every_frame() {
    let test = "wireshark_understands_every_frame";
    if let Some(reason) = missing() {
        leave_out(test, &reason);
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
