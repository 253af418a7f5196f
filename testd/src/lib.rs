//! A small OMAPI server that answers as dhcpd does.
//!
//! Bytes come in at `server` (listener, threads) and `connection` (one
//! client: messages, signatures). `request` has the rules of open, refresh,
//! update and delete, `answer` writes what comes of them. `objects` has one
//! file for each kind of object, and `database` holds them. `text` reads
//! dhcpd.conf and dhcpd.leases.
//!
//! What was observed of dhcpd 4.4.3-P1 is done alike: result codes, texts, the
//! order of attributes, handles. `tests/golden.rs` replays recorded sessions.
//! Deliberate departures: requests that kill dhcpd are answered with "invalid
//! argument"; where dhcpd sends stray memory, a constant is sent; messages
//! beyond the limits of [`omapi::wire::Limits`] end the connection.

mod answer;
mod connection;
mod database;
mod objects;
mod request;
mod server;
pub mod text;

pub use server::Server;

use std::net::{Ipv4Addr, SocketAddr};
use text::SyntaxError;
use text::conf::Conf;
use text::leases::Leases;

/// What a server serves, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Keys, networks, hosts, groups, classes.
    pub conf: Conf,
    /// The leases.
    pub leases: Leases,
    /// First and last addresses of further ranges, outside of all subnets.
    pub ranges: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// Names of network interfaces that a client can look up.
    pub interfaces: Vec<String>,
    /// Seconds since 1970 that count as the present; the clock's if missing.
    /// It decides which leases are over at the start; later the time stands
    /// still.
    pub now: Option<u32>,
}

impl Default for Config {
    /// Loopback, the usual port, and nothing to serve.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7911)),
            conf: Conf::default(),
            leases: Leases::default(),
            ranges: Vec::new(),
            interfaces: Vec::new(),
            now: None,
        }
    }
}

impl Config {
    /// From the texts of a dhcpd.conf and a dhcpd.leases, on any free port of
    /// the loopback.
    ///
    /// # Errors
    /// A text has a mistake; see [`Conf::parse`] and [`Leases::parse`].
    pub fn from_texts(conf: &[u8], leases: &[u8]) -> Result<Self, SyntaxError> {
        Ok(Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            conf: Conf::parse(conf)?,
            leases: Leases::parse(leases)?,
            ..Self::default()
        })
    }
}
