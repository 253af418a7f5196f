//! Every script through the original and through ours, each against a fresh
//! dhcpd of its own. Needs root, dhcpd, ip, and ISC's omshell; what is missing
//! is named and the comparison left out, unless DHCPCTL_REQUIRE_LIVE is 1.
//!
//! With OMSHELL_RECORD=1 the outputs become the recorded ones of `golden.rs`.

use crate::support::*;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use test_support::dhcpd::Namespace;
use test_support::{Tap, leave_out, tally};

const ORIGINAL: &str = "/usr/bin/omshell";
/// The original hangs on some scripts.
const LIMIT: Duration = Duration::from_secs(8);

/// One session with a fresh server.
fn session(network: &Arc<Namespace>, script: &Script, program: &str, merged: bool) -> Output {
    let _server = script.server.as_ref().map(|s| start_dhcpd(network, s));
    let mut command = if merged {
        let mut shell = network.command("/bin/sh");
        shell.args(["-c", "exec \"$0\" 2>&1", program]);
        shell
    } else {
        network.command(program)
    };
    run(&mut command, &script.text, LIMIT)
}

fn missing() -> Option<&'static str> {
    let runs = |program: &str| Command::new(program).arg("-h").output().is_ok();
    if !runs("ip") {
        return Some("no ip");
    }
    if !runs("dhcpd") {
        return Some("no dhcpd");
    }
    // Ours answers --version; the original does not know it.
    match Command::new(ORIGINAL).arg("--version").output() {
        Ok(o) if !o.status.success() => {}
        _ => return Some("/usr/bin/omshell is not ISC's"),
    }
    None
}

#[test]
fn original_and_ours_print_the_same() {
    let scripts = scripts();
    let networks = match missing() {
        None => [(); 2].map(|()| Namespace::new().map(Arc::new)),
        Some(what) => [Err(what.to_owned()), Err(what.to_owned())],
    };
    let [Ok(one), Ok(other)] = networks else {
        let reason = networks.into_iter().find_map(Result::err);
        leave_out("omshell-scripts", &reason.unwrap_or_default());
        return;
    };
    let record_them = std::env::var("OMSHELL_RECORD").is_ok_and(|v| v == "1");
    let differences = Differences::load();
    let program = env!("CARGO_BIN_EXE_omshell");
    let mut failures = Vec::new();
    for script in &scripts {
        let both = |merged| {
            std::thread::scope(|scope| {
                let original = scope.spawn(|| session(&one, script, ORIGINAL, merged));
                let ours = session(&other, script, program, merged);
                (original.join().unwrap(), ours)
            })
        };
        let (original, ours) = both(false);
        if record_them {
            record("golden", &script.name, &original);
            if differences.of(&script.name).is_some() {
                record("expected", &script.name, &ours);
            }
        }
        let mut result = compare(script, &original, &ours, &differences);
        if result.is_ok() && differences.of(&script.name).is_none() && !original.err.is_empty() {
            // The order of both outputs in one pipe, as tools read it.
            let (original, ours) = both(true);
            result = compare(script, &original, &ours, &differences)
                .map_err(|e| format!("both outputs merged: {e}"));
        }
        failures.extend(result.err());
    }
    let count = |n: usize| u32::try_from(n).unwrap();
    let tap = Tap {
        passed: count(scripts.len() - failures.len()),
        failed: count(failures.len()),
        ..Tap::default()
    };
    tally("omshell-scripts", &tap);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
