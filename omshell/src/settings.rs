//! What `connect` and the waits go by.

use crate::failure::{Failure, end};
use crate::hint::is_kea;
use crate::lexer::{Kind, Lexer};
use crate::{secret, services, value};
use dhcpctl::client::Key;
use omapi::status::Status;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Longest wait for the server, unless the user says otherwise. It answers
/// within milliseconds, so nobody waits that long for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Set by `server`, `port`, `key`, `key-algorithm`, `timeout`.
pub(crate) struct Settings {
    /// The name of a Kea server may be a path in any encoding, or hold a
    /// password.
    pub server: Zeroizing<Vec<u8>>,
    pub port: u16,
    /// Name and secret.
    pub key: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    pub algorithm: Vec<u8>,
    /// `None` waits for ever.
    pub timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: Zeroizing::new("127.0.0.1".into()),
            port: 7911,
            key: None,
            algorithm: b"hmac-md5".to_vec(),
            timeout: Some(TIMEOUT),
        }
    }
}

impl Settings {
    /// When a wait that begins now is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timeout.and_then(|t| Instant::now().checked_add(t))
    }

    /// The key for signing, if one was set.
    pub(crate) fn authenticator(&self) -> Result<Option<Key>, Status> {
        self.key
            .as_ref()
            .map(|(name, secret)| Key::new(name, &self.algorithm, secret))
            .transpose()
    }

    /// The command `port`.
    pub(crate) fn port(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        let token = lexer.next();
        self.port = match token.kind {
            Kind::Number => value::number(&token.text) as u16,
            kind if kind.is_word() => services::port(&token.shown())
                .ok_or_else(|| Failure::Cut(format!("unknown service name: {}", token.shown())))?,
            _ => return Err("usage: port <port>".into()),
        };
        end(lexer, "usage: port <server>")
    }

    /// The command `server`.
    pub(crate) fn server(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: server <server>";
        if let Some(address) = ipv6(lexer.rest()) {
            self.server = Zeroizing::new(address.into());
            return Ok(());
        }
        if let Some(name) = kea(lexer.rest()) {
            let more = lexer.take_rest().get(name.len()..).unwrap_or_default();
            if !matches!(more.trim_ascii_start(), [] | [b'#', ..]) {
                return Err(USAGE.into());
            }
            self.server = name;
            return Ok(());
        }
        let token = lexer.next();
        self.server = Zeroizing::new(match token.kind {
            Kind::Number => {
                let mut parts = vec![token.shown()];
                while parts.len() < 4 {
                    if lexer.next().kind != Kind::Other(b'.') {
                        return Err(USAGE.into());
                    }
                    let part = lexer.next();
                    if part.kind != Kind::Number {
                        return Err(USAGE.into());
                    }
                    parts.push(part.shown());
                }
                parts.join(".").into()
            }
            // Not in the original: any name, also one with dots.
            Kind::String if !token.text.is_empty() => token.c_text().to_vec(),
            kind if kind.is_word() => token.shown().into(),
            _ => return Err(USAGE.into()),
        });
        end(lexer, USAGE)
    }

    /// The command `key`.
    pub(crate) fn key(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: key <name> <value>";
        let part = |kind: Kind| kind == Kind::Number || kind.is_word();
        let token = lexer.next();
        if !part(token.kind) {
            return Err(USAGE.into());
        }
        let mut name = token.text;
        while lexer.peek().kind == Kind::Other(b'.') {
            name.push(b'.');
            lexer.next();
            if !part(lexer.peek().kind) {
                break;
            }
            name.extend_from_slice(&lexer.next().text);
        }
        let secret = secret::parse(lexer);
        let right = secret.is_ok();
        self.key = Some((name, secret.unwrap_or_default()));
        if right {
            end(lexer, USAGE)
        } else {
            Err(Failure::Complained)
        }
    }

    /// The command `key-algorithm`.
    pub(crate) fn key_algorithm(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        let token = lexer.next();
        if token.kind != Kind::Name {
            return Err("missing or invalid algorithm name\n\
                        usage: key-algoritm <algorithm name>"
                .into());
        }
        let usage = format!(
            "extra information after {}\nusage: key-algorithm <algorithm name>",
            token.shown()
        );
        self.algorithm = token.text;
        end(lexer, &usage)
    }

    /// The command `timeout`. Not in the original, which waits for ever.
    pub(crate) fn timeout(&mut self, lexer: &mut Lexer) -> Result<(), Failure> {
        const USAGE: &str = "usage: timeout <seconds>";
        let token = lexer.next();
        let seconds = match token.kind {
            Kind::Number => u32::try_from(value::number(&token.text)).map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        };
        self.timeout = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        end(lexer, USAGE)
    }
}

