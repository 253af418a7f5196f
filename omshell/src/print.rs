//! How objects are shown.

use dhcpctl::client::Value;

/// Room of the original for a value that came from the server, with its
/// terminator. Longer text is cut, longer hexadecimal is not shown at all:
/// scripts may rely on short lines.
const ROOM: usize = 1023;

/// Appends the line that says that there is no object.
pub(crate) fn no_object(out: &mut Vec<u8>) {
    out.extend_from_slice(b"obj: <null>\n");
}

/// Appends the lines of an object.
pub(crate) fn object(out: &mut Vec<u8>, object_type: &[u8], values: &[(Vec<u8>, Value)]) {
    out.extend_from_slice(b"obj: ");
    out.extend_from_slice(object_type);
    out.push(b'\n');
    for (name, v) in values {
        out.extend_from_slice(to_nul(name));
        out.extend_from_slice(b" = ");
        value(out, v);
        out.push(b'\n');
    }
}

/// Appends a value.
fn value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"<null>"),
        Value::Int(i) => out.extend_from_slice(i.to_string().as_bytes()),
        Value::String(text) => quoted(out, to_nul(text)),
        Value::Data(bytes) if bytes.iter().all(|c| matches!(c, b' '..=b'~')) => {
            quoted(out, &bytes[..bytes.len().min(ROOM - 1)]);
        }
        Value::Data(bytes) if bytes.len() * 3 <= ROOM => {
            for (at, byte) in bytes.iter().enumerate() {
                let colon = if at == 0 { "" } else { ":" };
                out.extend_from_slice(format!("{colon}{byte:02x}").as_bytes());
            }
        }
        Value::Data(_) => {}
        Value::Object => out.extend_from_slice(b"<obj>"),
    }
}

/// Quotes and backslashes inside are not marked.
fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

/// The same text for a terminal: what would steer it (escape sequences in a
/// name or message from the server) is shown as `\x1b`, and so are bytes that
/// are no text.
pub(crate) fn for_terminal(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mark = |out: &mut Vec<u8>, bytes: &[u8]| {
        for byte in bytes {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    };
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut room = [0; 4];
            let bytes = c.encode_utf8(&mut room).as_bytes();
            if c.is_control() && !matches!(c, '\n' | '\t') {
                mark(&mut out, bytes)
            } else {
                out.extend_from_slice(bytes)
            }
        }
        mark(&mut out, chunk.invalid());
    }
    out
}

fn to_nul(text: &[u8]) -> &[u8] {
    text.split(|&c| c == 0).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(v: &Value) -> String {
        let mut out = Vec::new();
        value(&mut out, v);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values() {
        for (v, text) in [
            (Value::Null, "<null>"),
            (Value::Int(-7), "-7"),
            (Value::String(b"a\"b\n".to_vec()), "\"a\"b\n\""),
            (Value::String(b"a\0b".to_vec()), "\"a\""),
            (Value::Data(b"a \"b~".to_vec()), "\"a \"b~\""),
            (Value::Data(b"a\0".to_vec()), "61:00"),
            (Value::Data(vec![0x7f]), "7f"),
            (Value::Data(vec![1; 342]), ""),
            (Value::Object, "<obj>"),
        ] {
            assert_eq!(shown(&v), text);
        }
        assert_eq!(shown(&Value::Data(vec![1; 341])).len(), 1022);
        assert_eq!(shown(&Value::Data(vec![b'x'; 2000])).len(), 1024);
    }

    #[test]
    fn nothing_steers_a_terminal() {
        for (text, seen) in [
            (&b"name = \"h\"\n\tx"[..], &b"name = \"h\"\n\tx"[..]),
            (b"\x1b]0;title\x07\r", b"\\x1b]0;title\\x07\\x0d"),
            (
                "h\u{e9}\u{9b}2J".as_bytes(),
                "h\u{e9}\\xc2\\x9b2J".as_bytes(),
            ),
            (b"a\xff\x80b", b"a\\xff\\x80b"),
        ] {
            assert_eq!(for_terminal(text), seen);
        }
    }

    #[test]
    fn objects() {
        let mut out = Vec::new();
        no_object(&mut out);
        let values = [(b"name".to_vec(), Value::String(b"h".to_vec()))];
        object(&mut out, b"host", &values);
        assert_eq!(out, b"obj: <null>\nobj: host\nname = \"h\"\n");
    }
}
