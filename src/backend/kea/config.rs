//! The server's configuration: reading it, knowing whether it is still the
//! same, and finding one's way in it.

use super::Failure;
use super::job::Kea;
use super::json::{self, Map, Value};
use super::reservation::Entry;
use omapi::status::Status;
use parking_lot::Mutex;
use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

/// Commands that change the configuration without a reconfiguration, so that
/// status-get does not show it.
const QUIET_CHANGES: [&str; 3] = ["reservation-add", "subnet4-add", "class-add"];

/// A configuration as config-get gives it.
pub struct Config {
    /// `{"Dhcp4": ...}`, ready for config-set. May hold passwords: never to be
    /// logged or shown.
    pub arguments: Value,
    /// Kea's hash of it, from 2.4 on.
    pub hash: Option<String>,
    /// Right before it was asked for.
    read_at: Instant,
    /// Process id of the server and when it started, once known.
    server: Mutex<Option<(u64, Instant)>>,
    entries: OnceLock<Vec<Entry>>,
}

/// Where a list of reservations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `Dhcp4.reservations`.
    Global,
    /// In `Dhcp4.subnet4[i]`.
    Subnet(usize),
    /// In `Dhcp4.shared-networks[i].subnet4[j]`.
    Shared(usize, usize),
}

/// The configuration as it is now: the one read before if it cannot have
/// changed, or a new one.
///
/// # Errors
/// Why it cannot be read.
pub async fn current(kea: &Kea) -> Result<Arc<Config>, Failure> {
    let cached = kea.shared.config.lock().clone();
    if let Some(config) = cached
        && is_current(kea, &config).await?
    {
        return Ok(config);
    }
    fetch(kea).await
}

/// Reads the configuration.
///
/// # Errors
/// Why it cannot be read.
pub async fn fetch(kea: &Kea) -> Result<Arc<Config>, Failure> {
    let read_at = Instant::now();
    let mut arguments = kea.ask("config-get").await?.ok()?.into_arguments();
    let top = arguments.as_object_mut().ok_or(Status::PROTOCOL_ERROR)?;
    let hash = match top.shift_remove("hash") {
        Some(Value::String(hash)) => Some(hash),
        _ => None,
    };
    if !top.get("Dhcp4").is_some_and(Value::is_object) {
        return Err(Status::PROTOCOL_ERROR.into());
    }
    let config = Arc::new(Config {
        arguments,
        hash,
        read_at,
        server: Mutex::new(None),
        entries: OnceLock::new(),
    });
    *kea.shared.config.lock() = Some(Arc::clone(&config));
    Ok(config)
}

/// True if the server's configuration is certainly still `config`. One short
/// command.
///
/// # Errors
/// Why the server does not answer.
pub async fn is_current(kea: &Kea, config: &Config) -> Result<bool, Failure> {
    let quiet = QUIET_CHANGES.iter().any(|c| kea.shared.can(c));
    if quiet || has_config_database(config.dhcp4()) {
        return same_hash(kea, config).await;
    }
    let reply = kea.ask("status-get").await?.ok()?;
    let Some(status) = reply.arguments().as_object() else {
        return Ok(false);
    };
    let number = |key| json::number(status, key);
    let (Some(pid), Some(uptime), Some(reload)) =
        (number("pid"), number("uptime"), number("reload"))
    else {
        return Ok(false);
    };
    let now = Instant::now();
    let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
    // `reload` is the time since the last reconfiguration in whole seconds,
    // rounded down: it was at most that long ago.
    let unchanged = ago(reload).is_none_or(|latest| config.read_at > latest);
    // The server computes both with the wall clock: if that was set, or the
    // server is another one, nothing is certain.
    let started = ago(uptime).unwrap_or(config.read_at);
    let mut known = config.server.lock();
    let (same_pid, first_start) = *known.get_or_insert((pid, started));
    let drift = started
        .saturating_duration_since(first_start)
        .max(first_start.saturating_duration_since(started));
    Ok(unchanged && same_pid == pid && drift < Duration::from_secs(3))
}

/// True if Kea's hash is still the same; false also when Kea has none.
///
/// # Errors
/// Why the server does not answer.
pub async fn same_hash(kea: &Kea, config: &Config) -> Result<bool, Failure> {
    let (Some(hash), true) = (&config.hash, kea.shared.can("config-hash-get")) else {
        return Ok(false);
    };
    let reply = kea.ask("config-hash-get").await?.ok()?;
    Ok(json::at(reply.arguments(), &["hash"]).and_then(Value::as_str) == Some(hash))
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = f.debug_struct("Config");
        shown.field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Config {
    /// `Dhcp4`.
    #[must_use]
    pub fn dhcp4(&self) -> &Map {
        static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);
        let dhcp4 = self.arguments.get("Dhcp4").and_then(Value::as_object);
        dhcp4.unwrap_or(&EMPTY)
    }

    /// All reservations.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        self.entries
            .get_or_init(|| super::reservation::entries(self.dhcp4()))
    }

    /// The subnet-id and the range of the pool that has this address.
    #[must_use]
    pub fn pool_of(&self, address: Ipv4Addr) -> Option<(u32, &str)> {
        self.pools().find(|(_, range)| in_pool(range, address))
    }

    /// All pools: subnet-id and range.
    pub fn pools(&self) -> impl Iterator<Item = (u32, &str)> {
        subnets(self.dhcp4()).flat_map(|(_, subnet)| {
            let id = subnet_id(subnet);
            let pools = json::list(subnet, "pools").iter();
            pools.filter_map(move |pool| Some((id?, pool.get("pool")?.as_str()?)))
        })
    }

    /// How long a declined address is not given out, in seconds.
    #[must_use]
    pub fn probation(&self) -> u64 {
        json::number(self.dhcp4(), "decline-probation-period").unwrap_or(86400)
    }
}