/// An IPv6 address, perhaps with a scope, alone up to the end of the line.
fn ipv6(rest: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(rest).ok()?;
    let text = text.split('#').next()?.trim();
    let (address, _scope) = text.split_once('%').unwrap_or((text, ""));
    address.parse::<Ipv6Addr>().ok()?;
    Some(text.to_owned())
}

/// The name of a Kea server: a path, or what says that it is one. It ends at
/// white space; one with white space in it goes in quotes.
fn kea(rest: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(u8::is_ascii_whitespace);
    let name = &rest[..end.unwrap_or(rest.len())];
    is_kea(name).then(|| Zeroizing::new(name.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings after a command, and what it says.
    fn after(
        command: impl Fn(&mut Settings, &mut Lexer) -> Result<(), Failure>,
        arguments: &str,
    ) -> (Settings, Result<(), Failure>) {
        let mut settings = Settings::default();
        let result = command(&mut settings, &mut Lexer::new(arguments.as_bytes()));
        (settings, result)
    }

    #[test]
    fn servers() {
        for (arguments, server, right) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0", "127.0.0.1", false),
            ("10.0.0.1 x", "10.0.0.1", false),
            ("name", "name", true),
            ("name.example", "name", false),
            ("\"name.example\"", "name.example", true),
            (" 2001:db8::1 # six", "2001:db8::1", true),
            ("fe80::1%eth0", "fe80::1%eth0", true),
            ("::g", "127.0.0.1", false),
            ("/run/kea/socket # Kea", "/run/kea/socket", true),
            (" kea:/s?write=no", "kea:/s?write=no", true),
            ("kea+http://a:b#c@h:1/", "kea+http://a:b#c@h:1/", true),
            ("kea+https://h/", "kea+https://h/", true),
            ("\"/with space\"", "/with space", true),
            ("/s x", "127.0.0.1", false),
            ("kea", "kea", true),
            ("kea :/s", "kea", false),
            ("", "127.0.0.1", false),
        ] {
            let (settings, result) = after(Settings::server, arguments);
            let expected = (server.as_bytes(), right);
            assert_eq!((&settings.server[..], result.is_ok()), expected);
        }
        // A path is bytes.
        for arguments in [&b"/run/kea-\xe9 # Kea"[..], b"\"/run/kea-\xe9\""] {
            let mut settings = Settings::default();
            assert!(settings.server(&mut Lexer::new(arguments)).is_ok());
            assert_eq!(&settings.server[..], b"/run/kea-\xe9");
        }
    }

    #[test]
    fn ports() {
        for (arguments, port, right) in [
            ("7912", 7912, true),
            ("73447", 7911, true),
            ("-1", 65535, true),
            ("5 6", 5, false),
            ("no-such-service", 7911, false),
            ("+", 7911, false),
        ] {
            let (settings, result) = after(Settings::port, arguments);
            assert_eq!(
                (settings.port, result.is_ok()),
                (port, right),
                "{arguments}"
            );
        }
    }

    #[test]
    fn keys() {
        for (arguments, name, right) in [
            ("foo YWJj", "foo", true),
            ("a.b . 5 YWJj", "a.b.5", true),
            ("a..YWJj", "a.", false),
            ("foo YWJj;", "foo", false),
        ] {
            let (settings, result) = after(Settings::key, arguments);
            let key = settings.key.map(|k| k.0);
            assert_eq!((key, result.is_ok()), (Some(name.into()), right));
        }
        assert!(after(Settings::key, ".a YWJj").0.key.is_none());
    }

    #[test]
    fn timeouts() {
        let seconds = |arguments| after(Settings::timeout, arguments).0.timeout;
        assert_eq!(seconds("5"), Some(Duration::from_secs(5)));
        assert_eq!(seconds("0"), None);
        assert_eq!(seconds("-1"), Some(TIMEOUT));
        assert_eq!(seconds("x"), Some(TIMEOUT));
    }
}
