//! Every recorded session of a real dhcpd, both directions: the codec reads
//! each message as the recording says, whole and byte by byte, writes the same
//! bytes again, and every signature verifies.

use omapi::auth::{Algorithm, SigningKey};
use omapi::wire::{Encoder, Frame, Introduction, Limits, Scanner, Value, ValueList};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn sessions() -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/transcripts");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|p| {
            let text = std::fs::read_to_string(p).unwrap();
            let name = p.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// Bytes recorded in hex; null is the null value, which has none.
fn bytes(hex: &Json) -> Vec<u8> {
    let hex = if hex.is_null() {
        ""
    } else {
        hex.as_str().unwrap()
    };
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

fn number(decoded: &Json, field: &str) -> u32 {
    u32::try_from(decoded[field].as_u64().unwrap()).unwrap()
}

/// The recorded values of one list.
fn values(decoded: &Json, list: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    decoded[list]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v[0].as_str().unwrap().as_bytes().to_vec(), bytes(&v[1])))
        .collect()
}

fn owned(list: ValueList<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    list.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect()
}

/// The session's key, if its server had one.
fn key(session: &Json) -> Option<SigningKey> {
    let key = session.get("key").filter(|k| k.is_object())?;
    let algorithm = Algorithm::from_name(key["algorithm"].as_str()?)?;
    Some(SigningKey::new(algorithm, &bytes(&key["secret_hex"])))
}

/// Messages whose signature is wrong on purpose.
const BADLY_SIGNED: &[&str] = &[
    "auth_bad_signature",
    "auth_sig_covers_authid",
    "auth_wrong_secret",
    "auth_unsigned_to_keyed",
    "auth_unknown_authid",
    "auth_not_opened",
];

fn check_message(
    name: &str,
    from_server: bool,
    raw: &[u8],
    decoded: &Json,
    key: Option<&SigningKey>,
) {
    let scan = |bytes: &[u8]| Scanner::new(24, Limits::default()).scan(bytes);
    let span = scan(raw)
        .unwrap()
        .unwrap_or_else(|| panic!("{name}: incomplete"));
    assert_eq!(span.len(), raw.len(), "{name}");

    let mut piecemeal = Scanner::new(24, Limits::default());
    for n in 0..raw.len() {
        assert_eq!(piecemeal.scan(&raw[..n]), Ok(None), "{name} at byte {n}");
    }
    assert_eq!(piecemeal.scan(raw), Ok(Some(span)), "{name}");

    let frame = Frame::new(raw, span);
    let h = frame.header();
    for (field, value) in [
        ("authid", h.authid),
        ("authlen", h.authlen),
        ("op", h.op),
        ("handle", h.handle),
        ("id", h.id),
        ("rid", h.rid),
    ] {
        assert_eq!(value, number(decoded, field), "{name}: {field}");
    }
    assert_eq!(
        owned(frame.message_values()),
        values(decoded, "msg"),
        "{name}"
    );
    assert_eq!(
        owned(frame.object_values()),
        values(decoded, "obj"),
        "{name}"
    );
    assert_eq!(frame.signature(), bytes(&decoded["signature"]), "{name}");

    let mut again = Vec::new();
    let mut e = Encoder::begin(&mut again, h.op, h.handle, h.id, h.rid);
    for (n, v) in values(decoded, "msg") {
        e.value(&n, Value::Bytes(&v)).unwrap();
    }
    e.next_list();
    for (n, v) in values(decoded, "obj") {
        e.value(&n, Value::Bytes(&v)).unwrap();
    }
    let range = e.finish(h.authid, h.authlen);
    assert_eq!(again, raw[..raw.len() - h.authlen as usize], "{name}");

    if let (Some(key), true) = (key, h.authid != 0 && h.authlen > 0)
        && (from_server || !BADLY_SIGNED.contains(&name))
    {
        assert!(key.verify(&frame.signed(), frame.signature()), "{name}");
        key.append_signature(&mut again, range);
        assert_eq!(again, raw, "{name}");
    }
}

#[test]
fn every_message_of_every_session() {
    let sessions = sessions();
    assert!(sessions.len() >= 110, "only {} sessions", sessions.len());
    let (mut messages, mut signed) = (0, 0);
    for (name, session) in &sessions {
        let key = key(session);
        let recorded = session["messages"].as_array().unwrap();
        let decoded = session["decoded"].as_array().unwrap();
        assert_eq!(recorded.len(), decoded.len(), "{name}");
        for (message, decoded) in recorded.iter().zip(decoded) {
            let kind = decoded["kind"].as_str().unwrap();
            let raw = match kind {
                "eof" => continue,
                _ => bytes(&message["hex"]),
            };
            match kind {
                "startup" => {
                    let version = number(decoded, "version");
                    let size = number(decoded, "header_size");
                    let expected = match (version, size) {
                        (100, 24..=1024) => Ok(Some(Introduction {
                            header_size: size as usize,
                        })),
                        (100, _) => Err(omapi::wire::WireError::HeaderSize(size)),
                        _ => Err(omapi::wire::WireError::Version(version)),
                    };
                    let read = Introduction::decode(&raw, &Limits::default());
                    assert_eq!(read, expected, "{name}");
                }
                "message" => {
                    let from_server = message["dir"] == "s2c";
                    check_message(name, from_server, &raw, decoded, key.as_ref());
                    signed += usize::from(number(decoded, "authlen") > 0);
                }
                // The one message with a longer header.
                "undecodable" => {
                    assert_eq!(name, "header_size_28");
                    let mut scanner = Scanner::new(28, Limits::default());
                    let span = scanner.scan(&raw).unwrap().unwrap();
                    let frame = Frame::new(&raw, span);
                    assert_eq!(frame.message_values().get(b"type"), Some(&b"lease"[..]));
                }
                other => panic!("{name}: {other}"),
            }
            messages += 1;
        }
    }
    println!(
        "{messages} messages, {signed} of them signed, in {} sessions",
        sessions.len()
    );
    assert!(messages > 800, "{messages}");
    assert!(signed > 60, "{signed}");
}
