//! The table of the C programs by servers, which `ci/check` prints at the end:
//! lines in the file named by DHCPCTL_TALLY that no count looks at.

use std::fs::OpenOptions;
use std::io::Write;

/// One program against one server.
pub struct Row {
    pub passed: u32,
    /// Checks that are known to differ.
    pub differ: usize,
    /// Something else is wrong.
    pub wrong: bool,
}

pub fn row(program: &str, server: &str, row: &Row) {
    let wrong = if row.wrong { "failed" } else { "" };
    let Row { passed, differ, .. } = row;
    write(&format!(
        "#= {program}\t{server}\t{passed}\t{differ}\t{wrong}\n"
    ));
}

/// Why checks of a program differ.
pub fn reason(program: &str, checks: &[&str], why: &str) {
    let more = match checks.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let check = checks[0];
    write(&format!("#~ {program}.c: \"{check}\"{more}: {why}\n"));
}

fn write(line: &str) {
    let Some(path) = std::env::var_os("DHCPCTL_TALLY") else {
        return;
    };
    // One write: several tests append to it.
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut f| f.write_all(line.as_bytes()))
        .expect("DHCPCTL_TALLY can be written");
}
