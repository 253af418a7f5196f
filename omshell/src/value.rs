//! The values that `set` takes: a quoted string, a number, an address with
//! dots, bytes in hexadecimal with colons.

use crate::lexer::{Kind, Lexer, latin};
use dhcpctl::client::Value;

/// What was read where a value is expected, and the kind of the token behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A value, and what comes next.
    Value(Value, Kind),
    /// Something else, of that kind.
    Nothing(Kind),
    /// An address with a number that does not fit; complained about.
    TooLarge,
}

/// Reads a value and the token behind it.
pub(crate) fn parse(lexer: &mut Lexer) -> Parsed {
    let token = lexer.next();
    match token.kind {
        // As in C, a string ends at its first NUL.
        Kind::String => {
            let text = token.c_text().to_vec();
            Parsed::Value(Value::String(text), lexer.next().kind)
        }
        Kind::Number => match lexer.peek().kind {
            Kind::Other(b'.') => dotted(lexer, &token.text),
            Kind::Other(b':') => hex(lexer, &token.text),
            _ => Parsed::Value(Value::Int(number(&token.text)), lexer.next().kind),
        },
        Kind::HexName => hex(lexer, &token.text),
        kind => Parsed::Nothing(kind),
    }
}

/// The bytes of an address, of which `first` is read. An empty place between
/// two dots is a zero.
fn dotted(lexer: &mut Lexer, first: &[u8]) -> Parsed {
    let mut bytes = Vec::new();
    let mut text = first.to_vec();
    loop {
        let value = number(&text);
        if value > 255 {
            let shown = latin(&text);
            lexer.complain(&format!("dotted octet > 255: {shown}"));
            return Parsed::TooLarge;
        }
        bytes.push(value as u8);
        let mut next = lexer.next();
        loop {
            if next.kind != Kind::Other(b'.') {
                return Parsed::Value(Value::Data(bytes), next.kind);
            }
            next = lexer.next();
            match next.kind {
                Kind::Number => break,
                Kind::Other(b'.') => bytes.push(0),
                _ => {}
            }
        }
        text = next.text;
    }
}

/// The bytes of a list with colons, of which `first` is read.
fn hex(lexer: &mut Lexer, first: &[u8]) -> Parsed {
    let mut bytes = vec![octet(lexer, first)];
    loop {
        let mut next = lexer.next();
        if next.kind == Kind::Other(b':') {
            next = lexer.next();
            if matches!(next.kind, Kind::Number | Kind::HexName) {
                bytes.push(octet(lexer, &next.text));
                continue;
            }
        }
        return Parsed::Value(Value::Data(bytes), next.kind);
    }
}

/// A hexadecimal byte. One that is too large is complained about, and cut.
fn octet(lexer: &mut Lexer, text: &[u8]) -> u8 {
    let shown = || latin(text);
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        lexer.complain(&format!("Bogus number: {}.", shown()));
        return 0;
    }
    let mut value: u32 = 0;
    for &c in digits {
        let digit = char::from(c).to_digit(36).unwrap_or(36);
        if digit > 15 {
            lexer.complain(&format!(
                "Bogus number {}: digit {digit} not in base 16",
                shown()
            ));
            break;
        }
        value = value.wrapping_mul(16).wrapping_add(digit);
    }
    let max = if negative { 128 } else { 255 };
    if value > max {
        let sign = if negative { "-" } else { "" };
        lexer.complain(&format!(
            "{sign}{value:x} exceeds max ({max}) for precision."
        ));
    }
    if negative {
        value.wrapping_neg() as u8
    } else {
        value as u8
    }
}

/// A decimal number as C's `atoi` reads it on a 64-bit system.
pub(crate) fn number(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut value: i64 = 0;
    for &c in digits.iter().take_while(|c| c.is_ascii_digit()) {
        let digit = i64::from(c - b'0');
        let signed = if negative { -digit } else { digit };
        value = value.saturating_mul(10).saturating_add(signed);
    }
    value as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &[u8]) -> Option<Value> {
        Some(Value::Data(bytes.to_vec()))
    }

    /// The value, whether something follows, and how many complaints.
    fn parsed(text: &str) -> (Option<Value>, bool, usize) {
        let mut lexer = Lexer::new(text.as_bytes());
        let (value, next) = match parse(&mut lexer) {
            Parsed::Value(value, next) => (Some(value), next),
            Parsed::Nothing(next) => (None, next),
            Parsed::TooLarge => (None, Kind::End),
        };
        let complaints = String::from_utf8(lexer.complaints()).unwrap();
        (
            value,
            next != Kind::End,
            complaints.matches("<STDIN>").count(),
        )
    }

    #[test]
    fn numbers() {
        for (text, value) in [
            ("5", 5),
            ("-5", -5),
            ("010", 10),
            ("4294967295", -1),
            ("99999999999999999999", -1),
            ("-99999999999999999999", 0),
            ("-", 0),
        ] {
            assert_eq!(parsed(text), (Some(Value::Int(value)), false, 0), "{text}");
        }
    }

    #[test]
    fn addresses() {
        for (text, bytes, more) in [
            ("10.0.0.1", &[10, 0, 0, 1][..], false),
            ("10 . 1", &[10, 1], false),
            ("1.", &[1], false),
            ("1..", &[1, 0], false),
            ("1..1", &[1, 0, 1], false),
            ("1.-2", &[1, 254], false),
            ("1.a", &[1], true),
            ("1.2 3", &[1, 2], true),
            ("1.2:3", &[1, 2], true),
        ] {
            assert_eq!(parsed(text), (data(bytes), more, 0), "{text}");
        }
        assert_eq!(parsed("1.256"), (None, false, 1));
    }

    #[test]
    fn hexadecimal() {
        for (text, bytes, more, complaints) in [
            ("02:aa:B", &[2, 0xaa, 0xb][..], false, 0),
            ("1 : 2", &[1, 2], false, 0),
            ("a", &[10], false, 0),
            ("1:", &[1], false, 0),
            ("1::2", &[1], true, 0),
            ("-1:5", &[255, 5], false, 0),
            ("1:100", &[1, 0], false, 1),
            ("1:-ff", &[1, 1], false, 1),
            ("1:g", &[1, 0], false, 1),
            ("1:gg", &[1], true, 0),
            ("-:5", &[0, 5], false, 1),
        ] {
            assert_eq!(parsed(text), (data(bytes), more, complaints), "{text}");
        }
    }

    #[test]
    fn anything_else() {
        for (text, more) in [("", false), ("host", true), (".1", true), ("if", true)] {
            assert_eq!(parsed(text), (None, more, 0), "{text}");
        }
        let text = Some(Value::String(b"a".to_vec()));
        assert_eq!(parsed(r#""a\000b" c"#), (text, true, 0));
    }
}
