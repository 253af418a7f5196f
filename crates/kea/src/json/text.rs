//! JSON as Kea reads and writes it.
//!
//! Kea's strings are strings of bytes: it writes every byte from 0x80 as
//! `\u00XX`, one escape for each byte, and refuses escapes from `\u0100` on.
//! Here a byte is one `char` up to U+00FF inside a string, in both directions.
//! The text of numbers (64-bit, `0.875`, `1e3`) and the order of keys survive.

use omapi::status::Status;
use std::borrow::Cow;
use std::fmt::Write as _;

use super::map::Map;
use super::value::Value;

/// Most bytes of one answer. (A configuration with 10 000 reservations has
/// 2 MB, 30 000 leases in one answer 6 MB.)
pub const MAX_BYTES: usize = 128 << 20;

/// Most values in one answer: what a hostile answer may make us allocate is
/// bounded by it, at about a hundred bytes for each.
const MAX_VALUES: usize = 4 << 20;

/// Deepest nesting; the parser's own limit is the same.
const MAX_DEPTH: u32 = 120;

/// A key that the parser uses for numbers inside; a map with it would not
/// survive a round trip.
const PRIVATE: &[u8] = b"$serde_json::private";

static OUTSIDE: [bool; 256] = marks(b"\"{}[],", true);
static IN_STRINGS: [bool; 256] = marks(b"\"\\", true);
static ALL: [bool; 256] = [true; 256];
static BEFORE: [bool; 256] = marks(b" \t\r\n", false);

/// `is` for these bytes, the opposite for the others.
const fn marks(bytes: &[u8], is: bool) -> [bool; 256] {
    let mut marks = [!is; 256];
    let mut at = 0;
    while at < bytes.len() {
        marks[bytes[at] as usize] = is;
        at += 1;
    }
    marks
}

/// Finds the end of an answer while it arrives, and enforces the limits before
/// anything is built from it. No byte is looked at twice.
#[derive(Debug, Default)]
pub struct Scanner {
    at: usize,
    depth: u32,
    values: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    /// Looks at what is new in `buffer`, which must start with what it held
    /// before. The length of the answer when it is complete.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR`: not a map or list, or beyond a limit.
    pub fn scan(&mut self, buffer: &[u8]) -> Result<Option<usize>, Status> {
        if buffer.len() > MAX_BYTES {
            return Err(Status::PROTOCOL_ERROR);
        }
        let mut at = self.at;
        let mut marks = self.marks();
        while let Some(&byte) = buffer.get(at) {
            at += 1;
            if !marks[usize::from(byte)] {
                continue;
            }
            match byte {
                _ if self.escaped => self.escaped = false,
                b'{' | b'[' => {
                    self.depth += 1;
                    self.count()?;
                }
                _ if self.depth == 0 => return Err(Status::PROTOCOL_ERROR),
                b'"' => self.in_string = !self.in_string,
                b'\\' => self.escaped = true,
                b',' => self.count()?,
                // The others are brackets.
                _ if self.depth == 1 => return Ok(Some(at)),
                _ => self.depth -= 1,
            }
            marks = self.marks();
        }
        self.at = at;
        Ok(None)
    }

    /// What counts now.
    fn marks(&self) -> &'static [bool; 256] {
        match (self.in_string, self.depth) {
            _ if self.escaped => &ALL,
            (true, _) => &IN_STRINGS,
            (false, 0) => &BEFORE,
            (false, _) => &OUTSIDE,
        }
    }

    fn count(&mut self) -> Result<(), Status> {
        self.values += 1;
        if self.values > MAX_VALUES || self.depth > MAX_DEPTH {
            return Err(Status::PROTOCOL_ERROR);
        }
        Ok(())
    }
}

/// Parses a whole text.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` for what is no JSON, is too deep or too large.
pub fn parse(text: &[u8]) -> Result<Value, Status> {
    if text.len() > MAX_BYTES || contains(text, PRIVATE) {
        return Err(Status::PROTOCOL_ERROR);
    }
    serde_json::from_str(&one_char_for_each_byte(text)).map_err(|_| Status::PROTOCOL_ERROR)
}

