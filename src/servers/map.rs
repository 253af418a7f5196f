//! The map that puts Kea servers in the place of others: its text, without I/O.
//!
//! ```text
//! # NAME = KEA, NAME:PORT = KEA
//! 127.0.0.1:7911 = kea:/run/kea/kea4-ctrl-socket   # a comment
//! [2001:db8::1] = /a; dhcp.example.org = /b
//! ```
//!
//! Every part of it either means something or is a mistake, and a map with a
//! mistake is not used at all: a program must not be led to another server than
//! the one that was meant.

use ::kea::{Target, host_and_port};
use engine::net;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

/// A map that was understood.
#[derive(Debug, Default)]
pub(super) struct Map(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    host: Host,
    /// `None` stands for all ports that no other entry names.
    port: Option<u16>,
    target: Target,
}

/// What is wrong with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Number of the line; the first is 1.
    pub line: usize,
    /// What is wrong with it, without quoting it: it may have a password.
    pub why: &'static str,
}

/// A name, as it is compared.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    /// An IPv4 address is the same in IPv6's notation.
    Address(IpAddr),
    /// A name without a final dot, or an IPv6 address with its zone, in lower
    /// case.
    Name(String),
}

impl Host {
    /// `None` for what looks like an address and is none.
    fn of(text: &str) -> Option<Self> {
        if let Some(address) = net::address(text) {
            return Some(Self::Address(address.to_canonical()));
        }
        if net::is_numbers_and_dots(text) {
            return None;
        }
        let name = match text.split_once('%') {
            Some((address, zone)) => {
                let address = address.parse::<IpAddr>().ok()?;
                return Some(Self::Name(format!("{address}%{zone}")));
            }
            None => text.strip_suffix('.').unwrap_or(text),
        };
        let is_empty = name.split('.').any(str::is_empty);
        (!is_empty).then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Mistake> {
        // Editors put a byte order mark there; it is no part of the first name.
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut map = Self::default();
        for (line, number) in text.split(|&b| b == b'\n').zip(1..) {
            let entries = without_comment(line).split(|&b| b == b';');
            for entry in entries.map(<[u8]>::trim_ascii).filter(|e| !e.is_empty()) {
                let added = entry_of(entry).and_then(|entry| map.add(entry));
                added.map_err(|why| Mistake { line: number, why })?;
            }
        }
        Ok(map)
    }

    fn add(&mut self, new: Entry) -> Result<(), &'static str> {
        let same = |old: &&Entry| (&old.host, old.port) == (&new.host, new.port);
        match self.0.iter().find(same) {
            Some(old) if old.target == new.target => Ok(()),
            Some(_) => Err("the same name stands for another server already"),
            None => {
                self.0.push(new);
                Ok(())
            }
        }
    }

    /// What to connect to instead of `host` and `port`. An entry with that port
    /// goes before one for all ports.
    #[must_use]
    pub(super) fn find(&self, host: &OsStr, port: u16) -> Option<&Target> {
        let host = Host::of(host.to_str()?)?;
        let of = |port| {
            let entry = self.0.iter().find(|e| e.host == host && e.port == port);
            entry.map(|e| &e.target)
        };
        of(Some(port)).or_else(|| of(None))
    }
}

/// A comment begins with a number sign at the beginning of an entry or behind
/// white space; elsewhere that sign is a part of a path.
fn without_comment(line: &[u8]) -> &[u8] {
    let starts = |at: &usize| {
        let before = at.checked_sub(1).map(|before| line[before]);
        line[*at] == b'#' && before.is_none_or(|b| b == b';' || b.is_ascii_whitespace())
    };
    &line[..(0..line.len()).find(starts).unwrap_or(line.len())]
}

