//! A host: reservations that belong together.

use super::reservation::Reservation;
use crate::model::{Answer, Answered, HostKey, Identity};
use crate::server::ServerInfo;
use std::net::Ipv4Addr;

/// A host: a reservation, or several that belong together, because it has two
/// identifiers, or no address and copies in all subnets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Host(pub Vec<Reservation>);

impl Host {
    /// One of these reservations. In any order, they are the same host.
    #[must_use]
    pub(crate) fn new(mut parts: Vec<Reservation>) -> Self {
        parts.sort_by_key(|r| (r.key().is_none_or(|k| k.kind != "hw-address"), r.subnet));
        Self(parts)
    }

    /// True if it has both identifiers.
    #[must_use]
    pub(crate) fn is_pair(&self) -> bool {
        !self.id("hw-address").is_empty() && !self.id("client-id").is_empty()
    }

    /// Its name.
    #[must_use]
    pub(crate) fn name(&self) -> Vec<u8> {
        self.0.first().map(Reservation::name).unwrap_or_default()
    }

    /// Its address.
    #[must_use]
    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        self.0.iter().find_map(Reservation::address)
    }

    /// What finds it again.
    #[must_use]
    pub(crate) fn key(&self) -> Option<HostKey> {
        self.0.first()?.key()
    }

    /// The identifier of that kind, empty when it has none.
    #[must_use]
    pub(crate) fn id(&self, kind: &str) -> Vec<u8> {
        let keys = self.0.iter().filter_map(Reservation::key);
        keys.filter(|k| k.kind == kind)
            .map(|k| k.id)
            .next()
            .unwrap_or_default()
    }

    /// Its attributes, in the order of dhcpd. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub(crate) fn encode(&self, server: &ServerInfo, all: bool) -> Answer {
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
        let handle = self.key().map_or(0, |k| server.handle(Identity::Host(k)));
        Answer::Object(handle, out)
    }
}
