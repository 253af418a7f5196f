//! Attributes of a lease that cost more than the lease: brought only when they
//! are asked for.
//!
//! A lookup asks for one by sending it without a value (`dhcpctl_set_null_value`,
//! in omshell `unset`), which means nothing to dhcpd. With the option `details`
//! every lookup asks for those that dhcpd has too.

use crate::config::{self, Config};
use crate::hosts::{Host, HostQuery, Source, has_host_commands};
use crate::json;
use crate::model::{Answered, Attributes, HostKey, Identity, KeaError, Lease};
use crate::server::{Commands, ServerInfo, configuration};
use std::net::Ipv4Addr;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestedDetails {
    host: bool,
    pool: bool,
    flags: bool,
    subnet_id: bool,
    user_context: bool,
}

impl RequestedDetails {
    /// What every lookup brings.
    #[must_use]
    pub(super) fn always(server: &ServerInfo) -> Self {
        let details = server.options().details;
        Self {
            host: details,
            pool: details,
            flags: details,
            ..Self::default()
        }
    }

    /// What the lookup with these keys brings.
    #[must_use]
    pub(super) fn by(server: &ServerInfo, keys: &Attributes) -> Self {
        let mut requested = Self::always(server);
        for (name, _) in keys.iter().filter(|(_, value)| value.is_empty()) {
            match name {
                b"host" => requested.host = true,
                b"pool" => requested.pool = true,
                b"flags" => requested.flags = true,
                b"kea-subnet-id" => requested.subnet_id = true,
                b"kea-user-context" => requested.user_context = true,
                _ => {}
            }
        }
        requested
    }

    /// True when it costs nothing.
    #[must_use]
    pub(super) fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Handle of the host that the client is.
    pub host: Option<u32>,
    /// Handle of the pool that the address is in.
    pub pool: Option<u32>,
    /// True if the address is reserved for the client.
    pub reserved: bool,
    subnet_id: Option<u32>,
    user_context: Option<Vec<u8>>,
}

impl Details {
    /// The value of `flags`.
    #[must_use]
    pub(super) fn flags(&self) -> u8 {
        if self.reserved { RESERVED } else { 0 }
    }

    /// Adds those that dhcpd does not have, behind all others.
    pub(super) fn put_own(&self, out: &mut Answered) {
        if let Some(id) = self.subnet_id {
            out.number(b"kea-subnet-id", id);
        }
        if let Some(context) = &self.user_context {
            out.bytes(b"kea-user-context", context);
        }
    }
}

/// The bit of `flags` for a reserved lease.
const RESERVED: u8 = 4;

/// Finds what was asked for.
///
/// # Errors
/// As the commands fail.
pub(super) async fn read(
    kea: &Commands,
    requested: RequestedDetails,
    address: Ipv4Addr,
    lease: Option<&Lease>,
) -> Result<Details, KeaError> {
    let mut found = Details::default();
    let server = &kea.server;
    if requested.subnet_id {
        found.subnet_id = lease.and_then(Lease::subnet);
    }
    if requested.user_context {
        let context = lease.and_then(|l| l.0.get("user-context"));
        found.user_context = context.map(json::emit);
    }
    if !(requested.host
        || requested.pool
        || requested.flags
        || (requested.subnet_id && lease.is_none()))
    {
        return Ok(found);
    }
    let config = configuration::current(kea).await?;
    let pool = config.pool_of(address);
    if requested.subnet_id && lease.is_none() {
        found.subnet_id = pool.map(|(subnet, _)| subnet);
    }
    if let (true, Some((subnet, range))) = (requested.pool, pool) {
        let pool = Identity::Pool(subnet, range.to_owned());
        found.pool = Some(server.handle(pool));
    }
    if let (true, Some(lease)) = (requested.host || requested.flags, lease)
        && let Some(host) = host_of(kea, &config, lease).await?
    {
        found.reserved = requested.flags && host.address() == Some(address);
        let key = host.key().filter(|_| requested.host);
        found.host = key.map(|key| server.handle(Identity::Host(key)));
    }
    Ok(found)
}

/// The reservation that Kea has for the lease's client.
async fn host_of(kea: &Commands, config: &Config, lease: &Lease) -> Result<Option<Host>, KeaError> {
    let dhcp4 = config.dhcp4();
    // What host_cmds puts into memory is in the configuration too.
    let source = if has_host_commands(&kea.server) && config::has_hosts_database(dhcp4) {
        Source::Commands(kea, None)
    } else {
        Source::Snapshot(dhcp4, config.entries())
    };
    let global = config::looks_globally(dhcp4).then_some(0);
    for subnet in lease.subnet().into_iter().chain(global) {
        for (kind, id) in [
            ("hw-address", lease.hardware()),
            ("client-id", lease.client_id()),
        ] {
            if id.is_empty() {
                continue;
            }
            let key = HostKey { subnet, kind, id };
            if let Some(host) = source.hosts(HostQuery::Exact(&key)).await?.pop() {
                return Ok(Some(host));
            }
        }
    }
    Ok(None)
}
