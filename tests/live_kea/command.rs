//! What is for Kea alone, from C: `c-tests/kea.c`.

use super::with_each;
use std::io::Write;
use test_support::kea::as_dhcpd;
use test_support::kea::fake::Fake;
use test_support::{Build, Run, Workshop, all_pass};

#[test]
fn commands_from_c() {
    let workshop = Workshop::new();
    let program = workshop.compile("c-tests/kea.c", Build::PLAIN);
    let program = program.unwrap_or_else(|e| panic!("{e}"));
    with_each("commands from C", as_dhcpd(), |t, kea| {
        let note = format!("Kea {}", kea.program.label);
        let run = Run::default().env("OMAPI_HOST", kea.name()).note(note);
        t.is(program.check(&run).err(), None, "kea.c");
    });
}

/// Disconnecting without force waits for changes, but not for ever.
#[test]
fn leaving_a_silent_server() {
    let workshop = Workshop::new();
    let program = workshop.compile("c-tests/kea.c", Build::PLAIN);
    let program = program.unwrap_or_else(|e| panic!("{e}"));
    let path = workshop.folder().join("silent");
    let mut open = Vec::new();
    let fake = Fake::start(&path, move |command, stream| match Fake::probe(command) {
        Some(answer) => drop(stream.write_all(answer.as_bytes())),
        // Kept open in silence, until the test is over.
        None => open.extend(stream.try_clone()),
    });
    let run = Run::default()
        .env("OMAPI_HOST", format!("kea:{}?timeout=1", path.display()))
        .args(&["leave"]);
    all_pass([program.check(&run.note("leaves a silent Kea"))]);
    drop(fake);
}
