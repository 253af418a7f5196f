//! Statements of dhcpd.conf that declare one thing: keys, hosts, classes,
//! failover peers.

use super::SyntaxError;
use super::lexer::{Lexer, Token};
use super::values::{address, data, hardware, number};
use base64::Engine as _;
use omapi::auth::Algorithm;
use std::fmt;
use std::net::Ipv4Addr;

/// A `key` statement.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyConf {
    /// The name as it is written.
    pub name: Vec<u8>,
    /// Which HMAC.
    pub algorithm: Algorithm,
    /// The secret, decoded.
    pub secret: Vec<u8>,
}

impl fmt::Debug for KeyConf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyConf")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// A `host` statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostConf {
    /// Its name.
    pub name: Vec<u8>,
    /// Hardware type and address.
    pub hardware: Option<(u8, Vec<u8>)>,
    /// Client identifier.
    pub client_id: Option<Vec<u8>>,
    /// Fixed addresses.
    pub addresses: Vec<Ipv4Addr>,
    /// Name of the group around it, or of the one in its own `group`.
    pub group: Option<Vec<u8>>,
    /// It has a `group` of its own.
    pub joins: bool,
    /// It was made over OMAPI.
    pub dynamic: bool,
    /// In dhcpd.leases: the host of this name is no more.
    pub deleted: bool,
}

/// A `class` statement, or a `subclass` when there is a `data`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassConf {
    /// Name of the class, for a subclass too.
    pub name: Vec<u8>,
    /// What a subclass matches.
    pub data: Option<Vec<u8>>,
    /// Most leases at a time, if there is a limit.
    pub lease_limit: Option<u32>,
}

/// A `failover peer` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // named like the statements
pub struct PeerConf {
    pub name: Vec<u8>,
    pub secondary: bool,
    pub address: Ipv4Addr,
    pub port: u32,
    pub peer_address: Ipv4Addr,
    pub peer_port: u32,
    pub max_response_delay: u32,
    pub max_unacked_updates: u32,
    pub mclt: u32,
    /// How many of the 256 hash buckets the primary serves.
    pub split: u32,
    pub load_balance_max_seconds: u32,
}

/// Walks over the statements of a block whose `{` is taken: `take` gets the
/// first word of each and says whether it read the rest.
fn each_statement<'a>(
    lexer: &mut Lexer<'a>,
    mut take: impl FnMut(&Token<'a>, &mut Lexer<'a>) -> Result<bool, SyntaxError>,
) -> Result<(), SyntaxError> {
    loop {
        match lexer.need()? {
            Token::Mark(b'}') => return Ok(()),
            Token::Mark(b';') => {}
            word @ Token::Word(_) => {
                if !take(&word, lexer)? {
                    lexer.skip_statement()?;
                }
            }
            _ => return Err(lexer.error("expected a statement")),
        }
    }
}

pub(super) fn host(lexer: &mut Lexer<'_>, group: Option<Vec<u8>>) -> Result<HostConf, SyntaxError> {
    let mut host = HostConf {
        name: lexer.need()?.bytes().to_vec(),
        group,
        ..HostConf::default()
    };
    lexer.open_block()?;
    each_statement(lexer, |word, lexer| {
        if word.is("hardware") {
            let hw = hardware(&lexer.arguments()?);
            host.hardware = Some(hw.ok_or_else(|| lexer.error("not a hardware address"))?);
        } else if word.is("fixed-address") {
            // Names would have to be looked up; they are left out.
            host.addresses = lexer.arguments()?.iter().filter_map(address).collect();
        } else if word.is("option") {
            if let [option, value] = &lexer.arguments()?[..]
                && option.is("dhcp-client-identifier")
            {
                host.client_id = data(value);
            }
        } else if word.is("uid") {
            host.client_id = lexer.arguments()?.first().and_then(data);
        } else if word.is("group") {
            host.joins = true;
            host.group = lexer.arguments()?.first().map(|t| t.bytes().to_vec());
        } else if word.is("dynamic") {
            host.dynamic = true;
            lexer.arguments()?;
        } else if word.is("deleted") {
            host.deleted = true;
            lexer.arguments()?;
        } else {
            return Ok(false);
        }
        Ok(true)
    })?;
    Ok(host)
}

