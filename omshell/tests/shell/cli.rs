//! What the original does not have: arguments, strict mode, time-outs, IPv6.

use crate::support::*;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

fn with(arguments: &[&str], input: &str) -> Output {
    run(
        Command::new(env!("CARGO_BIN_EXE_omshell")).args(arguments),
        input.as_bytes(),
        LIMIT,
    )
}

#[test]
fn arguments() {
    let help = with(&["--help"], "");
    assert!(help.fine && shown(&help.out).starts_with("Usage: omshell [-e]\n"));
    let version = with(&["--version"], "");
    let expected = format!("omshell (dhcpctl) {}\n", env!("CARGO_PKG_VERSION"));
    assert!(version.fine && shown(&version.out) == expected);
    for wrong in ["-x", "--nonsense", "file"] {
        let output = with(&[wrong], "help\n");
        assert!(!output.fine && output.out.is_empty(), "{wrong}");
        assert!(shown(&output.err).ends_with("Usage: omshell [-e]\n"));
    }
}

#[test]
fn strict_mode_stops_at_the_first_failure() {
    for (input, out, fine) in [
        ("port 5\n\n# comment\n", "> > > > ", true),
        (
            "port 5\nport x\nhelp\n",
            "> > unknown service name: x\n",
            false,
        ),
        ("bogus\nhelp\n", "> ", false),
        ("key foo Y\nhelp\n", "> ", false),
        ("open\nhelp\n", "> not connected.\n", false),
    ] {
        let output = with(&["-e"], input);
        assert_eq!((shown(&output.out), output.fine), (out.into(), fine));
        assert!(with(&[], input).fine, "{input}");
    }
}

/// A server that sends its introduction, reads, and never answers.
fn silent(address: &str, introduce: bool) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if introduce {
                stream.write_all(&[0, 0, 0, 100, 0, 0, 0, 24]).unwrap();
            }
            std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        }
    });
    port
}

#[test]
fn a_server_that_does_not_answer() {
    let started = Instant::now();
    let port = silent("127.0.0.1", false);
    let output = with(&[], &format!("timeout 1\nport {port}\nconnect\nnew host\n"));
    assert_eq!(shown(&output.out), "> > > > not connected.\n> ");
    assert_eq!(shown(&output.err), "dhcpctl_connect: timed out\n");

    let port = silent("127.0.0.1", true);
    let output = with(
        &[],
        &format!("timeout 1\nport {port}\nconnect\nnew host\nopen\nrefresh\nconnect\n"),
    );
    assert_eq!(
        shown(&output.out),
        "> > > obj: <null>\n> obj: host\n> can't open object: timed out\n\
         > not connected.\n> obj: host\n> "
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn servers_with_ipv6() {
    if TcpListener::bind("[::1]:0").is_err() {
        // Not println!: it is not shown for a test that passes.
        let _ = writeln!(
            std::io::stderr(),
            "left out: servers_with_ipv6 (no IPv6 here)"
        );
        return;
    }
    let port = silent("::1", true);
    let output = with(&[], &format!("server ::1\nport {port}\nconnect\n"));
    assert_eq!(shown(&output.out), "> > > obj: <null>\n> ");
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let mut child = ours()
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // It may be gone before everything is written.
    let _ = stdin.write_all("help\n".repeat(1000).as_bytes());
    drop(stdin);
    assert!(!child.wait().unwrap().success());
    let mut err = String::new();
    child.stderr.unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}

/// A Kea that is not there: the reason, also to a script. (Names from a map are
/// an old script's, and answered as the original does.)
#[test]
fn no_kea() {
    for (name, said) in [
        (
            "/nowhere/at/all",
            "connection refused (there is no /nowhere/at/all)",
        ),
        (
            "/nowhere?write=no",
            "connection refused (there is no /nowhere?write=no; options need kea: in front)",
        ),
        ("kea:/?write=no", "connection refused (/ is not a socket)"),
        ("kea:/s?wrte=no", "invalid argument (a name is /PATH, "),
        ("kea+https://h/", "invalid argument (a name is /PATH, "),
    ] {
        let output = with(&[], &format!("server {name}\nconnect\n"));
        let err = shown(&output.err);
        assert!(
            err.starts_with(&format!("dhcpctl_connect: {said}")),
            "{name}: {err}"
        );
    }
    // The path is any bytes, and comes back as it was.
    let output = run(&mut ours(), b"server /nowhere-\xe9\nconnect\n", LIMIT);
    let said = b"dhcpctl_connect: connection refused (there is no /nowhere-\xe9)\n";
    assert_eq!(output.err, said);
}

/// A server's name by a map: an old script gets the original's answers. A map
/// that is not understood leads to no server at all, and says why.
#[test]
fn by_map() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let script = format!("port {port}\nconnect\n");
    for (map, said) in [
        (&b"127.0.0.1 = kea:/nowhere/at/all"[..], "no more"),
        (b"127.0.0.1 = /nowhere-\xe9", "no more"),
        (
            b"a = /a\n127.0.0.1:7911x = /b",
            "invalid argument (DHCPCTL_SERVERS, line 2: left of the equals sign belongs NAME, \
             NAME:PORT, [IPV6] or [IPV6]:PORT)",
        ),
        (
            b"/nowhere/at=all",
            "file not found (/nowhere/at=all: file not found)",
        ),
        (
            b"/dev/null",
            "invalid argument (/dev/null is no regular file, or too large for a map)",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omshell"));
        command.env("DHCPCTL_SERVERS", OsStr::from_bytes(map));
        let output = run(&mut command, script.as_bytes(), LIMIT);
        assert_eq!(shown(&output.err), format!("dhcpctl_connect: {said}\n"));
    }
    let asked = listener.accept().map_err(|e| e.kind());
    assert_eq!(asked.err(), Some(std::io::ErrorKind::WouldBlock));
}
