//! The secret of a key, in base64, perhaps in several tokens.

use crate::lexer::{Kind, Lexer, Token};

/// Reads a base64 value to where it ends. `None` when it is wrong; then it was
/// complained about. Bytes before a partial end are kept, as nothing says that
/// they are not what was meant.
pub fn parse(lexer: &mut Lexer) -> (Vec<u8>, Option<()>) {
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        // The first is taken whatever it is: a complaint will name it.
        tokens.push(lexer.next());
        let goes_on = match lexer.peek() {
            Kind::Number | Kind::String | Kind::Other(b'=' | b'/' | b'+') => true,
            kind => kind.is_word(),
        };
        if !goes_on {
            break;
        }
    }
    match decode(&tokens) {
        Ok((secret, 0)) => (secret, Some(())),
        Ok((secret, left)) => {
            lexer.complain(&format!("partial base64 value left over: {left}."));
            (secret, None)
        }
        Err(complaint) => {
            lexer.complain(&complaint);
            (Vec::new(), None)
        }
    }
}

/// The bytes, and what the last characters hold beyond them.
fn decode(tokens: &[Token]) -> Result<(Vec<u8>, u8), String> {
    let mut bytes = Vec::new();
    let (mut left, mut phase, mut ended) = (0, 0, false);
    for token in tokens {
        for &c in &token.text {
            if c == b'=' {
                ended = true;
                continue;
            }
            if ended {
                let shown = token.shown();
                return Err(format!("stuff after base64 '=' terminator: {shown}."));
            }
            let Some(digit) = digit(c) else {
                return Err(format!("invalid base64 character {}.", c as i8));
            };
            (left, phase) = match phase {
                0 => (digit, 1),
                1 => {
                    bytes.push(left << 2 | digit >> 4);
                    (digit & 15, 2)
                }
                2 => {
                    bytes.push(left << 4 | digit >> 2);
                    (digit & 3, 3)
                }
                _ => {
                    bytes.push(left << 6 | digit);
                    (0, 0)
                }
            };
        }
    }
    Ok((bytes, left))
}

fn digit(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<u8>, String) {
        let mut lexer = Lexer::new(text.as_bytes());
        let (secret, right) = parse(&mut lexer);
        let complaints = String::from_utf8(lexer.complaints()).unwrap();
        assert_eq!(right.is_some(), complaints.is_empty());
        let first = complaints.lines().next().unwrap_or_default();
        (
            secret,
            first.split_once(": ").map_or("", |p| p.1).to_owned(),
        )
    }

    #[test]
    fn secrets() {
        for (text, secret, complaint) in [
            ("YWJj", &b"abc"[..], ""),
            ("\"YWJj\"", b"abc", ""),
            ("YW Jj ;", b"abc", ""),
            ("YQ==", b"a", ""),
            ("YQ", b"a", ""),
            ("+/+/", &[0xfb, 0xff, 0xbf], ""),
            ("Y", b"", "partial base64 value left over: 24."),
            ("YWJj x", b"abc", "partial base64 value left over: 49."),
            ("YWJj-", b"", "invalid base64 character 45."),
            ("YQ== YQ==", b"", "stuff after base64 '=' terminator: YQ."),
            ("=", b"", ""),
        ] {
            assert_eq!(parsed(text), (secret.to_vec(), complaint.to_owned()));
        }
    }
}
