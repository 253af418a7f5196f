//! A configuration as it was read.

use super::reservations::{ReservationEntry, entries};
use super::tree::{in_pool, subnet_id, subnets};
use crate::json::{self, Map, Value};
use omapi::status::Status;
use std::net::Ipv4Addr;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

/// A configuration as config-get gives it.
pub(crate) struct Config {
    /// `{"Dhcp4": ...}`, ready for config-set. May hold passwords: never to be
    /// logged or shown.
    pub arguments: Value,
    /// Kea's hash of it, from 2.4 on.
    pub hash: Option<String>,
    /// Right before it was asked for, in nanoseconds of the steady clock.
    read_at: i128,
    /// Process id of the server and when it started, on the same clock, once
    /// known.
    process: OnceLock<(u64, i128)>,
    entries: OnceLock<Vec<ReservationEntry>>,
}

impl core::fmt::Debug for Config {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut shown = f.debug_struct("Config");
        shown.field("hash", &self.hash).finish_non_exhaustive()
    }
}

impl Config {
    /// Takes the arguments of an answer to config-get, which was asked for at
    /// `read_at` of the steady clock.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` without a `Dhcp4`.
    pub(crate) fn new(mut arguments: Value, read_at: Duration) -> Result<Self, Status> {
        let top = arguments.as_object_mut().ok_or(Status::PROTOCOL_ERROR)?;
        let hash = match top.shift_remove("hash") {
            Some(Value::String(hash)) => Some(hash),
            _ => None,
        };
        if !top.get("Dhcp4").is_some_and(Value::is_object) {
            return Err(Status::PROTOCOL_ERROR);
        }
        Ok(Self {
            arguments,
            hash,
            read_at: nanoseconds(read_at),
            process: OnceLock::new(),
            entries: OnceLock::new(),
        })
    }

    /// True if the server certainly still has this configuration, by an answer
    /// to status-get that came not after `now` of the steady clock.
    #[must_use]
    pub(crate) fn is_current(&self, status: &Map, now: Duration) -> bool {
        let number = |key| json::number(status, key);
        let (Some(pid), Some(uptime), Some(reload)) =
            (number("pid"), number("uptime"), number("reload"))
        else {
            return false;
        };
        let ago = |seconds| nanoseconds(now) - nanoseconds(Duration::from_secs(seconds));
        // `reload` is the time since the last reconfiguration in whole seconds,
        // rounded down: it was at most that long ago.
        let unchanged = self.read_at > ago(reload);
        // The server computes both with the wall clock: if that was set, or the
        // server is another one, nothing is certain.
        let started = ago(uptime);
        let (same_pid, first_start) = *self.process.get_or_init(|| (pid, started));
        let drift = started.abs_diff(first_start);
        unchanged && same_pid == pid && drift < Duration::from_secs(3).as_nanos()
    }

    /// `Dhcp4`.
    #[must_use]
    pub(crate) fn dhcp4(&self) -> &Map {
        static EMPTY: LazyLock<Map> = LazyLock::new(Map::new);
        let dhcp4 = self.arguments.get("Dhcp4").and_then(Value::as_object);
        dhcp4.unwrap_or(&EMPTY)
    }

    /// All reservations.
    #[must_use]
    pub(crate) fn entries(&self) -> &[ReservationEntry] {
        self.entries.get_or_init(|| entries(self.dhcp4()))
    }

    /// The subnet-id and the range of the pool that has this address.
    #[must_use]
    pub(crate) fn pool_of(&self, address: Ipv4Addr) -> Option<(u32, &str)> {
        self.pools().find(|(_, range)| in_pool(range, address))
    }

    /// All pools: subnet-id and range.
    pub(crate) fn pools(&self) -> impl Iterator<Item = (u32, &str)> {
        subnets(self.dhcp4()).flat_map(|(_, subnet)| {
            let id = subnet_id(subnet);
            let pools = json::list(subnet, "pools").iter();
            pools.filter_map(move |pool| Some((id?, pool.get("pool")?.as_str()?)))
        })
    }

    /// How long a declined address is not given out, in seconds.
    #[must_use]
    pub(crate) fn probation(&self) -> u64 {
        json::number(self.dhcp4(), "decline-probation-period").unwrap_or(86400)
    }
}

/// With a sign: what was before the clock's start is negative.
fn nanoseconds(time: Duration) -> i128 {
    // 2^64 seconds are less than 2^94 nanoseconds.
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn what_status_get_proves() {
        let second = Duration::from_secs(1);
        let now = 100 * second;
        let config = |read_at| Config::new(parse(br#"{"Dhcp4":{}}"#).unwrap(), read_at).unwrap();
        let status = |pid: u64, uptime: u64, reload: u64| {
            let pairs = [("pid", pid), ("uptime", uptime), ("reload", reload)];
            json::map(pairs.map(|(name, number)| (name, number.into())))
        };
        // When it was read, and how long ago the server says that it was
        // reconfigured, in whole seconds.
        for (read_at, reload, expected) in [
            (95 * second, 6, true),
            (95 * second, 5, false),
            (95 * second, 4, false),
            (95 * second + second / 10, 5, true),
            // Before the clock started.
            (Duration::ZERO, 101, true),
            (Duration::ZERO, 100, false),
            (Duration::ZERO, u64::MAX, true),
        ] {
            let status = status(1, u64::MAX, reload);
            assert_eq!(config(read_at).is_current(&status, now), expected);
        }
        // The first answer says which server it is, and when it started.
        let known = config(now);
        assert!(known.is_current(&status(1, 1000, 1000), now));
        for (answer, later, expected) in [
            (status(1, 1005, 1005), 5, true),
            (status(1, 1008, 1008), 5, false),
            (status(1, 1002, 1002), 5, false),
            (status(1, 1007, 1007), 5, true),
            (status(2, 1005, 1005), 5, false),
            (Map::new(), 5, false),
        ] {
            let is_current = known.is_current(&answer, now + later * second);
            assert_eq!(is_current, expected, "{answer:?}");
        }
    }
}
