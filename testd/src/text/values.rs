//! Values inside statements: addresses, dates, byte strings.

use super::lexer::Token;
use std::net::Ipv4Addr;

/// A decimal number; the byte strings of tokens are not always UTF-8.
pub(super) fn number(token: &Token<'_>) -> Option<u32> {
    std::str::from_utf8(token.bytes()).ok()?.parse().ok()
}

/// An IPv4 address in dotted form.
pub(super) fn address(token: &Token<'_>) -> Option<Ipv4Addr> {
    std::str::from_utf8(token.bytes()).ok()?.parse().ok()
}

/// Bytes, as a quoted string or as `1:2:aa`.
pub(super) fn data(token: &Token<'_>) -> Option<Vec<u8>> {
    match token {
        Token::Text(text) => Some(text.clone()),
        Token::Word(word) => colon_hex(word),
        Token::Mark(_) => None,
    }
}

fn colon_hex(word: &[u8]) -> Option<Vec<u8>> {
    word.split(|b| *b == b':')
        .map(|part| match part.len() {
            // from_str_radix alone would take a sign.
            1 | 2 if part.iter().all(u8::is_ascii_hexdigit) => {
                u8::from_str_radix(std::str::from_utf8(part).ok()?, 16).ok()
            }
            _ => None,
        })
        .collect()
}

/// What follows `hardware`: type and address.
pub(super) fn hardware(arguments: &[Token<'_>]) -> Option<(u8, Vec<u8>)> {
    let [kind, address] = arguments else {
        return None;
    };
    let kind = if kind.is("ethernet") {
        1
    } else if kind.is("token-ring") {
        6
    } else if kind.is("fddi") {
        8
    } else if kind.is("infiniband") {
        32
    } else {
        let word = std::str::from_utf8(kind.bytes()).ok()?;
        word.strip_prefix("unknown-")?.parse().ok()?
    };
    Some((kind, data(address)?))
}

/// The time of "no end": what dhcpd publishes for `never`.
pub(crate) const NEVER: u32 = 0x7fff_ffff;

/// `never`, `epoch N`, or weekday, date and time (UTC). Times before 1970
/// or behind the 32 bits of the wire are refused.
pub(super) fn time(arguments: &[Token<'_>]) -> Option<u32> {
    match arguments {
        [never] if never.is("never") => Some(NEVER),
        [epoch, seconds] if epoch.is("epoch") => number(seconds),
        [_weekday, date, clock, ..] => {
            let [year, month, day] = numbers(date.bytes(), b'/')?;
            let [hour, minute, second] = numbers(clock.bytes(), b':')?;
            if !(1970..=9999).contains(&year)
                || !(1..=12).contains(&month)
                || !(1..=31).contains(&day)
                || hour > 23
                || minute > 59
                || second > 60
            {
                return None;
            }
            let seconds = days_since_1970(year, month, day) * 86_400
                + u64::from(hour * 3600 + minute * 60 + second);
            u32::try_from(seconds).ok()
        }
        _ => None,
    }
}

fn numbers(text: &[u8], separator: u8) -> Option<[u32; 3]> {
    let mut parts = text.split(|b| *b == separator);
    let mut next = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let all = [next()?, next()?, next()?];
    parts.next().is_none().then_some(all)
}

/// Days from 1970-01-01 in the Gregorian calendar. The year is taken to begin
/// in March, so that the leap day is its last.
fn days_since_1970(year: u32, month: u32, day: u32) -> u64 {
    let (year, month) = if month > 2 {
        (u64::from(year), u64::from(month) - 3)
    } else {
        (u64::from(year) - 1, u64::from(month) + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let before_month = (153 * month + 2) / 5;
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + before_month + u64::from(day) - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lexer::Lexer;

    fn parse(text: &str) -> Option<u32> {
        time(&Lexer::new(text.as_bytes()).arguments().unwrap())
    }

    #[test]
    fn times() {
        for (text, seconds) in [
            ("4 1970/01/01 00:00:00;", Some(0)),
            ("6 2026/11/21 00:00:00;", Some(0x6b00_df00)),
            ("2 2000/02/29 12:34:56;", Some(951_827_696)),
            ("0 2106/02/07 06:28:15;", Some(u32::MAX)),
            ("0 2106/02/07 06:28:16;", None),
            ("epoch 1795219200;", Some(0x6b00_df00)),
            ("never;", Some(NEVER)),
            ("6 2026/13/21 00:00:00;", None),
            ("6 2026/11 00:00:00;", None),
            ("soon;", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }

    #[test]
    fn byte_strings() {
        assert_eq!(data(&Token::Word(b"1:02:aa")), Some(vec![1, 2, 0xaa]));
        for bad in ["1:", "xy", "123", "1::2", "+1"] {
            assert_eq!(data(&Token::Word(bad.as_bytes())), None, "{bad}");
        }
    }
}
