//! Leases as answers: their attributes, in the order of dhcpd.

use super::details::Details;
use crate::json::{self, Map, Value};
use crate::model::{Answer, Answered, Identity, Lease, LeaseFields, state};
use crate::server::Commands;
use std::net::Ipv4Addr;

/// Attributes that a lease may have or not, for objects that go from one lease
/// to the next.
const OPTIONAL: [&[u8]; 4] = [
    b"dhcp-client-identifier",
    b"client-hostname",
    b"hardware-address",
    b"hardware-type",
];

impl Lease {
    /// Its attributes, in the order of dhcpd. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub(super) fn encode(&self, kea: &Commands, all: bool, more: &Details) -> Answer {
        self.fields().encode(kea, all, more, self.bindings())
    }
}

impl LeaseFields {
    /// The attributes, in the order of dhcpd, and `bindings`, the variables
    /// that this library keeps with the lease. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub(super) fn encode(
        &self,
        kea: &Commands,
        all: bool,
        more: &Details,
        bindings: Option<&Map>,
    ) -> Answer {
        let time = |t: u64| u32::try_from(t).unwrap_or(u32::MAX);
        let cltt = time(self.cltt);
        let mut out = Answered::default();
        if all {
            for name in OPTIONAL {
                out.bytes_or_null(name, &[]);
            }
            if kea.server.options().details {
                out.bytes_or_null(b"host", &[]).bytes_or_null(b"pool", &[]);
            }
        }
        out.number(b"state", self.state(kea.now().unix))
            .bytes(b"ip-address", &self.address.octets())
            .bytes(b"dhcp-client-identifier", &self.client_id)
            .bytes(b"client-hostname", &self.hostname);
        if let Some(host) = more.host {
            out.number(b"host", host);
        }
        if let Some(subnet) = self.subnet {
            out.number(b"subnet", kea.server.handle(Identity::Subnet(subnet)));
        }
        if let Some(pool) = more.pool {
            out.number(b"pool", pool);
        }
        if !self.hardware.is_empty() {
            // Kea does not say which; it manages Ethernet.
            out.bytes(b"hardware-address", &self.hardware)
                .number(b"hardware-type", 1);
        }
        out.number(b"ends", time(self.ends()))
            .number(b"starts", cltt)
            .number(b"tstp", 0)
            .number(b"tsfp", 0)
            .number(b"atsfp", 0)
            .number(b"cltt", cltt)
            .bytes(b"flags", &[more.flags()]);
        for (name, value) in bindings.into_iter().flatten() {
            match value {
                Value::String(s) => out.bytes(&json::bytes(name), &json::bytes(s)),
                Value::Number(n) => match n.as_u64().and_then(|n| u32::try_from(n).ok()) {
                    Some(n) => out.number(&json::bytes(name), n),
                    None => &mut out,
                },
                _ => &mut out,
            };
        }
        more.put_own(&mut out);
        Answer::Object(kea.server.handle(Identity::Lease(self.address)), out)
    }
}

/// The attributes of a free address of a pool.
#[must_use]
pub(super) fn encode_free(
    kea: &Commands,
    address: Ipv4Addr,
    subnet: u32,
    more: &Details,
) -> Answer {
    let mut out = Answered::default();
    out.number(b"state", state::FREE)
        .bytes(b"ip-address", &address.octets())
        .number(b"subnet", kea.server.handle(Identity::Subnet(subnet)));
    if let Some(pool) = more.pool {
        out.number(b"pool", pool);
    }
    for name in [&b"ends"[..], b"starts", b"tstp", b"tsfp", b"atsfp", b"cltt"] {
        out.number(name, 0);
    }
    out.bytes(b"flags", &[0]);
    more.put_own(&mut out);
    Answer::Object(kea.server.handle(Identity::Lease(address)), out)
}