/// Parses what a program wrote: the same, checked for limits first.
///
/// # Errors
/// `DHCP_R_INVALIDARG`.
pub(crate) fn parse_argument(text: &[u8]) -> Result<Value, Status> {
    Scanner::default()
        .scan(text)
        .and_then(|end| end.ok_or(Status::PROTOCOL_ERROR))
        .and_then(|_| parse(text))
        .map_err(|_| Status::INVALID_ARGUMENT)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    // The needle's first byte is rare in answers.
    haystack.contains(&needle[0]) && haystack.windows(needle.len()).any(|w| w == needle)
}

fn one_char_for_each_byte(text: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(text) {
        Ok(ascii) if text.is_ascii() => Cow::Borrowed(ascii),
        _ => Cow::Owned(text.iter().map(|&b| char::from(b)).collect()),
    }
}

/// Writes a value in ASCII.
#[must_use]
pub fn emit(value: &Value) -> Vec<u8> {
    emitted(value).into_bytes()
}

pub(super) fn emitted(value: &Value) -> String {
    // Enough for a command about a lease or host.
    let mut out = String::with_capacity(256);
    put(&mut out, value);
    out
}

/// Writes a value behind what is there.
pub(crate) fn put(out: &mut String, value: &Value) {
    // Writing to a String cannot fail.
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(n) => drop(write!(out, "{n}")),
        Value::String(s) => put_string(out, s),
        Value::Array(list) => {
            out.push('[');
            for (i, item) in list.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put(out, item);
            }
            out.push(']');
        }
        Value::Object(map) => {
            if let Some(text) = map.text() {
                return out.push_str(text);
            }
            out.push('{');
            for (i, (key, item)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                put_string(out, key);
                out.push(':');
                put(out, item);
            }
            out.push('}');
        }
    }
}

/// Writes a string behind what is there.
pub(crate) fn put_string(out: &mut String, text: &str) {
    out.push('"');
    let plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push_str(text)
    } else {
        put_escaped(out, text)
    }
    out.push('"');
}

fn put_escaped(out: &mut String, text: &str) {
    let mut units = [0; 2];
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
}

/// Bytes as a JSON string.
#[must_use]
pub(crate) fn text(bytes: &[u8]) -> String {
    if bytes.is_ascii()
        && let Ok(ascii) = core::str::from_utf8(bytes)
    {
        return ascii.to_owned();
    }
    bytes.iter().map(|&b| char::from(b)).collect()
}

/// A JSON string as bytes. What Kea sends has no other characters than bytes.
#[must_use]
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

/// The string under `key`, if there is one and it is not empty.
#[must_use]
pub(crate) fn string<'a>(map: &'a Map, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|s| !s.is_empty())
}

/// The unsigned number under `key`.
#[must_use]
pub(crate) fn number(map: &Map, key: &str) -> Option<u64> {
    map.get(key)?.as_u64()
}

/// The list under `key`, empty when there is none.
#[must_use]
pub(crate) fn list<'a>(map: &'a Map, key: &str) -> &'a [Value] {
    map.get(key).and_then(Value::as_array).map_or(&[], |l| l)
}

/// `map.a.b` ..., if all of them are maps.
#[must_use]
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |v, key| v.get(key))
}

/// The value under `key`, a map made for it when it is missing.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when `value` is no map.
pub(crate) fn child<'v>(value: &'v mut Value, key: &str) -> Result<&'v mut Value, Status> {
    let map = value.as_object_mut().ok_or(Status::INVALID_ARGUMENT)?;
    Ok(map.entry(key).or_insert_with(|| Map::new().into()))
}

/// A map of these pairs.
pub(crate) fn map<const N: usize>(pairs: [(&str, Value); N]) -> Map {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// Pairs of hexadecimal digits as bytes: with colons between them, without,
/// or single digits with colons, in either case; or `'text'` in quotes. All
/// forms that Kea takes for an identifier.
#[must_use]
pub(crate) fn identifier(text: &str) -> Option<Vec<u8>> {
    if let Some(quoted) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        return Some(bytes(quoted));
    }
    if let Some(bytes) = pairs(text.as_bytes()) {
        return Some(bytes);
    }
    let text = text.strip_prefix("0x").unwrap_or(text);
    let colons = text.contains(':');
    let mut out = Vec::with_capacity(text.len().div_ceil(2));
    let (mut byte, mut digits) = (0, 0);
    for c in text.bytes() {
        match hex_digit(c) {
            Some(digit) if digits < 2 => {
                byte = byte << 4 | digit;
                digits += 1;
            }
            None if c == b':' && digits > 0 => {
                out.push(byte);
                (byte, digits) = (0, 0);
            }
            _ => return None,
        }
        if digits == 2 && !colons {
            out.push(byte);
            (byte, digits) = (0, 0);
        }
    }
    match (colons, digits) {
        (true, 1 | 2) => out.push(byte),
        (false, 0) => {}
        _ => return None,
    }
    Some(out)
}

