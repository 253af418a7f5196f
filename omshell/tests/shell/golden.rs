//! Our output against what the original printed, recorded from sessions with a
//! real dhcpd. Needs neither root nor dhcpd: `omapi-testd` takes its place.

use crate::support::*;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// What we should print: the original's, or ours where it differs on purpose.
fn expected(script: &Script, differences: &Differences) -> Output {
    match differences.of(&script.name) {
        Some(_) => recorded("expected", &script.name),
        None => recorded("golden", &script.name),
    }
}

fn check(script: &Script, got: &Output, differences: &Differences) -> Result<(), String> {
    let original = recorded("golden", &script.name);
    compare(script, &original, got, differences)?;
    let expected = expected(script, differences);
    if (&got.out, &got.err) != (&expected.out, &expected.err) {
        return Err(format!(
            "{}:\n--- expected\n{}{}\n--- printed\n{}{}",
            script.name,
            shown(&expected.out),
            shown(&expected.err),
            shown(&got.out),
            shown(&got.err)
        ));
    }
    Ok(())
}

fn all_of(results: impl Iterator<Item = Result<(), String>>) {
    let failures: Vec<_> = results.filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn without_server() {
    let differences = Differences::load();
    all_of(
        scripts()
            .iter()
            .filter(|script| script.server.is_none())
            .map(|script| {
                let got = run(&mut ours(), &script.text, LIMIT);
                check(script, &got, &differences)
            }),
    );
}

#[test]
fn with_our_server() {
    let differences = Differences::load();
    all_of(scripts().iter().filter_map(|script| {
        let server = script.server.as_ref().filter(|s| !s.live_only)?;
        let (conf, leases) = configuration(server);
        let mut config =
            omapi_testd::Config::from_texts(conf.as_bytes(), leases.as_bytes()).unwrap();
        config.listen = "127.0.0.1:0".parse().unwrap();
        let server = omapi_testd::Server::start(config).unwrap();
        // The scripts mean port 7911: choose ours first, and in their place.
        let port = format!("port {}\n", server.addr().port());
        let text = replace(&script.text, b"port 7911\n", port.as_bytes());
        let input = [port.as_bytes(), &text].concat();
        let mut got = run(&mut ours(), &input, LIMIT);
        got.out = got.out.split_off(2);
        Some(check(script, &got, &differences))
    }));
}

fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    for line in text.split_inclusive(|&c| c == b'\n') {
        replaced.extend_from_slice(if line == from { to } else { line });
    }
    replaced
}

#[test]
fn the_list_of_differences_is_about_scripts() {
    let names: Vec<_> = scripts().into_iter().map(|s| s.name).collect();
    for name in Differences::load().scripts() {
        assert!(names.contains(name), "{name}");
    }
    assert!(names.len() >= 60);
}
