//! Finding one's way in a configuration.

use crate::json::{self, Map, Value};
use std::net::Ipv4Addr;

/// Where a list of reservations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReservationList {
    /// `Dhcp4.reservations`.
    Global,
    /// In `Dhcp4.subnet4[i]`.
    Subnet(usize),
    /// In `Dhcp4.shared-networks[i].subnet4[j]`.
    Shared(usize, usize),
}

/// All subnets, those of shared networks too.
pub(crate) fn subnets(dhcp4: &Map) -> impl Iterator<Item = (ReservationList, &Map)> {
    let own = json::list(dhcp4, "subnet4")
        .iter()
        .enumerate()
        .map(|(i, subnet)| (ReservationList::Subnet(i), subnet));
    let shared = json::list(dhcp4, "shared-networks")
        .iter()
        .enumerate()
        .flat_map(|(i, network)| {
            let subnets = network.get("subnet4").and_then(Value::as_array);
            let subnets = subnets.map_or(&[][..], |list| list);
            let lists = subnets.iter().enumerate();
            lists.map(move |(j, subnet)| (ReservationList::Shared(i, j), subnet))
        });
    own.chain(shared)
        .filter_map(|(list, subnet)| Some((list, subnet.as_object()?)))
}

/// The subnet-id.
#[must_use]
pub(crate) fn subnet_id(subnet: &Map) -> Option<u32> {
    json::number(subnet, "id").and_then(|id| u32::try_from(id).ok())
}

/// True if reservations are in a database, and so not in the configuration.
#[must_use]
pub(crate) fn has_hosts_database(dhcp4: &Map) -> bool {
    ["hosts-database", "hosts-databases"].iter().any(|key| {
        let value = dhcp4.get(key);
        value.is_some_and(|v| v.as_array().is_none_or(|l| !l.is_empty()))
    })
}

/// True if parts of the configuration are in a database: they come and go
/// without a reconfiguration, and config-get shows them among its own.
#[must_use]
pub(crate) fn has_config_database(dhcp4: &Map) -> bool {
    let control = dhcp4.get("config-control").and_then(Value::as_object);
    control.is_some_and(|c| !json::list(c, "config-databases").is_empty())
}

/// True if Kea looks for global reservations.
#[must_use]
pub(crate) fn looks_globally(dhcp4: &Map) -> bool {
    dhcp4.get("reservations-global").and_then(Value::as_bool) == Some(true)
}

/// True if Kea looks for the reservations of this subnet.
#[must_use]
pub(crate) fn looks_in_subnet(dhcp4: &Map, list: ReservationList, subnet: &Map) -> bool {
    let network = match list {
        ReservationList::Shared(i, _) => json::list(dhcp4, "shared-networks").get(i),
        ReservationList::Global | ReservationList::Subnet(_) => None,
    };
    let network = network.and_then(Value::as_object);
    let mut holders = [Some(subnet), network, Some(dhcp4)].into_iter().flatten();
    let said = holders.find_map(|h| h.get("reservations-in-subnet")?.as_bool());
    said != Some(false)
}

/// True if the subnet's prefix contains the address.
#[must_use]
pub(crate) fn contains(subnet: &Map, address: Ipv4Addr) -> bool {
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
pub(super) fn in_pool(range: &str, address: Ipv4Addr) -> bool {
    let Some((first, last)) = range.split_once('-') else {
        return in_prefix(range, address);
    };
    match (first.trim().parse::<Ipv4Addr>(), last.trim().parse()) {
        (Ok(first), Ok(last)) => (first..=last).contains(&address),
        _ => false,
    }
}

/// True if two reservations may not have the same address.
#[must_use]
pub(crate) fn unique_addresses(dhcp4: &Map) -> bool {
    dhcp4.get("ip-reservations-unique").and_then(Value::as_bool) != Some(false)
}

/// True if some option 43 would be lost when this configuration is written or
/// set: Kea 2.6 and 3.0 show raw bytes of it as empty.
#[must_use]
pub(crate) fn loses_option_43(value: &Value) -> bool {
    match value {
        Value::Object(map) if map.text().is_some_and(|t| !t.contains("\"code\"")) => false,
        Value::Object(map) => {
            let is_43 = map.get("code").and_then(Value::as_u64) == Some(43);
            let raw = map.get("csv-format").and_then(Value::as_bool) == Some(false);
            let empty = map.get("data").and_then(Value::as_str) == Some("");
            (is_43 && raw && empty) || map.values().any(loses_option_43)
        }
        Value::Array(list) => list.iter().any(loses_option_43),
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