/// All subnets, those of shared networks too.
pub fn subnets(dhcp4: &Map) -> impl Iterator<Item = (Place, &Map)> {
    let own = json::list(dhcp4, "subnet4")
        .iter()
        .enumerate()
        .map(|(i, subnet)| (Place::Subnet(i), subnet));
    let shared = json::list(dhcp4, "shared-networks")
        .iter()
        .enumerate()
        .flat_map(|(i, network)| {
            let subnets = network.get("subnet4").and_then(Value::as_array);
            let subnets = subnets.map_or(&[][..], |list| list);
            let places = subnets.iter().enumerate();
            places.map(move |(j, subnet)| (Place::Shared(i, j), subnet))
        });
    own.chain(shared)
        .filter_map(|(place, subnet)| Some((place, subnet.as_object()?)))
}

/// The subnet-id.
#[must_use]
pub fn subnet_id(subnet: &Map) -> Option<u32> {
    json::number(subnet, "id").and_then(|id| u32::try_from(id).ok())
}

/// True if reservations are in a database, and so not in the configuration.
#[must_use]
pub fn has_hosts_database(dhcp4: &Map) -> bool {
    ["hosts-database", "hosts-databases"].iter().any(|key| {
        let value = dhcp4.get(key);
        value.is_some_and(|v| v.as_array().is_none_or(|l| !l.is_empty()))
    })
}

/// True if parts of the configuration are in a database: they come and go
/// without a reconfiguration, and config-get shows them among its own.
#[must_use]
pub fn has_config_database(dhcp4: &Map) -> bool {
    let control = dhcp4.get("config-control").and_then(Value::as_object);
    control.is_some_and(|c| !json::list(c, "config-databases").is_empty())
}

/// True if Kea looks for global reservations.
#[must_use]
pub fn looks_globally(dhcp4: &Map) -> bool {
    dhcp4.get("reservations-global").and_then(Value::as_bool) == Some(true)
}

/// True if Kea looks for the reservations of this subnet.
#[must_use]
pub fn looks_in_subnet(dhcp4: &Map, place: Place, subnet: &Map) -> bool {
    let network = match place {
        Place::Shared(i, _) => json::list(dhcp4, "shared-networks").get(i),
        Place::Global | Place::Subnet(_) => None,
    };
    let network = network.and_then(Value::as_object);
    let mut holders = [Some(subnet), network, Some(dhcp4)].into_iter().flatten();
    let said = holders.find_map(|h| h.get("reservations-in-subnet")?.as_bool());
    said != Some(false)
}

/// True if the subnet's prefix contains the address.
#[must_use]
pub fn contains(subnet: &Map, address: Ipv4Addr) -> bool {
    json::string(subnet, "subnet").is_some_and(|prefix| in_prefix(prefix, address))
}

/// `10.0.0.0/8`.
fn in_prefix(prefix: &str, address: Ipv4Addr) -> bool {
    let parsed = prefix
        .split_once('/')
        .and_then(|(net, len)| Some((net.trim().parse().ok()?, len.trim().parse().ok()?)));
    let Some((net, len)): Option<(Ipv4Addr, u32)> = parsed else {
        return false;
    };
    let mask = match len {
        0 => 0,
        1..=32 => u32::MAX << (32 - len),
        _ => return false,
    };
    u32::from(net) & mask == u32::from(address) & mask
}

/// `10.0.0.10 - 10.0.0.250`, or a prefix.
fn in_pool(range: &str, address: Ipv4Addr) -> bool {
    let Some((first, last)) = range.split_once('-') else {
        return in_prefix(range, address);
    };
    match (first.trim().parse::<Ipv4Addr>(), last.trim().parse()) {
        (Ok(first), Ok(last)) => (first..=last).contains(&address),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let a = Ipv4Addr::new(10, 77, 0, 200);
        assert!(in_pool("10.77.0.10-10.77.0.200", a));
        assert!(in_pool("10.77.0.200 - 10.77.9.1", a));
        assert!(!in_pool("10.77.0.201 - 10.77.9.1", a));
        assert!(in_pool("10.77.0.192/28", a) && !in_pool("10.77.0.192/29", a));
        assert!(in_prefix("0.0.0.0/0", a) && in_prefix("10.77.0.200/32", a));
        for bad in ["", "/", "10.77.0.0/33", "x - y", "10.77.0.0/-1"] {
            assert!(!in_pool(bad, a) && !in_prefix(bad, a), "{bad}");
        }
    }
}
