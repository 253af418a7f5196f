//! The decoder, and session and reader together, against recorded sessions of a
//! real dhcpd, and the same for Kea's answers, with millions of variations: no
//! panic, bounded memory, and every request ends once. Always the same variations, for a bounded time;
//! DHCPCTL_FUZZ=SECONDS goes on for longer.

use omapi::wire::INTRODUCTION;
use serde_json::Value as Json;
use std::path::Path;
use std::time::{Duration, Instant};
#[cfg(feature = "kea")]
use test_oracle::kea;
use test_oracle::omapi as oracle;

/// Variations of each test, unless the time is over before.
const ROUNDS: usize = 60_000;

fn time() -> (usize, Duration) {
    let longer = std::env::var("DHCPCTL_FUZZ").ok();
    match longer.and_then(|s| s.parse().ok()) {
        Some(seconds) => (usize::MAX, Duration::from_secs(seconds)),
        None => (ROUNDS, Duration::from_secs(20)),
    }
}

/// The bytes of one direction of every recorded session: `s2c` or `c2s`.
fn recorded(direction: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/transcripts");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let session = |path| {
        let json: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut all = Vec::new();
        for message in json["messages"].as_array().unwrap() {
            if message["dir"] == direction {
                let hex = message["hex"].as_str().unwrap_or("");
                all.extend(
                    (0..hex.len())
                        .step_by(2)
                        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()),
                );
            }
        }
        all
    };
    let mut all: Vec<Vec<u8>> = paths.iter().map(session).collect();
    all.retain(|bytes| bytes.len() > 8);
    assert!(all.len() > 90, "only {} sessions", all.len());
    all
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }

    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        let most = (len - start).min(64);
        start..start + self.below(most + 1)
    }
}

/// Numbers at the edges of what length fields and ids may be.
const EDGES: [u32; 16] = [
    0,
    1,
    4,
    23,
    24,
    25,
    64,
    65,
    4096,
    4097,
    16 * 1024,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fff0,
    0xffff_ffff,
    oracle::FIRST_ID + 3,
];

