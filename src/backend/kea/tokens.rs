//! The pieces of statements in dhcpd.conf.

use super::Failure;
use super::json;
use omapi::status::Status;

/// Longest text of statements.
pub const MAX: usize = 32 * 1024;

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word, number or address.
    Word(String),
    /// A quoted text, its escapes resolved.
    Text(Vec<u8>),
    /// `,`
    Comma,
    /// `;`
    End,
    /// `{`, `}`, `(` ...: parts of what cannot be translated.
    Other(u8),
}

/// Splits a text.
///
/// # Errors
/// `DHCP_R_BADPARSE`: too long, an open quote, a character that no statement
/// has.
pub fn tokens(text: &[u8]) -> Result<Vec<Token>, Failure> {
    let bad = |why| Failure::because(Status::BAD_PARSE, why);
    if text.len() > MAX {
        return Err(bad("too long"));
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, more @ ..] = rest {
        rest = match first {
            b' ' | b'\t' | b'\r' | b'\n' => more,
            b'#' => {
                let end = more.iter().position(|&b| b == b'\n').unwrap_or(more.len());
                &more[end..]
            }
            b',' => {
                out.push(Token::Comma);
                more
            }
            b';' => {
                out.push(Token::End);
                more
            }
            b'{' | b'}' | b'(' | b')' | b'!' | b'<' | b'>' | b'+' | b'*' | b'/' | b'~' => {
                out.push(Token::Other(*first));
                more
            }
            b'"' => {
                let (string, more) = quoted(more).ok_or(bad("unterminated text"))?;
                out.push(Token::Text(string));
                more
            }
            b'=' => {
                out.push(Token::Word("=".into()));
                more
            }
            b if b.is_ascii_alphanumeric() || b"-_.:".contains(b) => {
                let word = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:".contains(b);
                let end = rest.iter().position(|b| !word(b)).unwrap_or(rest.len());
                out.push(Token::Word(json::text(&rest[..end])));
                &rest[end..]
            }
            _ => return Err(bad("character")),
        };
    }
    Ok(out)
}

/// A text up to its closing quote, with the escapes of dhcpd.conf: `\n`, `\t`,
/// `\r`, `\b`, three octal digits, `\x` with two digits; and what is behind.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', more @ ..] => return Some((out, more)),
            [b'\\', b'x', high, low, more @ ..] => {
                let digits = [*high, *low];
                // A sign is none, whatever the parser of numbers says.
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                let digits = core::str::from_utf8(&digits).ok()?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                rest = more;
            }
            [
                b'\\',
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                more @ ..,
            ] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = more;
            }
            [b'\\', escaped, more @ ..] => {
                out.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    other => *other,
                });
                rest = more;
            }
            [b'\\'] | [] => return None,
            [b, more @ ..] => {
                out.push(*b);
                rest = more;
            }
        }
    }
}
