//! A configuration as it was read.

use super::reservations::{Entry, entries};
use super::tree::{in_pool, subnet_id, subnets};
use crate::json::{self, Map, Value};
use parking_lot::Mutex;
use std::net::Ipv4Addr;
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

/// A configuration as config-get gives it.
pub struct Config {
    /// `{"Dhcp4": ...}`, ready for config-set. May hold passwords: never to be
    /// logged or shown.
    pub arguments: Value,
    /// Kea's hash of it, from 2.4 on.
    pub hash: Option<String>,
    /// Right before it was asked for.
    pub read_at: Instant,
    /// Process id of the server and when it started, once known.
    pub server: Mutex<Option<(u64, Instant)>>,
    /// All reservations, once they were looked for.
    pub entries: OnceLock<Vec<Entry>>,
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
        self.entries.get_or_init(|| entries(self.dhcp4()))
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
