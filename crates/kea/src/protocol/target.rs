//! Names of Kea servers.
//!
//! ```text
//! /run/kea/kea4-ctrl-socket            a UNIX socket
//! kea:/run/kea/kea4-ctrl-socket?write=no
//! kea+http://admin:secret@127.0.0.1:8000/?rewrite=no
//! ```

use base64::Engine as _;
use omapi::status::Status;
use std::ffi::OsStr;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// By its UNIX socket: one command in each connection.
    Unix(PathBuf),
    /// Over HTTP, through kea-ctrl-agent or by Kea's own HTTP socket.
    Http {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// Path of the request, starting with a slash.
        path: String,
        /// Value of the `Authorization` header.
        authorization: Option<Secret>,
    },
}

/// A secret that no debugging output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("(secret)")
    }
}

/// What an administrator allows and wants, as `?name=value&...` of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `write`: make changes durable with config-write.
    pub write: bool,
    /// `rewrite`: change hosts and groups by rewriting the configuration where
    /// Kea has no commands for them.
    pub rewrite: bool,
    /// `ha`: rewrite even with high availability, which then starts over.
    pub ha: bool,
    /// `option43`: rewrite even where Kea would lose a raw option 43.
    pub option43: bool,
    /// `free`: an address of a pool without lease is a free lease.
    pub free: bool,
    /// `active`: of several leases of a client, one active is the one meant.
    pub active: bool,
    /// `replicate`: a host without address is a reservation in every subnet
    /// when Kea does not look for global ones.
    pub replicate: bool,
    /// `leases`: leases can be created and removed.
    pub leases: bool,
    /// `details`: leases have `host`, `pool` and the bit RESERVED in `flags`.
    pub details: bool,
    /// `timeout`: how long Kea may make no progress with a command.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            write: true,
            rewrite: true,
            ha: false,
            option43: false,
            free: true,
            active: true,
            replicate: false,
            leases: false,
            details: false,
            timeout: Duration::from_secs(60),
        }
    }
}

impl Options {
    fn parse(query: &[u8]) -> Result<Self, Status> {
        let query = core::str::from_utf8(query).map_err(|_| Status::INVALID_ARGUMENT)?;
        let mut options = Self::default();
        let mut given = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Status::INVALID_ARGUMENT)?;
            // Of `write=no` and `write=yes`, which is meant?
            if given.contains(&name) {
                return Err(Status::INVALID_ARGUMENT);
            }
            given.push(name);
            if name == "timeout" {
                if !value.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(Status::INVALID_ARGUMENT);
                }
                let seconds: u32 = value.parse().map_err(|_| Status::INVALID_ARGUMENT)?;
                options.timeout = Duration::from_secs(u64::from(seconds.max(1)));
                continue;
            }
            let slot = match name {
                "write" => &mut options.write,
                "rewrite" => &mut options.rewrite,
                "ha" => &mut options.ha,
                "option43" => &mut options.option43,
                "free" => &mut options.free,
                "active" => &mut options.active,
                "replicate" => &mut options.replicate,
                "leases" => &mut options.leases,
                "details" => &mut options.details,
                _ => return Err(Status::INVALID_ARGUMENT),
            };
            *slot = match value {
                "yes" => true,
                "no" => false,
                _ => return Err(Status::INVALID_ARGUMENT),
            };
        }
        Ok(options)
    }
}

/// A Kea server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How it is reached.
    pub endpoint: Endpoint,
    /// What is allowed there.
    pub options: Options,
}

impl Target {
    /// The server that a name means; `None` when it is no name of a Kea server.
    /// A path is any bytes: no encoding is assumed, and nothing is decoded.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for a name that starts like one of a Kea server and
    /// then is none.
    pub fn parse(name: impl AsRef<OsStr>) -> Result<Option<Self>, Status> {
        let name = name.as_ref().as_bytes();
        if name.starts_with(b"/") {
            return Ok(Some(Self {
                endpoint: unix(name),
                options: Options::default(),
            }));
        }
        if let Some(rest) = name.strip_prefix(b"kea:") {
            let (path, query) = split_at_first(rest, b'?');
            if !path.starts_with(b"/") {
                return Err(Status::INVALID_ARGUMENT);
            }
            return Ok(Some(Self {
                endpoint: unix(path),
                options: Options::parse(query)?,
            }));
        }
        match name.strip_prefix(b"kea+http://") {
            Some(rest) => Self::http(rest).map(Some),
            None if name.starts_with(b"kea+") => Err(Status::INVALID_ARGUMENT),
            None => Ok(None),
        }
    }