fn hex_digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

/// The form in which Kea writes those of leases: every lookup reads two. What
/// that saves has not been measured by itself.
fn pairs(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    if text.len() % 3 != 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len().div_ceil(3));
    for pair in text.chunks(3) {
        match pair {
            [high, low] | [high, low, b':'] => out.push(digit(*high)? << 4 | digit(*low)?),
            _ => return None,
        }
    }
    Some(out)
}

/// Bytes as lower-case pairs with colons, as Kea writes addresses.
#[must_use]
pub(crate) fn colons(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n & 15)]);
    let mut out = String::with_capacity(bytes.len() * 3);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            out.push(':');
        }
        out.extend([digit(byte >> 4), digit(*byte)]);
    }
    out
}

/// Bytes as upper-case digits, as Kea writes binary option data.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut s, b| {
        // Writing to a String cannot fail.
        let _ = write!(s, "{b:02X}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_numbers_and_order_survive() {
        let source = br#"{"z":"\u00c3\u00a9","a":[0.875,12345678901234567890123,1e+3,-0.0,99999999999],"b":{"\u0000":"\u000a\u007f\"\\"}}"#;
        let value = parse(source).unwrap();
        assert_eq!(emit(&value), source);
        assert_eq!(bytes(value["z"].as_str().unwrap()), b"\xc3\xa9");
        // Raw bytes from a program mean the same.
        assert_eq!(
            emit(&parse("{\"z\":\"é\"}".as_bytes()).unwrap()),
            br#"{"z":"\u00c3\u00a9"}"#
        );
    }

    #[test]
    fn ends_and_limits() {
        let text = br#" {"a":"}\"","b":[1,{}]} trailing"#;
        for cut in 0..text.len() {
            let mut s = Scanner::default();
            let first = s.scan(&text[..cut]).unwrap();
            let end = text.len() - " trailing".len();
            assert_eq!(first, (cut >= end).then_some(end), "{cut}");
            if first.is_none() {
                assert_eq!(s.scan(text).unwrap(), Some(end));
            }
        }
        for bad in [&b"hello"[..], b"\"x\"", b"12"] {
            assert_eq!(Scanner::default().scan(bad), Err(Status::PROTOCOL_ERROR));
        }
        let deep = "[".repeat(100_000);
        assert!(Scanner::default().scan(deep.as_bytes()).is_err());
        let wide = format!("[{}", "0,".repeat(MAX_VALUES + 1));
        assert!(Scanner::default().scan(wide.as_bytes()).is_err());
        assert!(parse(br#"{"$serde_json::private::Number":"1"}"#).is_err());
        assert!(parse_argument(br#"{"a":1"#).is_err());
        assert!(parse_argument(b"7").is_err());
    }

    #[test]
    fn identifiers() {
        assert_eq!(identifier("01:0a:B").unwrap(), [1, 10, 11]);
        assert_eq!(identifier("010A0B").unwrap(), [1, 10, 11]);
        assert_eq!(identifier("'foo'").unwrap(), b"foo");
        assert_eq!(identifier("").unwrap(), b"");
        assert_eq!(identifier("a:b").unwrap(), [10, 11]);
        for bad in [
            "zz", "1", "01-02", "1:2:345", "+1:2", ":", "1:", ":1", "1::2", "010", "0102:3",
        ] {
            assert!(identifier(bad).is_none(), "{bad}");
        }
        assert_eq!(colons(&[1, 255]), "01:ff");
        assert_eq!(hex(&[1, 255]), "01FF");
    }
}
