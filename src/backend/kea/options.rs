//! DHCP options by dhcpd's names: codes and formats (dhcp-options(5), RFC
//! 2132), and their values as the bytes that go to the client.
//!
//! Values are given to Kea as bytes, never as its text: they arrive exactly,
//! and Kea cuts text at commas.

use super::Failure;
use super::tokens::Token;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// How the value of an option is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An address.
    Address,
    /// Addresses.
    Addresses,
    /// Pairs of addresses.
    Pairs,
    /// A quoted text.
    Text,
    /// A quoted text, or bytes.
    Bytes,
    /// An unsigned number of so many bytes.
    Number(usize),
    /// Numbers of so many bytes.
    Numbers(usize),
    /// A signed number of four bytes.
    Signed,
    /// `true` or `false`.
    Flag,
    /// Quoted domain names.
    Domains,
}

use Format::{Address, Addresses, Bytes, Domains, Flag, Number, Numbers, Pairs, Signed, Text};

const OPTIONS: [(&str, u8, Format); 85] = [
    ("time-offset", 2, Signed),
    ("routers", 3, Addresses),
    ("time-servers", 4, Addresses),
    ("ien116-name-servers", 5, Addresses),
    ("domain-name-servers", 6, Addresses),
    ("log-servers", 7, Addresses),
    ("cookie-servers", 8, Addresses),
    ("lpr-servers", 9, Addresses),
    ("impress-servers", 10, Addresses),
    ("resource-location-servers", 11, Addresses),
    ("host-name", 12, Text),
    ("boot-size", 13, Number(2)),
    ("merit-dump", 14, Text),
    ("domain-name", 15, Text),
    ("swap-server", 16, Address),
    ("root-path", 17, Text),
    ("extensions-path", 18, Text),
    ("ip-forwarding", 19, Flag),
    ("non-local-source-routing", 20, Flag),
    ("policy-filter", 21, Pairs),
    ("max-dgram-reassembly", 22, Number(2)),
    ("default-ip-ttl", 23, Number(1)),
    ("path-mtu-aging-timeout", 24, Number(4)),
    ("path-mtu-plateau-table", 25, Numbers(2)),
    ("interface-mtu", 26, Number(2)),
    ("all-subnets-local", 27, Flag),
    ("broadcast-address", 28, Address),
    ("perform-mask-discovery", 29, Flag),
    ("mask-supplier", 30, Flag),
    ("router-discovery", 31, Flag),
    ("router-solicitation-address", 32, Address),
    ("static-routes", 33, Pairs),
    ("trailer-encapsulation", 34, Flag),
    ("arp-cache-timeout", 35, Number(4)),
    ("ieee802-3-encapsulation", 36, Flag),
    ("default-tcp-ttl", 37, Number(1)),
    ("tcp-keepalive-interval", 38, Number(4)),
    ("tcp-keepalive-garbage", 39, Flag),
    ("nis-domain", 40, Text),
    ("nis-servers", 41, Addresses),
    ("ntp-servers", 42, Addresses),
    ("vendor-encapsulated-options", 43, Bytes),
    ("netbios-name-servers", 44, Addresses),
    ("netbios-dd-server", 45, Addresses),
    ("netbios-node-type", 46, Number(1)),
    ("netbios-scope", 47, Text),
    ("font-servers", 48, Addresses),
    ("x-display-manager", 49, Addresses),
    ("vendor-class-identifier", 60, Bytes),
    ("nwip-domain", 62, Text),
    ("nisplus-domain", 64, Text),
    ("nisplus-servers", 65, Addresses),
    ("tftp-server-name", 66, Text),
    ("bootfile-name", 67, Text),
    ("mobile-ip-home-agent", 68, Addresses),
    ("smtp-server", 69, Addresses),
    ("pop-server", 70, Addresses),
    ("nntp-server", 71, Addresses),
    ("www-server", 72, Addresses),
    ("finger-server", 73, Addresses),
    ("irc-server", 74, Addresses),
    ("streettalk-server", 75, Addresses),
    ("streettalk-directory-assistance-server", 76, Addresses),
    ("nds-servers", 85, Addresses),
    ("nds-tree-name", 86, Bytes),
    ("nds-context", 87, Bytes),
    ("associated-ip", 92, Addresses),
    ("pxe-system-type", 93, Numbers(2)),
    ("uap-servers", 98, Text),
    ("pcode", 100, Text),
    ("tcode", 101, Text),
    ("v6-only-preferred", 108, Number(4)),
    ("netinfo-server-address", 112, Addresses),
    ("netinfo-server-tag", 113, Text),
    ("default-url", 114, Text),
    ("auto-config", 116, Number(1)),
    ("name-service-search", 117, Numbers(2)),
    ("domain-search", 119, Domains),
    ("capwap-ac-v4", 138, Addresses),
    ("ipv4-address-andsf", 142, Addresses),
    ("tftp-server-address", 150, Addresses),
    ("v4-captive-portal", 160, Text),
    ("loader-configfile", 209, Text),
    ("loader-pathprefix", 210, Text),
    ("loader-reboottime", 211, Number(4)),
];

/// Options that Kea takes in a reservation and then does not send as given:
/// the mask comes from the subnet, the lease time from elsewhere. Others are
/// the protocol's own.
fn is_refused(code: u8) -> bool {
    matches!(code, 0 | 1 | 50..=59 | 61 | 82 | 255)
}

/// Options of dhcpd whose formats are not known here.
const REFUSED: [&str; 19] = [
    "subnet-mask",
    "nwip-suboptions",
    "user-class",
    "slp-directory-agent",
    "slp-service-scope",
    "relay-agent-information",
    "bcms-controller-names",
    "bcms-controller-address",
    "pxe-interface-id",
    "pxe-client-id",
    "subnet-selection",
    "vivco",
    "vivso",
    "v4-lost",
    "sip-ua-cs-domains",
    "rdnss-selection",
    "v4-portparams",
    "option-6rd",
    "v4-access-domain",
];

