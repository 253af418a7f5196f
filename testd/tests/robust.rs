//! No bytes of a client make the server panic or stop.

#[path = "support/client.rs"]
mod client;
#[path = "support/json.rs"]
mod json;

use client::Client;
use json::Recorded;
use omapi::wire::INTRODUCTION;
use omapi_testd::{Config, Server};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % n
    }
}

fn messages() -> (Config, Vec<Vec<u8>>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/transcripts");
    let names = [
        "host_update_once",
        "lease_state_values",
        "class_ops",
        "subclass_ops",
        "group_create",
        "failover_state",
        "host_in_group",
        "flag_lengths",
        "lease_reopen_by_handle",
        "interface_open",
    ];
    let mut all = Vec::new();
    let mut config = None;
    for name in names {
        let text = std::fs::read_to_string(dir.join(format!("{name}.json"))).unwrap();
        let transcript = json::parse(&text);
        let server = transcript.at("server");
        let (conf, leases) = (server.at("conf").text(), server.at("leases").text());
        if name == "failover_state" {
            config = Some(Config::from_texts(conf.as_bytes(), leases.as_bytes()).unwrap());
        }
        for message in transcript.at("messages").list() {
            if message.at("dir").text() == "c2s" && message.at("hex").text().len() > 16 {
                let hex = message.at("hex").text().as_bytes();
                let byte = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16);
                all.push(hex.chunks(2).map(|p| byte(p).unwrap()).collect());
            }
        }
    }
    (config.unwrap(), all)
}

#[test]
fn damaged_requests() {
    std::panic::set_hook(Box::new(|info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        eprintln!("{info}");
    }));
    let (config, messages) = messages();
    let server = Server::start(config).unwrap();
    let mut random = Random(1);
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.addr()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut bytes = INTRODUCTION.to_vec();
        for _ in 0..20 {
            let mut message = messages[random.below(messages.len())].clone();
            // No message that ends the server: control is not in the set,
            // and a damaged type name is none.
            for _ in 0..random.below(3) {
                let at = random.below(message.len());
                message[at] = match random.below(3) {
                    0 => 0,
                    1 => 0xff,
                    _ => random.below(256) as u8,
                };
            }
            if random.below(20) == 0 {
                message.truncate(random.below(message.len()));
            }
            bytes.extend(message);
        }
        // The server may have closed the connection by now.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    let mut c = Client::connect(server.addr());
    let lease = c.open("lease", &[], &[("ip-address", &[10, 0, 0, 25])]);
    assert_eq!(lease.get("ip-address"), Some(&[10, 0, 0, 25][..]));
}

#[test]
fn requests_in_single_bytes() {
    let (config, messages) = messages();
    let server = Server::start(config).unwrap();
    let mut whole = TcpStream::connect(server.addr()).unwrap();
    let mut bytes = INTRODUCTION.to_vec();
    bytes.extend_from_slice(&messages[0]);
    bytes.extend_from_slice(&messages[0]);
    for byte in bytes {
        whole.write_all(&[byte]).unwrap();
    }
    whole.shutdown(Shutdown::Write).unwrap();
    let mut answers = Vec::new();
    whole.read_to_end(&mut answers).unwrap();
    // Created, and then there already.
    let text = b"specified object already exists";
    assert!(answers.windows(text.len()).any(|w| w == text));
}
