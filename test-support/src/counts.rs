//! Counts for `ci/check`: the file that DHCPCTL_TALLY names.

use std::fs::OpenOptions;
use std::io::Write;

/// Counts of one TAP text.
#[derive(Clone, Debug, Default)]
pub struct Tap {
    /// Checks that were made and are good.
    pub passed: u32,
    /// Those that are not.
    pub failed: u32,
    /// Those that could not be made.
    pub skipped: u32,
    /// Its plan was printed and kept.
    pub complete: bool,
    /// What was skipped, and why.
    pub reasons: Vec<String>,
}

impl Tap {
    /// Counts the lines of a program's output.
    pub fn of(text: &str) -> Self {
        let mut tap = Self::default();
        let mut plan = None;
        for line in text.lines() {
            if line.starts_with("not ok ") {
                tap.failed += 1;
            } else if line.starts_with("ok ") {
                if let Some((_, reason)) = line.split_once("# SKIP ") {
                    tap.skipped += 1;
                    tap.reasons.push(reason.to_owned());
                } else {
                    tap.passed += 1;
                }
            } else if let Some(count) = line.strip_prefix("1..") {
                plan = count.trim().parse::<u32>().ok();
            }
        }
        tap.complete = plan == Some(tap.passed + tap.failed + tap.skipped);
        tap
    }

    /// One check that could not be made.
    pub fn skipped(reason: &str) -> Self {
        Self {
            skipped: 1,
            reasons: vec![reason.to_owned()],
            ..Self::default()
        }
    }
}

/// Appends `name passed failed skipped` to the file named by DHCPCTL_TALLY, a
/// tab between each, and the reasons of what was skipped.
pub fn tally(name: &str, tap: &Tap) {
    for reason in &tap.reasons {
        // Not println!: it is not shown for a test that passes.
        let _ = writeln!(std::io::stderr(), "left out: {name} ({reason})");
    }
    let mut text = format!("{name}\t{}\t{}\t{}\n", tap.passed, tap.failed, tap.skipped);
    for reason in &tap.reasons {
        text.push_str(&format!("# left out: {name} ({reason})\n"));
    }
    append(&text);
}

/// Says that a test cannot be run here, and counts it as skipped; where nothing
/// may be left out, it fails.
pub fn leave_out(test: &str, reason: &str) {
    assert!(!nothing_may_be_missing(), "{test}: {reason}");
    tally(test, &Tap::skipped(reason));
}

/// DHCPCTL_REQUIRE_LIVE=1 or DHCPCTL_REQUIRE_TOOLS=1: what is missing is a
/// failure, not a reason to skip a test.
pub fn nothing_may_be_missing() -> bool {
    let required = ["DHCPCTL_REQUIRE_LIVE", "DHCPCTL_REQUIRE_TOOLS"];
    required
        .map(std::env::var_os)
        .iter()
        .flatten()
        .any(|v| v == "1")
}

/// One program against one server, in the table that `ci/check` prints at the
/// end: a line that no count looks at.
pub struct Row {
    /// Checks that passed.
    pub passed: u32,
    /// Checks that are known to differ.
    pub differ: usize,
    /// Something else is wrong.
    pub wrong: bool,
}

/// Adds to that table.
pub fn row(program: &str, server: &str, row: &Row) {
    let wrong = if row.wrong { "failed" } else { "" };
    let Row { passed, differ, .. } = row;
    append(&format!(
        "#= {program}\t{server}\t{passed}\t{differ}\t{wrong}\n"
    ));
}

/// Why checks of a program differ, for below the table.
pub fn row_reason(program: &str, checks: &[&str], why: &str) {
    let more = match checks.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let check = checks[0];
    append(&format!("#~ {program}.c: \"{check}\"{more}: {why}\n"));
}

fn append(text: &str) {
    let Some(path) = std::env::var_os("DHCPCTL_TALLY") else {
        return;
    };
    // One write: several tests append to it.
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut f| f.write_all(text.as_bytes()))
        .expect("DHCPCTL_TALLY can be written");
}