    fn http(rest: &[u8]) -> Result<Self, Status> {
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?'));
        let (authority, rest) = rest.split_at(end.unwrap_or(rest.len()));
        // A password with a slash in it that is not encoded: half of it would
        // be sent to a host with the user's name.
        if rest.contains(&b'@') {
            return Err(Status::INVALID_ARGUMENT);
        }
        let (path, query) = split_at_first(rest, b'?');
        let (user, address) = match authority.iter().rposition(|&b| b == b'@') {
            Some(at) => (Some(&authority[..at]), &authority[at + 1..]),
            None => (None, authority),
        };
        let authorization = user.map(basic).transpose()?;
        let (host, port) = host_and_port(address).ok_or(Status::INVALID_ARGUMENT)?;
        let path = match path {
            b"" => "/",
            // What is behind a number sign would not be sent.
            path if path.iter().all(|b| b.is_ascii_graphic() && *b != b'#') => {
                core::str::from_utf8(path).map_err(|_| Status::INVALID_ARGUMENT)?
            }
            _ => return Err(Status::INVALID_ARGUMENT),
        };
        Ok(Self {
            endpoint: Endpoint::Http {
                host: host.into(),
                port: port.unwrap_or(8000),
                path: path.into(),
                authorization,
            },
            options: Options::parse(query)?,
        })
    }

    /// The service to name in commands: kea-ctrl-agent answers for itself
    /// when none is named; a UNIX socket needs none.
    #[must_use]
    pub fn service(&self) -> Option<&'static str> {
        match self.endpoint {
            Endpoint::Unix(_) => None,
            Endpoint::Http { .. } => Some("dhcp4"),
        }
    }

    /// A name for it without secrets, the same for the same server.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.endpoint {
            Endpoint::Unix(path) => path.to_string_lossy().into_owned(),
            Endpoint::Http { host, port, .. } => format!("{host}:{port}"),
        }
    }
}

fn unix(path: &[u8]) -> Endpoint {
    Endpoint::Unix(Path::new(OsStr::from_bytes(path)).to_owned())
}

/// What is in front of the first such byte, and what is behind it.
fn split_at_first(text: &[u8], byte: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|&b| b == byte) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, b""),
    }
}

/// The header's value for `user:password`, in which both are percent-encoded.
/// Neither may have a control character, nor the user a colon (RFC 7617).
fn basic(user: &[u8]) -> Result<Secret, Status> {
    let (user, password) = split_at_first(user, b':');
    let mut plain = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + 1));
    decode(user, &mut plain)?;
    if plain.contains(&b':') {
        return Err(Status::INVALID_ARGUMENT);
    }
    plain.push(b':');
    decode(password, &mut plain)?;
    if plain.iter().any(u8::is_ascii_control) {
        return Err(Status::INVALID_ARGUMENT);
    }
    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(&*plain));
    Ok(Secret(Zeroizing::new(format!("Basic {}", *encoded))))
}