pub(super) fn class(lexer: &mut Lexer<'_>, sub: bool) -> Result<ClassConf, SyntaxError> {
    let mut class = ClassConf {
        name: lexer.need()?.bytes().to_vec(),
        ..ClassConf::default()
    };
    if sub {
        let token = lexer.need()?;
        class.data = Some(data(&token).ok_or_else(|| lexer.error("not a subclass value"))?);
    }
    match lexer.need()? {
        Token::Mark(b';') if sub => return Ok(class),
        Token::Mark(b'{') => {}
        _ => return Err(lexer.error("expected '{'")),
    }
    each_statement(lexer, |word, lexer| {
        if !word.is("lease") {
            return Ok(false);
        }
        if let [limit, count] = &lexer.arguments()?[..]
            && limit.is("limit")
        {
            class.lease_limit = number(count);
        }
        Ok(true)
    })?;
    Ok(class)
}

pub(super) fn key(lexer: &mut Lexer<'_>) -> Result<KeyConf, SyntaxError> {
    let name = lexer.need()?.bytes().to_vec();
    lexer.open_block()?;
    let (mut algorithm, mut secret) = (None, None);
    each_statement(lexer, |word, lexer| {
        if word.is("algorithm") {
            algorithm = lexer.arguments()?.first().and_then(|token| {
                let name = std::str::from_utf8(token.bytes()).ok()?;
                // dhcpd takes the completed name as well.
                Algorithm::from_name(name).or_else(|| Algorithm::from_wire_name(token.bytes()))
            });
        } else if word.is("secret") {
            // The padding of base64 is a token of its own here.
            let text: Vec<u8> = lexer
                .arguments()?
                .iter()
                .flat_map(|token| match token {
                    Token::Mark(m) => vec![*m],
                    other => other.bytes().to_vec(),
                })
                .collect();
            secret = base64::engine::general_purpose::STANDARD.decode(text).ok();
        } else {
            return Ok(false);
        }
        Ok(true)
    })?;
    Ok(KeyConf {
        name,
        algorithm: algorithm.ok_or_else(|| lexer.error("key without a known algorithm"))?,
        secret: secret.ok_or_else(|| lexer.error("key without a base64 secret"))?,
    })
}

/// `peer "NAME" { ... }`. The `state` that dhcpd.leases records is passed over.
pub(super) fn peer(lexer: &mut Lexer<'_>) -> Result<Option<PeerConf>, SyntaxError> {
    lexer.need()?;
    let mut peer = PeerConf {
        name: lexer.need()?.bytes().to_vec(),
        secondary: false,
        address: Ipv4Addr::UNSPECIFIED,
        port: 647,
        peer_address: Ipv4Addr::UNSPECIFIED,
        peer_port: 647,
        max_response_delay: 60,
        max_unacked_updates: 10,
        mclt: 3600,
        split: 128,
        load_balance_max_seconds: 3,
    };
    match lexer.need()? {
        Token::Mark(b'{') => {}
        Token::Mark(b';') => return Ok(None),
        _ => {
            lexer.skip_statement()?;
            return Ok(None);
        }
    }
    each_statement(lexer, |word, lexer| {
        let arguments = lexer.arguments()?;
        let last = arguments.last().unwrap_or(word);
        let (to_peer, subject) = match &arguments[..] {
            [first, _, ..] if word.is("peer") => (true, first),
            _ => (false, word),
        };
        match (subject, number(last), address(last)) {
            (s, _, _) if s.is("secondary") => peer.secondary = true,
            (s, _, Some(a)) if s.is("address") && to_peer => peer.peer_address = a,
            (s, _, Some(a)) if s.is("address") => peer.address = a,
            (s, Some(n), _) if s.is("port") && to_peer => peer.peer_port = n,
            (s, Some(n), _) if s.is("port") => peer.port = n,
            (s, Some(n), _) if s.is("max-response-delay") => peer.max_response_delay = n,
            (s, Some(n), _) if s.is("max-unacked-updates") => peer.max_unacked_updates = n,
            (s, Some(n), _) if s.is("mclt") => peer.mclt = n,
            (s, Some(n), _) if s.is("split") => peer.split = n,
            (s, Some(n), _) if s.is("load") => peer.load_balance_max_seconds = n,
            _ => {}
        }
        Ok(true)
    })?;
    Ok(Some(peer))
}
