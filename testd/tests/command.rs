//! The binary: one line on standard output, then it serves.

#[path = "support/client.rs"]
mod client;

use client::Client;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[test]
fn prints_its_address_and_ends_on_request() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_omapi-testd"))
        .args(["--listen", "127.0.0.1:0", "--range", "10.0.0.1-10.0.0.9"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addr = line.strip_prefix("listening on ").unwrap().trim_end();
    let mut c = Client::connect(addr.parse().unwrap());
    let lease = c.open("lease", &[], &[("ip-address", &[10, 0, 0, 9])]);
    assert_eq!(lease.get("state"), Some(&[0, 0, 0, 1][..]));
    let control = c.open("control", &[], &[]).handle();
    c.send(
        omapi::wire::op::UPDATE,
        control,
        &[],
        &[("state", &[0, 0, 0, 2])],
    );
    assert_eq!(c.answer(), None);
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn mistakes_are_told_on_standard_error() {
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_omapi-testd"))
            .args(args)
            .output()
            .unwrap()
    };
    let wrong = run(&["--nonsense"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty() && !wrong.stderr.is_empty());
    let help = run(&["--help"]);
    assert!(help.status.success() && help.stdout.starts_with(b"Usage: omapi-testd"));
}
