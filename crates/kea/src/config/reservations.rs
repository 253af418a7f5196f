//! The lists of reservations in a configuration, and what identifies each.

use super::tree::{ReservationList, subnet_id, subnets};
use crate::json::{self, Map, Value};
use crate::model::HostKey;
use std::net::Ipv4Addr;

/// The identifiers, in Kea's names.
const KINDS: [&str; 5] = ["hw-address", "client-id", "duid", "circuit-id", "flex-id"];

/// Where a reservation is in a configuration, and what lookups compare.
#[derive(Clone, Debug)]
pub(crate) struct ReservationEntry {
    /// The list that it is in.
    pub list: ReservationList,
    /// Its index there.
    pub at: usize,
    /// Identifier and subnet-id.
    pub key: HostKey,
    /// Its address.
    pub address: Option<Ipv4Addr>,
    /// Its name, made up if it has none.
    pub name: Vec<u8>,
}

/// What identifies a reservation, as it stands there.
pub(crate) struct Brief<'m> {
    ids: [Option<&'m str>; 5],
    address: Option<&'m str>,
    hostname: Option<&'m str>,
    name: Option<&'m str>,
}

impl<'m> Brief<'m> {
    pub(crate) fn new(map: &'m Map) -> Self {
        let [a, b, c, d, e] = KINDS.each_ref().map(std::slice::from_ref);
        let address = &["ip-address"];
        let name = &["user-context", "omapi", "name"];
        let found = map.strings([a, b, c, d, e, address, &["hostname"], name]);
        // Kea shows what is not set as an empty string.
        let [a, b, c, d, e, address, hostname, name] =
            found.map(|text| text.filter(|t| !t.is_empty()));
        Self {
            ids: [a, b, c, d, e],
            address,
            hostname,
            name,
        }
    }

    pub(crate) fn key(&self, subnet: u32) -> Option<HostKey> {
        let mut ids = KINDS.iter().zip(self.ids);
        ids.find_map(|(kind, id)| {
            Some(HostKey {
                subnet,
                kind,
                id: json::identifier(id?)?,
            })
        })
    }

    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        let address: Ipv4Addr = self.address?.parse().ok()?;
        Some(address).filter(|a| !a.is_unspecified())
    }

    pub(crate) fn name(&self, subnet: u32) -> Vec<u8> {
        match self.name.or(self.hostname) {
            Some(name) => json::bytes(name),
            None => {
                let id = self.key(subnet).map(|k| json::hex(&k.id));
                format!("kea-{subnet}-{}", id.unwrap_or_default()).into_bytes()
            }
        }
    }
}

/// What this library keeps in a reservation or class.
#[must_use]
pub(crate) fn omapi(map: &Map) -> Option<&Map> {
    map.get("user-context")?.get("omapi")?.as_object()
}

/// The reservations of a list.
#[must_use]
pub(crate) fn reservations(dhcp4: &Map, list: ReservationList) -> &[Value] {
    let holder = match list {
        ReservationList::Global => Some(dhcp4),
        ReservationList::Subnet(i) => json::list(dhcp4, "subnet4")
            .get(i)
            .and_then(Value::as_object),
        ReservationList::Shared(i, j) => json::list(dhcp4, "shared-networks")
            .get(i)
            .and_then(Value::as_object)
            .and_then(|n| json::list(n, "subnet4").get(j))
            .and_then(Value::as_object),
    };
    holder.map_or(&[], |h| json::list(h, "reservations"))
}

/// The reservations of a list, to change; made when there are none.
pub(crate) fn reservations_mut(dhcp4: &mut Map, list: ReservationList) -> Option<&mut Vec<Value>> {
    let holder = match list {
        ReservationList::Global => dhcp4,
        ReservationList::Subnet(i) => item(dhcp4, "subnet4", i)?,
        ReservationList::Shared(i, j) => item(item(dhcp4, "shared-networks", i)?, "subnet4", j)?,
    };
    holder
        .entry("reservations")
        .or_insert_with(|| Value::Array(Vec::new()))
        .as_array_mut()
}

fn item<'m>(map: &'m mut Map, key: &str, at: usize) -> Option<&'m mut Map> {
    map.get_mut(key)?
        .as_array_mut()?
        .get_mut(at)?
        .as_object_mut()
}

/// All lists of reservations, with the subnet-ids of where they are.
pub(crate) fn reservation_lists(dhcp4: &Map) -> impl Iterator<Item = (ReservationList, u32)> {
    let subnets = subnets(dhcp4).filter_map(|(list, subnet)| Some((list, subnet_id(subnet)?)));
    std::iter::once((ReservationList::Global, 0)).chain(subnets)
}

impl ReservationEntry {
    /// For the reservation at an index of a list; `None` without identifier.
    #[must_use]
    pub(crate) fn new(list: ReservationList, at: usize, subnet: u32, map: &Map) -> Option<Self> {
        let brief = Brief::new(map);
        Some(Self {
            list,
            at,
            key: brief.key(subnet)?,
            address: brief.address(),
            name: brief.name(subnet),
        })
    }
}

/// All reservations of a configuration.
#[must_use]
pub(super) fn entries(dhcp4: &Map) -> Vec<ReservationEntry> {
    reservation_lists(dhcp4)
        .flat_map(|(list, subnet)| {
            let items = reservations(dhcp4, list).iter().enumerate();
            items.filter_map(move |(at, item)| {
                ReservationEntry::new(list, at, subnet, item.as_object()?)
            })
        })
        .collect()
}