/// Code and format of an option; `option-150` and `unknown-150` are code 150.
///
/// # Errors
/// `DHCP_R_BADPARSE` for an unknown name, `ISC_R_NOTIMPLEMENTED` for one that
/// Kea has no faithful equivalent of.
pub fn find(name: &str) -> Result<(u8, Format), Failure> {
    if let Some((_, code, format)) = OPTIONS.iter().find(|(n, ..)| *n == name) {
        return Ok((*code, *format));
    }
    if REFUSED.contains(&name) || name.starts_with("dhcp-") || name.contains('.') {
        return Err(Failure::because(
            Status::NOT_IMPLEMENTED,
            "Kea has no faithful equivalent of this option",
        ));
    }
    let code = name
        .strip_prefix("option-")
        .or_else(|| name.strip_prefix("unknown-"))
        .and_then(|code| code.parse().ok());
    match code {
        Some(code) if is_refused(code) => Err(Status::NOT_IMPLEMENTED.into()),
        Some(code) => Ok((code, Bytes)),
        None => Err(Failure::because(Status::BAD_PARSE, "unknown option")),
    }
}

/// The bytes of a value.
///
/// # Errors
/// `DHCP_R_BADPARSE`, or `ISC_R_NOTIMPLEMENTED` for host names.
pub fn encode(format: Format, tokens: &[Token]) -> Result<Vec<u8>, Failure> {
    let bad = || Failure::because(Status::BAD_PARSE, "value of the option");
    let items: Vec<&[Token]> = tokens.split(|t| *t == Token::Comma).collect();
    if items.iter().any(|item| item.is_empty()) {
        return Err(bad());
    }
    let single = match &items[..] {
        [[one]] => Some(one),
        _ => None,
    };
    let mut out = Vec::new();
    match format {
        Address | Text | Bytes | Number(_) | Signed | Flag if single.is_none() => {
            return Err(bad());
        }
        Address | Addresses => {
            for item in &items {
                match item {
                    [one] => out.extend(address(one)?),
                    _ => return Err(bad()),
                }
            }
        }
        Pairs => {
            for item in &items {
                match item {
                    [a, b] => out.extend([address(a)?, address(b)?].concat()),
                    _ => return Err(bad()),
                }
            }
        }
        Number(size) | Numbers(size) => {
            for item in &items {
                match item {
                    [Token::Word(word)] => {
                        let n = number(word).filter(|n| n >> (8 * size) == 0);
                        let bytes = n.ok_or_else(bad)?.to_be_bytes();
                        out.extend_from_slice(&bytes[8 - size..]);
                    }
                    _ => return Err(bad()),
                }
            }
        }
        Domains => {
            for item in &items {
                match item {
                    [Token::Text(name)] => domain(&mut out, name).ok_or_else(bad)?,
                    _ => return Err(bad()),
                }
            }
        }
        Signed => {
            let Some(Token::Word(word)) = single else {
                return Err(bad());
            };
            let hex = || number(word).and_then(|n| u32::try_from(n).ok());
            let n = word.parse().ok().map(i32::to_be_bytes);
            out.extend(n.or_else(|| hex().map(u32::to_be_bytes)).ok_or_else(bad)?);
        }
        Flag => out.push(match single {
            Some(Token::Word(w)) if w == "true" || w == "on" => 1,
            Some(Token::Word(w)) if w == "false" || w == "off" => 0,
            // Of dhcpd, for which it is neither.
            Some(Token::Word(w)) if w == "ignore" => return Err(Status::NOT_IMPLEMENTED.into()),
            _ => return Err(bad()),
        }),
        Text => match single {
            Some(Token::Text(text)) => out.extend(text),
            _ => return Err(bad()),
        },
        Bytes => match single {
            Some(Token::Text(text)) => out.extend(text),
            Some(Token::Word(word)) => {
                out = super::json::identifier(word)
                    .filter(|_| word.contains(':') || word.len() <= 2)
                    .ok_or_else(bad)?;
            }
            _ => return Err(bad()),
        },
    }
    match out.len() {
        1..=255 => Ok(out),
        _ => Err(bad()),
    }
}

/// An address. Names would have to be looked up where the server is.
///
/// # Errors
/// See [`encode`].
pub fn address(token: &Token) -> Result<[u8; 4], Failure> {
    match token {
        Token::Word(word) => match word.parse::<Ipv4Addr>() {
            Ok(address) => Ok(address.octets()),
            Err(_) if word.starts_with(|c: char| c.is_ascii_alphabetic()) => Err(Failure::because(
                Status::NOT_IMPLEMENTED,
                "a host name in place of an address",
            )),
            Err(_) => Err(Status::BAD_PARSE.into()),
        },
        _ => Err(Status::BAD_PARSE.into()),
    }
}

/// A number: decimal, `0x`, or octal with a leading zero.
#[must_use]
pub fn number(word: &str) -> Option<u64> {
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if word.len() > 1 && word.starts_with('0') => u64::from_str_radix(word, 8).ok(),
        None => word.parse().ok(),
    }
}

/// A domain name in the form of RFC 1035, uncompressed.
fn domain(out: &mut Vec<u8>, name: &[u8]) -> Option<()> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    for label in name.split(|&b| b == b'.') {
        match u8::try_from(label.len()) {
            Ok(n @ 1..=63) => out.push(n),
            _ => return None,
        }
        out.extend_from_slice(label);
    }
    out.push(0);
    Some(())
}