/// A variation of one input, with pieces of another.
fn vary(bytes: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len());
        match dice.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[at] = dice.below(256) as u8,
            2 if bytes.len() >= at + 4 => {
                let edge = EDGES[dice.below(EDGES.len())];
                bytes[at..at + 4].copy_from_slice(&edge.to_be_bytes());
            }
            3 if bytes.len() >= at + 2 => {
                let edge = EDGES[dice.below(EDGES.len())] as u16;
                bytes[at..at + 2].copy_from_slice(&edge.to_be_bytes());
            }
            4 => drop(bytes.drain(dice.range(bytes.len()))),
            5 => {
                let copy = bytes[dice.range(bytes.len())].to_vec();
                bytes.splice(at..at, copy);
            }
            6 => {
                let piece = other[dice.range(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Feeds variations of the inputs; returns how many there were.
fn feed(inputs: &[Vec<u8>], seed: u64, mut target: impl FnMut(&[u8])) -> usize {
    let (rounds, limit) = time();
    let end = Instant::now() + limit;
    let mut dice = Dice(seed);
    for input in inputs {
        target(input);
    }
    for round in 0..rounds {
        if round % 64 == 0 && Instant::now() >= end {
            return round;
        }
        let mut bytes = inputs[dice.below(inputs.len())].clone();
        let other = dice.below(inputs.len());
        vary(&mut bytes, &inputs[other], &mut dice);
        target(&bytes);
    }
    rounds
}

/// Without the introduction, at which the decoder does not start.
fn messages(direction: &str) -> Vec<Vec<u8>> {
    let mut all = recorded(direction);
    for bytes in &mut all {
        bytes.drain(..INTRODUCTION.len());
    }
    all
}

#[test]
fn decoder() {
    let mut inputs = messages("s2c");
    inputs.extend(messages("c2s"));
    let rounds = feed(&inputs, 0x5eed, oracle::decoder);
    println!("{rounds} variations of {} sessions", inputs.len());
}

#[test]
fn server_without_a_key() {
    let inputs = recorded("s2c");
    let mut answered = 0;
    let rounds = feed(&inputs, 0x0dd, |bytes| {
        answered += oracle::server(bytes, false)
    });
    println!("{rounds} variations, {answered} answers");
    assert!(
        answered > rounds / 10,
        "most variations get nowhere: {answered}"
    );
}

/// None of the recorded keys is ours: nothing that is signed is believed.
#[test]
fn server_with_a_key() {
    let inputs = recorded("s2c");
    let rounds = feed(&inputs, 0xace, |bytes| {
        oracle::server(bytes, true);
    });
    println!("{rounds} variations");
}

#[test]
fn client_without_a_key() {
    let inputs = recorded("c2s");
    let mut served = 0;
    let rounds = feed(&inputs, 0xc1, |bytes| {
        served += oracle::client(bytes, false);
    });
    println!("{rounds} variations, {served} requests");
    assert!(
        served > rounds / 10,
        "most variations get nowhere: {served}"
    );
}

/// None of the recorded keys is ours: nothing that is signed gets to the store.
#[test]
fn client_with_a_key() {
    let inputs = recorded("c2s");
    let rounds = feed(&inputs, 0xc2, |bytes| {
        assert_eq!(oracle::client(bytes, true), 0);
    });
    println!("{rounds} variations");
}

/// One recorded exchange with a Kea server.
#[cfg(feature = "kea")]
struct Exchange {
    command: String,
    version: String,
    answer: Vec<u8>,
    http: bool,
}

#[cfg(feature = "kea")]
fn exchanges() -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/kea/exchanges.jsonl");
    let all: Vec<Exchange> = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| {
            let e: Json = serde_json::from_str(line).unwrap();
            let text = |key: &str| {
                e[key]
                    .as_str()
                    .map(|t| t.chars().map(|c| c as u8).collect())
            };
            Exchange {
                command: e["request"]["command"].as_str().unwrap_or("").into(),
                version: e["version"].as_str().unwrap().into(),
                answer: text("http")
                    .or_else(|| text("raw"))
                    .unwrap_or_else(|| e["response"].to_string().into_bytes()),
                http: e["http"].is_string(),
            }
        })
        .filter(|e| !e.answer.is_empty())
        .collect();
    assert!(all.len() > 500, "only {} exchanges", all.len());
    all
}

/// Answers that fit the command, some of them varied, some of another command,
/// some missing.
#[cfg(feature = "kea")]
#[test]
fn kea() {
    let exchanges = exchanges();
    let plain: Vec<&Exchange> = exchanges.iter().filter(|e| !e.http).collect();
    let (rounds, limit) = time();
    let end = Instant::now() + limit;
    let mut dice = Dice(0x6ea);
    let (mut done, mut objects, mut rewrites) = (0, 0, 0);
    while done < rounds && Instant::now() < end {
        let version = ["2.2.0", "2.6.3", "3.0.4"][dice.below(3)];
        // Many go right, or no request would come far.
        let nasty = dice.below(3) * dice.below(20);
        let mut choice = Dice(dice.below(usize::MAX) as u64 | 1);
        objects += kea::run(&mut |n| choice.below(n), |command| {
            rewrites += usize::from(command["command"] == "config-set");
            let fits = |e: &&&Exchange| e.version == version && command["command"] == *e.command;
            let fitting: Vec<&&Exchange> = plain.iter().filter(fits).collect();
            let answer = match fitting.len() {
                _ if dice.below(100) < nasty => &plain[dice.below(plain.len())].answer,
                0 => return Some(b"{\"result\":2}".to_vec()),
                n => &fitting[dice.below(n)].answer,
            };
            let mut answer = answer.clone();
            if dice.below(100) < nasty {
                let other = dice.below(plain.len());
                vary(&mut answer, &plain[other].answer, &mut dice);
            }
            (dice.below(200) >= nasty).then_some(answer)
        });
        done += 1;
    }
    println!("{done} rounds, {objects} objects, {rewrites} configurations set");
    let enough = objects > done / 4 && rewrites > done / 50;
    assert!(enough, "most rounds get nowhere: {objects}, {rewrites}");
}

#[cfg(feature = "kea")]
#[test]
fn kea_over_http() {
    let inputs: Vec<Vec<u8>> = exchanges()
        .into_iter()
        .filter(|e| e.http)
        .map(|e| e.answer)
        .collect();
    let mut choice = Dice(0x4776);
    let mut whole = 0;
    let rounds = feed(&inputs, 0x477, |bytes| {
        whole += usize::from(kea::http(bytes, &mut |n| choice.below(n)));
    });
    println!("{rounds} variations, {whole} answers");
    assert!(whole > rounds / 20, "most variations get nowhere: {whole}");
}