fn entry_of(entry: &[u8]) -> Result<Entry, &'static str> {
    if entry.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err("a control character");
    }
    let mut sides = entry.splitn(2, |&b| b == b'=').map(<[u8]>::trim_ascii);
    let (Some(name), Some(target)) = (sides.next(), sides.next()) else {
        return Err("no equals sign");
    };
    let named = host_and_port(name).and_then(|(host, port)| Some((Host::of(host)?, port)));
    let (host, port) =
        named.ok_or("left of the equals sign belongs NAME, NAME:PORT, [IPV6] or [IPV6]:PORT")?;
    match Target::parse(OsStr::from_bytes(target)) {
        Ok(Some(target)) => Ok(Entry { host, port, target }),
        Ok(None) | Err(_) => Err("right of the equals sign belongs the name of a Kea server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path that a map puts in the place of a name.
    fn path_of(map: impl AsRef<[u8]>, host: &str, port: u16) -> Result<Option<Vec<u8>>, usize> {
        use ::kea::Endpoint;
        let map = Map::parse(map.as_ref()).map_err(|m| m.line)?;
        Ok(map.find(OsStr::new(host), port).map(|t| match &t.endpoint {
            Endpoint::Unix(path) => path.as_os_str().as_bytes().to_vec(),
            Endpoint::Http {
                host, port, path, ..
            } => format!("{host}:{port}{path}").into(),
        }))
    }

    /// Every text is a map in which each part counts, or a mistake in a line.
    #[test]
    fn every_part_means_something_or_is_a_mistake() {
        const ADDRESS: &str = "127.0.0.1";
        let to = |path: &str| Ok(Some(path.as_bytes().to_vec()));
        for (map, expected) in [
            ("", Ok(None)),
            ("\n \t\r\n", Ok(None)),
            ("# 127.0.0.1 = /a", Ok(None)),
            ("127.0.0.1 = /a", to("/a")),
            ("127.0.0.1=/a", to("/a")),
            ("127.0.0.1:7911 = /a", to("/a")),
            ("127.0.0.1:07911 = /a\r\n", to("/a")),
            ("127.0.0.1:7912 = /a", Ok(None)),
            ("\u{feff}127.0.0.1 = /a", to("/a")),
            ("\u{feff}\n127.0.0.1 = /a", to("/a")),
            ("[::ffff:127.0.0.1] = /a", to("/a")),
            ("[::ffff:7f00:1]:7911 = /a", to("/a")),
            ("127.1 = /a", to("/a")),
            ("0x7f.0.0.1 = /a", to("/a")),
            // Semicolons and number signs.
            ("x = /x; 127.0.0.1 = /a;;", to("/a")),
            ("127.0.0.1 = /a;x = /x", to("/a")),
            ("127.0.0.1 = /a # b", to("/a")),
            ("127.0.0.1 = /a\t#b; 127.0.0.1 = /c", to("/a")),
            ("127.0.0.1 = /a;#b", to("/a")),
            ("127.0.0.1 = kea:/tmp/no#ne.sock", to("/tmp/no#ne.sock")),
            ("127.0.0.1 = /tmp/no#ne.sock # b", to("/tmp/no#ne.sock")),
            ("127.0.0.1 = /tmp/no;ne.sock", Err(1)),
            ("127.0.0.1 = kea:/tmp/no;ne.sock?write=no", Err(1)),
            ("127.0.0.1 = /a b", to("/a b")),
            ("127.0.0.1 = /a=b", to("/a=b")),
            ("127.0.0.1 = kea+http://u:p@h/", to("h:8000/")),
            // The port's own entry counts, wherever it is.
            ("127.0.0.1 = /a\n127.0.0.1:7911 = /b", to("/b")),
            ("127.0.0.1:7911 = /b\n127.0.0.1 = /a", to("/b")),
            ("127.0.0.1:7912 = /b\n127.0.0.1 = /a", to("/a")),
            ("127.0.0.1 = /a\n127.0.0.1 = /a", to("/a")),
            ("127.0.0.1 = /a\n127.0.0.1 = /b", Err(2)),
            ("127.0.0.1 = /a; 127.1 = /b", Err(1)),
            (
                "127.0.0.1 = /a\n[::ffff:127.0.0.1] = kea:/a?write=no",
                Err(2),
            ),
            // Ports.
            ("127.0.0.1:7911x = /a", Err(1)),
            ("127.0.0.1:7911: = /a", Err(1)),
            ("127.0.0.1:+7911 = /a", Err(1)),
            ("127.0.0.1: = /a", Err(1)),
            ("127.0.0.1:omapi = /a", Err(1)),
            ("127.0.0.1:73447 = /a", Err(1)),
            (":7911 = /a", Err(1)),
            ("*:7911 = /a", Err(1)),
            // Names.
            ("127.0.0.1. = /a", Err(1)),
            ("127.0.0.1.:7911 = /a", Err(1)),
            ("127.0.0.1 :7911 = /a", Err(1)),
            ("127.0.0.1, localhost = /a", Err(1)),
            ("127.0.0.1 localhost = /a", Err(1)),
            ("127.0.0.256 = /a", Err(1)),
            ("127.0.0.1/32 = /a", Err(1)),
            ("a..b = /a", Err(1)),
            (". = /a", Err(1)),
            ("a@b = /a", Err(1)),
            ("\"127.0.0.1\" = /a", Err(1)),
            ("\u{feff}\u{feff}127.0.0.1 = /a", Err(1)),
            ("127.0.0.1\u{a0}= /a", Err(1)),
            ("::1 = /a", Err(1)),
            ("::1:7911 = /a", Err(1)),
            ("[::1 = /a", Err(1)),
            ("[::1]x = /a", Err(1)),
            ("[127.0.0.1] = /a", Err(1)),
            ("/etc/a = /a", Err(1)),
            // The rest of a line.
            ("127.0.0.1", Err(1)),
            ("127.0.0.1 /a", Err(1)),
            ("127.0.0.1 : /a", Err(1)),
            ("127.0.0.1 =", Err(1)),
            ("= /a", Err(1)),
            ("=", Err(1)),
            ("127.0.0.1 = a", Err(1)),
            ("127.0.0.1 == /a", Err(1)),
            ("127.0.0.1 = b = /a", Err(1)),
            ("127.0.0.1 = 127.0.0.2", Err(1)),
            ("127.0.0.1 = kea:a", Err(1)),
            ("127.0.0.1 = kea:/a?wrte=no", Err(1)),
            ("127.0.0.1 = kea+https://h/", Err(1)),
            ("127.0.0.1 = /a\rx = /b", Err(1)),
            ("127.0.0.1 = /a\0", Err(1)),
            // A good line does not excuse a bad one.
            ("127.0.0.1 = /a\n\n# b\nzork", Err(4)),
            ("zork\n127.0.0.1 = /a", Err(1)),
            ("127.0.0.1 = /a # b\n x = /x; y", Err(2)),
        ] {
            assert_eq!(path_of(map, ADDRESS, 7911), expected, "{map:?}");
        }
    }

    #[test]
    fn bytes() {
        let latin1 = path_of(b"a = /run/kea-\xe9 # \xff", "a", 1);
        assert_eq!(latin1, Ok(Some(b"/run/kea-\xe9".to_vec())));
        assert_eq!(path_of(b"a\xe9 = /a", "a", 1), Err(1));
        // As Windows writes it.
        let utf16: Vec<u8> = "\u{feff}a = /a\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(path_of(utf16, "a", 1), Err(1));
    }

    /// Which names of the program's an entry holds for.
    #[test]
    fn names() {
        for (entry, host, fits) in [
            ("dhcp", "DHCP", true),
            ("dhcp.example.org", "dhcp.example.org.", true),
            ("Dhcp.example.org.", "dhcp.EXAMPLE.org", true),
            ("dhcp.example.org", "dhcp", false),
            ("127.0.0.1", "localhost", false),
            ("127.0.0.1", "127.1", true),
            ("127.0.0.1", "2130706433", true),
            ("127.0.0.1", "0x7f000001", true),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("127.0.0.1", "127.0.0.1 ", false),
            ("[::1]", "0:0::1", true),
            ("[::1]", "::2", false),
            ("[fe80::1%eth0]", "fe80:0::1%eth0", true),
            ("[fe80::1%eth0]", "fe80::1%eth1", false),
            ("[fe80::1]", "fe80::1%eth0", false),
        ] {
            let found = path_of(format!("{entry} = /a"), host, 1).unwrap();
            assert_eq!(found.is_some(), fits, "{entry}, {host}");
        }
    }
}
