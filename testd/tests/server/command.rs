//! The binary: one line on standard output, then it serves.

use crate::client::Client;
use omapi::wire::{Encoder, INTRODUCTION, Value, op};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

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

/// A client that asks for much and reads little does not make the server hold
/// what it did not read: here 300 MB of answers to 8 kB of requests.
#[cfg(target_os = "linux")]
#[test]
fn answers_are_not_piled_up() {
    const REQUESTS: u32 = 300;
    let mut child = Command::new(env!("CARGO_BIN_EXE_omapi-testd"))
        .args(["--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let addr = line.strip_prefix("listening on ").unwrap().trim_end();
    let mut requests = INTRODUCTION.to_vec();
    let mut create = Encoder::begin(&mut requests, op::OPEN, 0, 1, 0);
    create.value(b"type", Value::Bytes(b"host")).unwrap();
    create.value(b"create", Value::Int(1)).unwrap();
    create.next_list();
    let name = vec![b'n'; 1 << 20];
    create.value(b"name", Value::Bytes(&name)).unwrap();
    let address = [2, 0, 0, 0, 0, 1];
    create
        .value(b"hardware-address", Value::Bytes(&address))
        .unwrap();
    create.value(b"hardware-type", Value::Int(1)).unwrap();
    create.finish(0, 0);
    for id in 2..=REQUESTS {
        // The first object of a server has the handle 1.
        let mut refresh = Encoder::begin(&mut requests, op::REFRESH, 1, id, 0);
        refresh.next_list();
        refresh.finish(0, 0);
    }
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    // Not a measurement: a missing answer shall fail the test, not hang it.
    let guard = Some(Duration::from_secs(30));
    stream.set_read_timeout(guard).unwrap();
    stream.write_all(&requests).unwrap();
    // What was answered by the time that five answers are here.
    let mut answers = vec![0; 5 << 20];
    stream.read_exact(&mut answers).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().strip_suffix(" kB").unwrap();
    let peak: usize = peak.parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(peak < 100 * 1024, "{peak} kB");
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