/// Appends what the percent-encoded text stands for, which is not longer.
fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<(), Status> {
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(Status::INVALID_ARGUMENT);
                };
                (high << 4 | low) as u8
            }
            byte => byte,
        });
    }
    Ok(())
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`, with nothing before, behind or
/// between. An IPv6 address needs the brackets: `::1:8000` is one, too.
#[must_use]
pub fn host_and_port(text: &[u8]) -> Option<(&str, Option<u16>)> {
    let text = core::str::from_utf8(text).ok()?;
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            let (address, zone) = match host.split_once('%') {
                Some((address, zone)) => (address, Some(zone)),
                None => (host, None),
            };
            if address.parse::<Ipv6Addr>().is_err() || !zone.is_none_or(is_name) {
                return None;
            }
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':')?)),
            }
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            if !is_name(host) {
                return None;
            }
            (host, port)
        }
    };
    match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) => None,
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None => Some((host, None)),
    }
}

/// Of what names and IPv4 addresses consist.
fn is_name(text: &str) -> bool {
    let usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let unix = Target::parse("/run/kea/s").unwrap().unwrap();
        assert_eq!(unix.endpoint, Endpoint::Unix("/run/kea/s".into()));
        let unix = Target::parse("kea:/s?write=no&timeout=5").unwrap().unwrap();
        assert!(!unix.options.write && unix.options.rewrite);
        assert_eq!(unix.options.timeout, Duration::from_secs(5));
        let target = Target::parse("kea:/s?leases=yes&replicate=yes&details=yes");
        let options = target.unwrap().unwrap().options;
        assert!(options.leases && options.replicate && options.details);
        let plain = Options::default();
        assert!(!plain.leases && !plain.replicate && !plain.details);
        let http = Target::parse("kea+http://admin:p@w@[::1]:18000/x?free=no").unwrap();
        let http = http.unwrap();
        let Endpoint::Http {
            host,
            port,
            path,
            authorization,
        } = &http.endpoint
        else {
            panic!("{http:?}");
        };
        assert_eq!((&host[..], *port, &path[..]), ("::1", 18000, "/x"));
        assert_eq!(
            authorization.as_ref().unwrap().reveal(),
            "Basic YWRtaW46cEB3"
        );
        assert!(!format!("{http:?}").contains("YWRt"));
        assert_eq!(Target::parse("dhcp.example.org"), Ok(None));
        assert_eq!(Target::parse("127.0.0.1"), Ok(None));
        for bad in [
            "kea:relative",
            "kea:/s?write=maybe",
            "kea:/s?zork=1",
            "kea:/s?write=no&free=no&write=yes",
            "kea:/s?timeout=5&timeout=5",
            "kea:/s?timeout=+5",
            "kea:/s?timeout=4294967296",
            "kea:/s?timeout=",
            "kea+https://h/",
            "kea+http://",
            "kea+http://h:port/",
            "kea+http://h:80x/",
            "kea+http://[::1]80/",
            "kea+http://::1/",
            "kea+http://h /",
            "kea+http://h/#x",
            "kea+http://h/a b",
            "kea+http://h\r\nx/",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    /// The name that HTTP's basic authentication is given.
    fn user_of(name: impl AsRef<OsStr>) -> Option<Vec<u8>> {
        match Target::parse(name).ok()??.endpoint {
            Endpoint::Http { authorization, .. } => {
                let encoded = authorization?.reveal().strip_prefix("Basic ")?.to_owned();
                base64::engine::general_purpose::STANDARD
                    .decode(encoded)
                    .ok()
            }
            Endpoint::Unix(_) => None,
        }
    }

    #[test]
    fn users_and_passwords() {
        for (name, user) in [
            ("kea+http://u:p@h/", &b"u:p"[..]),
            ("kea+http://u:p@h", b"u:p"),
            ("kea+http://u:p@w@h:1/", b"u:p@w"),
            (
                "kea+http://u:p%2Fw%3f%23%3B%40%25%c3%A9@h/",
                b"u:p/w?#;@%\xc3\xa9",
            ),
            ("kea+http://u:p:w#@h/", b"u:p:w#"),
            ("kea+http://u@h/", b"u:"),
            ("kea+http://u:@h/", b"u:"),
            ("kea+http://%75:%20@h/", b"u: "),
        ] {
            assert_eq!(user_of(name).as_deref(), Some(user), "{name}");
        }
        let latin1 = OsStr::from_bytes(b"kea+http://u:\xe9@h/");
        assert_eq!(user_of(latin1).as_deref(), Some(&b"u:\xe9"[..]));
        for bad in [
            // Half of the password would go to a host `u`.
            "kea+http://u:8000/rest@h/",
            "kea+http://u:8000?rest@h/",
            "kea+http://u:8000?write=no&rest@h",
            "kea+http://h/path@",
            "kea+http://h/?write=no@",
            "kea+http://u:%@h/",
            "kea+http://u:%4@h/",
            "kea+http://u:%4g@h/",
            "kea+http://u:%+4@h/",
            "kea+http://u%3A:p@h/",
            "kea+http://u:%0a@h/",
            "kea+http://u\n:p@h/",
        ] {
            assert_eq!(Target::parse(bad), Err(Status::INVALID_ARGUMENT), "{bad}");
        }
    }

    #[test]
    fn paths_are_bytes() {
        for path in [
            &b"/run/kea-\xe9"[..],
            b"/\xff\xfe",
            b"/a%2fb",
            b"/a#b;c d",
            b"/a:1",
        ] {
            let whole = OsStr::from_bytes(path);
            let place = Endpoint::Unix(whole.into());
            let bare = Target::parse(whole).unwrap().unwrap();
            assert_eq!(bare.endpoint, place);
            let name = [b"kea:", path, b"?write=no"].concat();
            let target = Target::parse(OsStr::from_bytes(&name)).unwrap().unwrap();
            assert_eq!(target.endpoint, place);
            assert!(!target.options.write);
        }
        for bad in [&b"kea:/s?write=\xff"[..], b"kea:\xff", b"kea+http://h/\xe9"] {
            let bad = Target::parse(OsStr::from_bytes(bad));
            assert_eq!(bad, Err(Status::INVALID_ARGUMENT));
        }
        assert_eq!(Target::parse(OsStr::from_bytes(b"\xe9")), Ok(None));
    }

    #[test]
    fn hosts_and_ports() {
        for (text, expected) in [
            ("h", Some(("h", None))),
            ("h.example.org:1", Some(("h.example.org", Some(1)))),
            ("10.0.0.1:07911", Some(("10.0.0.1", Some(7911)))),
            ("[::1]", Some(("::1", None))),
            (
                "[fe80::1%eth0.1]:65535",
                Some(("fe80::1%eth0.1", Some(65535))),
            ),
            ("", None),
            (":1", None),
            ("h:", None),
            ("h:x", None),
            ("h:1x", None),
            ("h:+1", None),
            ("h: 1", None),
            ("h :1", None),
            ("h:1:", None),
            ("h:65536", None),
            ("h:1:1", None),
            ("::1", None),
            ("::1:7911", None),
            ("[::1", None),
            ("[::1]1", None),
            ("[::1]:", None),
            ("[::1]]", None),
            ("[::1%]", None),
            ("[h]", None),
            ("[]", None),
            ("a,b", None),
            ("*", None),
            ("a/b", None),
            ("a@b", None),
            ("\u{feff}h", None),
            ("h\u{a0}", None),
        ] {
            assert_eq!(host_and_port(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(host_and_port(b"h\xe9"), None);
    }
}
