//! The secret of a key, in base64, perhaps in several tokens.

use crate::lexer::{Kind, Lexer, Token};
use zeroize::{Zeroize, Zeroizing};

/// Reads a base64 value: the next token, whatever it is, and those behind it
/// that could belong to it. `Err` when there are no bytes in it. What is wrong
/// is complained about; bits that make no byte at the end are not fatal.
pub(crate) fn parse(lexer: &mut Lexer) -> Result<Zeroizing<Vec<u8>>, ()> {
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        tokens.push(lexer.next());
        let next = lexer.peek();
        let fits = |&c: &u8| c == b'=' || digit(c).is_some();
        if next.kind == Kind::End || !next.c_text().iter().all(fits) {
            break;
        }
    }
    let decoded = decode(&tokens);
    for token in &mut tokens {
        token.text.zeroize();
    }
    let secret = match decoded {
        Ok((secret, left)) => {
            if left != 0 {
                lexer.complain(&format!("partial base64 value left over: {left}."));
            }
            secret
        }
        Err(complaint) => {
            lexer.complain(&complaint);
            return Err(());
        }
    };
    if secret.is_empty() {
        Err(())
    } else {
        Ok(secret)
    }
}

/// The bytes, and what the last characters hold beyond them.
fn decode(tokens: &[Token]) -> Result<(Zeroizing<Vec<u8>>, u8), String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let (mut left, mut phase, mut ended) = (0, 0, false);
    for token in tokens {
        for &c in token.c_text() {
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

    /// The secret, the first complaint, and whether something follows.
    fn parsed(text: &str) -> (Vec<u8>, String, bool) {
        let mut lexer = Lexer::new(text.as_bytes());
        let secret = parse(&mut lexer).map_or_else(|()| Vec::new(), |s| s.to_vec());
        let more = lexer.peek().kind != Kind::End;
        let complaints = String::from_utf8(lexer.complaints()).unwrap();
        let first = complaints.lines().next().unwrap_or_default();
        let complaint = first.split_once(": ").map_or("", |p| p.1).to_owned();
        (secret, complaint, more)
    }

    #[test]
    fn secrets() {
        for (text, secret, complaint, more) in [
            ("YWJj", &b"abc"[..], "", false),
            ("\"YWJj\"", b"abc", "", false),
            ("YW Jj ;", b"abc", "", true),
            ("YQ==", b"a", "", false),
            ("YQ", b"a", "", false),
            ("+/+/", &[0xfb, 0xff, 0xbf], "", false),
            ("\"\" YWJj", b"abc", "", false),
            ("YWJj -1", b"abc", "", true),
            ("=", b"", "", false),
            ("Y", b"", "partial base64 value left over: 24.", false),
            (
                "YWJj x",
                b"abc",
                "partial base64 value left over: 49.",
                false,
            ),
            ("YWJj-", b"", "invalid base64 character 45.", false),
            ("; YQ", b"", "invalid base64 character 59.", false),
            (
                "YQ= YQ",
                b"",
                "stuff after base64 '=' terminator: YQ.",
                false,
            ),
        ] {
            let expected = (secret.to_vec(), complaint.to_owned(), more);
            assert_eq!(parsed(text), expected, "{text}");
        }
    }
}
