//! Replays every recorded session of a real dhcpd 4.4.3-P1 against our server.
//!
//! Each server message has to be the recorded one, byte for byte, but for the
//! header's `id`, which dhcpd draws at random for each connection (it has to
//! count up by one), and for the signature, which covers the id (it has to
//! verify). The exceptions are in `EXCEPTIONS`.

use crate::json::{self, Json, Recorded};
use omapi::auth::SigningKey;
use omapi_testd::{Config, Server};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes that cannot be the same: transcript, attribute, why. The length of
/// the attribute is compared nevertheless.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "failover_state",
        "partner-address",
        "dhcpd sends eight bytes of its memory",
    ),
    (
        "failover_state",
        "local-address",
        "dhcpd sends eight bytes of its memory",
    ),
];

/// When the sessions were recorded (failover_state shows it).
const NOW: u32 = 0x6b01_3577;

/// The interface of the recording machine.
const INTERFACE: &str = "veth0";

fn transcripts() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/transcripts");
    let mut all: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    all.sort();
    all
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

#[test]
fn every_transcript() {
    let all = transcripts();
    assert_eq!(all.len(), 111);
    let failures: Vec<String> = all
        .iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let transcript = json::parse(&text);
            let name = transcript.at("name").text();
            let error = replay(name, &transcript).err()?;
            Some(format!("{name}: {error}"))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn replay(name: &str, transcript: &Json) -> Result<(), String> {
    let server = transcript.at("server");
    let mut config = Config::from_texts(
        server.at("conf").text().as_bytes(),
        server.at("leases").text().as_bytes(),
    )
    .map_err(|e| e.to_string())?;
    config.now = Some(NOW);
    config.interfaces = vec![INTERFACE.into()];
    let key = config.conf.keys.first();
    let key = key.map(|k| SigningKey::new(k.algorithm, &k.secret));

    let server = Server::start(config).map_err(|e| e.to_string())?;
    let mut stream = TcpStream::connect(server.addr()).map_err(|e| e.to_string())?;
    // Not a measurement: a missing answer shall fail the test, not hang it.
    let guard = Some(Duration::from_secs(30));
    stream.set_read_timeout(guard).map_err(|e| e.to_string())?;

    let mut checker = Checker {
        name,
        key,
        id: None,
    };
    for (at, message) in transcript.at("messages").list().iter().enumerate() {
        let bytes = unhex(message.at("hex").text());
        let result = match message.at("dir").text() {
            "c2s" => stream.write_all(&bytes).map_err(|e| e.to_string()),
            _ if bytes.is_empty() => {
                assert_eq!(message.at("event").text(), "eof");
                expect_end(&mut stream)
            }
            _ => read(&mut stream, bytes.len()).and_then(|got| checker.compare(&got, &bytes)),
        };
        result.map_err(|e| format!("message {at}: {e}"))?;
    }
    // The server has nothing more to say.
    let _ = stream.shutdown(Shutdown::Write);
    expect_end(&mut stream)
}

fn read(stream: &mut TcpStream, len: usize) -> Result<Vec<u8>, String> {
    let mut got = vec![0; len];
    let mut at = 0;
    while at < len {
        match stream.read(&mut got[at..]) {
            Ok(0) => return Err(format!("end of stream after {at} of {len} bytes")),
            Ok(n) => at += n,
            Err(e) => return Err(format!("{e} after {:02x?}", &got[..at])),
        }
    }
    Ok(got)
}

fn expect_end(stream: &mut TcpStream) -> Result<(), String> {
    let mut rest = [0; 512];
    match stream.read(&mut rest) {
        Ok(0) => Ok(()),
        Ok(n) => Err(format!("unexpected {:02x?}", &rest[..n])),
        Err(e) if e.kind() == ErrorKind::ConnectionReset => Ok(()),
        Err(e) => Err(e.to_string()),
    }
}

struct Checker<'a> {
    name: &'a str,
    key: Option<SigningKey>,
    /// The id that the next message has to have.
    id: Option<u32>,
}

impl Checker<'_> {
    fn compare(&mut self, got: &[u8], recorded: &[u8]) -> Result<(), String> {
        if recorded.len() < 24 {
            return equal(got, recorded, "introduction");
        }
        let id = be32(got, 16);
        if self.id.is_some_and(|expected| expected != id) {
            return Err(format!("id {id:08x}, not {:08x?}", self.id));
        }
        self.id = Some(id.wrapping_add(1));

        let authlen = be32(recorded, 4) as usize;
        let body = recorded.len() - authlen;
        equal(&got[..16], &recorded[..16], "header")?;
        equal(&got[20..24], &recorded[20..24], "rid")?;
        let (mut ours, mut theirs) = (got[24..body].to_vec(), recorded[24..body].to_vec());
        for (_, attribute, _) in EXCEPTIONS.iter().filter(|(name, ..)| *name == self.name) {
            blank(&mut ours, attribute);
            blank(&mut theirs, attribute);
        }
        equal(&ours, &theirs, "body")?;
        if authlen > 0 {
            let key = self.key.as_ref().ok_or("signed without a key")?;
            if !key.verify(&[&got[4..body]], &got[body..]) {
                return Err("signature does not verify".into());
            }
        }
        Ok(())
    }
}

/// Zeroes the value of an attribute.
fn blank(body: &mut [u8], attribute: &str) {
    let mut name = (attribute.len() as u16).to_be_bytes().to_vec();
    name.extend_from_slice(attribute.as_bytes());
    if let Some(at) = body.windows(name.len()).position(|w| w == name) {
        let at = at + name.len();
        let len = be32(body, at) as usize;
        body[at + 4..at + 4 + len].fill(0);
    }
}

fn equal(got: &[u8], recorded: &[u8], what: &str) -> Result<(), String> {
    if got == recorded {
        return Ok(());
    }
    Err(format!(
        "{what} differs\n  recorded {}\n  ours     {}",
        recorded.escape_ascii(),
        got.escape_ascii()
    ))
}

fn be32(b: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(b[at..at + 4].try_into().unwrap())
}
