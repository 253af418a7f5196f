//! Names of Kea servers, and the map that puts them in the place of others.
//!
//! ```text
//! /run/kea/kea4-ctrl-socket            a UNIX socket
//! kea:/run/kea/kea4-ctrl-socket?write=no
//! kea+http://admin:secret@127.0.0.1:8000/?rewrite=no
//! ```

use base64::Engine as _;
use omapi::status::Status;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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
    fn parse(query: &str) -> Result<Self, Status> {
        let mut options = Self::default();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(Status::INVALID_ARGUMENT)?;
            if name == "timeout" {
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
    pub place: Place,
    /// What is allowed there.
    pub options: Options,
}

impl Target {
    /// The server that a name means; `None` when it is no name of a Kea.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for a name that starts like one of a Kea and then
    /// is none.
    pub fn parse(name: &str) -> Result<Option<Self>, Status> {
        if name.starts_with('/') {
            return Ok(Some(Self {
                place: Place::Unix(name.into()),
                options: Options::default(),
            }));
        }
        if let Some(rest) = name.strip_prefix("kea:") {
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            if !path.starts_with('/') {
                return Err(Status::INVALID_ARGUMENT);
            }
            return Ok(Some(Self {
                place: Place::Unix(path.into()),
                options: Options::parse(query)?,
            }));
        }
        match name.strip_prefix("kea+http://") {
            Some(rest) => Self::http(rest).map(Some),
            None if name.starts_with("kea+") => Err(Status::INVALID_ARGUMENT),
            None => Ok(None),
        }
    }

    fn http(rest: &str) -> Result<Self, Status> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (user, address) = match authority.rsplit_once('@') {
            Some((user, address)) => (Some(user), address),
            None => (None, authority),
        };
        let authorization = user.map(|user| {
            let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(user));
            Secret(Zeroizing::new(format!("Basic {}", *encoded)))
        });
        let (host, port) = host_and_port(address).ok_or(Status::INVALID_ARGUMENT)?;
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_graphic());
        if host.is_empty() || !plain(host) || !plain(path) {
            return Err(Status::INVALID_ARGUMENT);
        }
        Ok(Self {
            place: Place::Http {
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
        match self.place {
            Place::Unix(_) => None,
            Place::Http { .. } => Some("dhcp4"),
        }
    }

    /// A name for it without secrets, the same for the same server.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.place {
            Place::Unix(path) => path.to_string_lossy().into_owned(),
            Place::Http { host, port, .. } => format!("{host}:{port}"),
        }
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None if text.matches(':').count() == 1 => {
            let (host, port) = text.split_once(':')?;
            (host, Some(port))
        }
        None => (text, None),
    };
    match port {
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None => Some((host, None)),
    }
}

/// What the map says to connect to instead of `host` and `port`.
///
/// An entry is `NAME = TARGET`, with or without port in the name; entries are
/// in lines or behind semicolons. `#` starts a comment.
#[must_use]
pub fn mapped<'m>(map: &'m str, host: &str, port: u16) -> Option<&'m str> {
    map.lines()
        .map(|line| line.split_once('#').map_or(line, |(before, _)| before))
        .flat_map(|line| line.split(';'))
        .filter_map(|entry| entry.split_once('='))
        .find_map(|(name, target)| {
            let (name, wanted) = host_and_port(name.trim())?;
            (same_host(name, host) && wanted.is_none_or(|w| w == port)).then(|| target.trim())
        })
}

fn same_host(a: &str, b: &str) -> bool {
    match (a.parse::<IpAddr>(), b.parse::<IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let unix = Target::parse("/run/kea/s").unwrap().unwrap();
        assert_eq!(unix.place, Place::Unix("/run/kea/s".into()));
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
        let Place::Http {
            host,
            port,
            path,
            authorization,
        } = &http.place
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
            "kea+https://h/",
            "kea+http://",
            "kea+http://h:port/",
            "kea+http://h\r\nx/",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn map() {
        let map = "# servers\n127.0.0.1:7911 = kea:/a?write=no ; dhcp = /b\n[::1] = /c # x\n";
        assert_eq!(mapped(map, "127.0.0.1", 7911), Some("kea:/a?write=no"));
        assert_eq!(mapped(map, "127.0.0.1", 7912), None);
        assert_eq!(mapped(map, "DHCP", 1), Some("/b"));
        assert_eq!(mapped(map, "0:0::1", 1), Some("/c"));
        assert_eq!(mapped("zork", "zork", 1), None);
    }
}
