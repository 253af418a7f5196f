//! What is for Kea alone, from C: `c-tests/kea.c`.

use super::programs::as_dhcpd;
use super::support::{Build, Run, Workshop};
use super::with_each;

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
