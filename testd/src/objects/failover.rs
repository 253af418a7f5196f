//! Failover peers: readable, and one of them can be told that its partner is
//! down. There is no partner and no protocol behind them.

use super::{Attributes, Kind, ObjectRef, agree, int};
use crate::database::Database;
use crate::text::conf::PeerConf;
use omapi::status::Status;
use omapi::wire::{Encoder, Value, WireError};
use std::net::Ipv4Addr;

/// State of a server that has not yet heard of its partner.
const STARTUP: u32 = 1;

/// A peer and its state.
pub(crate) struct Peer {
    conf: PeerConf,
    local_state: u32,
    /// Since when; the partner's never changes.
    local_since: u32,
    partner_since: u32,
}

impl Peer {
    pub(crate) fn new(conf: &PeerConf, now: u32) -> Self {
        Self {
            conf: conf.clone(),
            local_state: STARTUP,
            local_since: now,
            partner_since: now,
        }
    }
}

pub(super) fn find(db: &Database, keys: &Attributes<'_>) -> Result<Option<ObjectRef>, Status> {
    let mut found = None;
    if let Some(handle) = keys.key("handle") {
        found = agree(found, db.by_handle_key(Kind::FailoverState, handle)?)?;
    }
    if let Some(name) = keys.key("name") {
        let hit = db.peers.iter().position(|p| p.conf.name == name);
        found = agree(found, hit.map(ObjectRef::FailoverState))?;
    }
    Ok(found)
}

/// The published attributes; setting them does nothing, except `local-state`.
const NAMES: [&[u8]; 19] = [
    b"name",
    b"partner-address",
    b"partner-port",
    b"local-address",
    b"local-port",
    b"max-outstanding-updates",
    b"mclt",
    b"load-balance-max-secs",
    b"load-balance-hba",
    b"partner-state",
    b"local-state",
    b"partner-stos",
    b"local-stos",
    b"hierarchy",
    b"last-packet-sent",
    b"last-timestamp-received",
    b"skew",
    b"max-response-delay",
    b"cur-unacked-updates",
];

pub(super) fn update(db: &mut Database, at: usize, values: &Attributes<'_>) -> Result<(), Status> {
    for (name, value) in values.iter() {
        if name == b"local-state" {
            // Other numbers, and null, end dhcpd.
            let state @ (1..=11 | 254) = int(value)? else {
                return Err(Status::INVALID_ARGUMENT);
            };
            let peer = &mut db.peers[at];
            peer.local_state = state;
            peer.local_since = db.now;
        } else if !NAMES.contains(&name) {
            return Err(Status::NOT_FOUND);
        }
    }
    Ok(())
}

pub(super) fn publish(db: &Database, at: usize, out: &mut Encoder<'_>) -> Result<(), WireError> {
    let peer = &db.peers[at];
    let conf = &peer.conf;
    let partner = eight_bytes(conf.peer_address);
    let local = eight_bytes(conf.address);
    let buckets = buckets(conf.split);
    out.value(b"name", Value::Bytes(&conf.name))?;
    out.value(b"partner-address", Value::Bytes(&partner))?;
    out.value(b"partner-port", Value::Int(conf.peer_port))?;
    out.value(b"local-address", Value::Bytes(&local))?;
    out.value(b"local-port", Value::Int(conf.port))?;
    out.value(
        b"max-outstanding-updates",
        Value::Int(conf.max_unacked_updates),
    )?;
    out.value(b"mclt", Value::Int(conf.mclt))?;
    out.value(
        b"load-balance-max-secs",
        Value::Int(conf.load_balance_max_seconds),
    )?;
    if !conf.secondary {
        out.value(b"load-balance-hba", Value::Bytes(&buckets))?;
    }
    for (name, value) in [
        (&b"partner-state"[..], 0),
        (b"local-state", peer.local_state),
        (b"partner-stos", peer.partner_since),
        (b"local-stos", peer.local_since),
        (b"hierarchy", u32::from(conf.secondary)),
        (b"last-packet-sent", 0),
        (b"last-timestamp-received", 0),
        (b"skew", 0),
        (b"max-response-delay", conf.max_response_delay),
        (b"cur-unacked-updates", 0),
    ] {
        out.value(name, Value::Int(value))?;
    }
    Ok(())
}

/// dhcpd sends eight bytes of its memory in place of an address. The length
/// is kept, so that a program cannot come to rely on four; the address is in
/// front.
fn eight_bytes(address: Ipv4Addr) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&address.octets());
    bytes
}

/// One bit for each of 256 buckets, the first `split` of them set.
fn buckets(split: u32) -> [u8; 32] {
    let mut bits = [0u8; 32];
    for bucket in 0..split.min(256) as usize {
        bits[bucket / 8] |= 0x80 >> (bucket % 8);
    }
    bits
}
