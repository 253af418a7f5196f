//! Hosts: how reservations read as hosts.

use super::attributes::{Answered, Attributes};
use super::config::{self, Config};
use super::handles::{self, HostKey, Identity};
use super::job::Kea;
use super::lookup::{Key, Source, all_by_command, has_commands};
use super::reservation::Reservation;
use super::{Answer, Failure};
use omapi::status::Status;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A host: a reservation, or several that belong together, because it has two
/// identifiers, or no address and copies in all subnets.
#[derive(Clone, Debug, PartialEq)]
pub struct Host(pub Vec<Reservation>);

impl Host {
    /// One of these reservations. In any order, they are the same host.
    #[must_use]
    pub fn new(mut parts: Vec<Reservation>) -> Self {
        parts.sort_by_key(|r| (r.key().is_none_or(|k| k.kind != "hw-address"), r.subnet));
        Self(parts)
    }

    /// True if it has both identifiers.
    #[must_use]
    pub fn is_pair(&self) -> bool {
        !self.id("hw-address").is_empty() && !self.id("client-id").is_empty()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> Vec<u8> {
        self.0.first().map(Reservation::name).unwrap_or_default()
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.0.iter().find_map(Reservation::address)
    }

    /// What finds it again.
    #[must_use]
    pub fn key(&self) -> Option<HostKey> {
        self.0.first()?.key()
    }

    /// The identifier of that kind, empty when it has none.
    #[must_use]
    pub fn id(&self, kind: &str) -> Vec<u8> {
        let keys = self.0.iter().filter_map(Reservation::key);
        keys.filter(|k| k.kind == kind)
            .map(|k| k.id)
            .next()
            .unwrap_or_default()
    }

    /// Its attributes, in the order of dhcpd. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub fn encode(&self, server: &str, all: bool) -> Answer {
        let mut out = Answered::default();
        if all {
            for name in [
                &b"ip-address"[..],
                b"dhcp-client-identifier",
                b"hardware-address",
                b"hardware-type",
            ] {
                out.bytes_or_null(name, &[]);
            }
        }
        let address = self.address().map(|a| a.octets());
        let address = address.map(Vec::from).unwrap_or_default();
        let hardware = self.id("hw-address");
        out.bytes(b"ip-address", &address)
            .bytes(b"dhcp-client-identifier", &self.id("client-id"))
            .bytes(b"name", &self.name());
        if !hardware.is_empty() {
            out.bytes(b"hardware-address", &hardware)
                .number(b"hardware-type", 1);
        }
        let handle = self
            .key()
            .map_or(0, |k| handles::handle(server, Identity::Host(k)));
        Answer::Object(handle, out)
    }
}

/// Runs `look` with what there is to look in.
async fn source(kea: &Kea) -> Result<Option<Arc<Config>>, Failure> {
    match has_commands(&kea.shared) {
        true => Ok(None),
        false => config::current(kea).await.map(Some),
    }
}

fn view<'s>(kea: &'s Kea, config: &'s Option<Arc<Config>>) -> Source<'s> {
    match config {
        Some(config) => Source::Snapshot(config.dhcp4(), config.entries()),
        None => Source::Commands(kea, None),
    }
}

/// Open without flags.
///
/// # Errors
/// The code for the program.
pub async fn find(kea: &Kea, keys: &Attributes) -> Result<Answer, Failure> {
    let config = source(kea).await?;
    let server = kea.shared.key();
    match view(kea, &config).find(server, keys).await? {
        Some(host) => Ok(host.encode(server, false)),
        None => Err(Failure::because(
            Status::NOT_FOUND,
            "no object matches specification",
        )),
    }
}

/// Refresh.
///
/// # Errors
/// The code for the program.
pub async fn refresh(kea: &Kea, key: &HostKey) -> Result<Answer, Failure> {
    let config = source(kea).await?;
    let hosts = view(kea, &config).hosts(Key::Exact(key)).await?;
    match hosts.first() {
        Some(host) => Ok(host.encode(kea.shared.key(), false)),
        None => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}

/// The host behind the one with that key; in the order of the configuration.
///
/// # Errors
/// `ISC_R_NOMORE` behind the last.
pub async fn next(kea: &Kea, after: Option<HostKey>) -> Result<Answer, Failure> {
    if let Some(config) = source(kea).await? {
        let dhcp4 = config.dhcp4();
        let entries = config.entries();
        let keys = entries.iter().map(|e| &e.key);
        let at = following(keys, after.as_ref());
        let source = Source::Snapshot(dhcp4, entries);
        for entry in &entries[at.min(entries.len())..] {
            let hosts = source.hosts(Key::Exact(&entry.key)).await?;
            if let Some(host) = hosts
                .first()
                .filter(|h| h.key().as_ref() == Some(&entry.key))
            {
                return Ok(host.encode(kea.shared.key(), true));
            }
        }
        return Err(Status::NO_MORE.into());
    }
    // The start is read anew: a program that starts wants the present state.
    let known = kea.shared.hosts.lock().clone().filter(|_| after.is_some());
    let keys = match known {
        Some(keys) => keys,
        None => {
            let all = all_by_command(kea).await?;
            let keys = Arc::new(all.iter().filter_map(Reservation::key).collect());
            *kea.shared.hosts.lock() = Some(Arc::clone(&keys));
            keys
        }
    };
    let at = following(keys.iter(), after.as_ref());
    for key in keys.get(at..).unwrap_or_default() {
        // Read again: what was read at the start may be gone.
        let hosts = Source::Commands(kea, None).hosts(Key::Exact(key)).await?;
        if let Some(host) = hosts.first().filter(|h| h.key().as_ref() == Some(key)) {
            return Ok(host.encode(kea.shared.key(), true));
        }
    }
    *kea.shared.hosts.lock() = None;
    Err(Status::NO_MORE.into())
}

/// The position behind a key; the end when it is not there any more.
fn following<'k>(mut keys: impl Iterator<Item = &'k HostKey>, after: Option<&HostKey>) -> usize {
    match after {
        None => 0,
        Some(after) => keys
            .position(|k| k == after)
            .map_or(usize::MAX, |at| at + 1),
    }
}
