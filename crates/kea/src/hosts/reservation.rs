//! Reservations: what Kea has in place of hosts.
//!
//! A reservation has one identifier, in one subnet, and no name. What OMAPI
//! has more goes into `user-context.omapi`: `name`, `statements`, and for a
//! host with hardware address and client identifier, which is two
//! reservations, in `twin` the identifier of the other; `copy` is true for one
//! that is in several subnets.

use crate::config::{Brief, ReservationEntry, omapi, reservations};
use crate::json::{Map, Value};
use crate::model::HostKey;
use std::net::Ipv4Addr;

/// A reservation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reservation {
    /// subnet-id, 0 for a global one.
    pub subnet: u32,
    /// As in a configuration, without subnet-id.
    pub map: Map,
}

impl Reservation {
    /// The one that an entry of a configuration stands for.
    #[must_use]
    pub(crate) fn of_entry(dhcp4: &Map, entry: &ReservationEntry) -> Option<Self> {
        let map = reservations(dhcp4, entry.list).get(entry.at)?.as_object()?;
        Some(Self {
            subnet: entry.key.subnet,
            map: map.clone(),
        })
    }

    /// Takes one in the form of the commands, with its subnet-id.
    #[must_use]
    pub(crate) fn from_command(value: Value) -> Option<Self> {
        let Value::Object(mut map) = value else {
            return None;
        };
        let subnet = map.shift_remove("subnet-id")?.as_u64()?;
        let subnet = u32::try_from(subnet).ok()?;
        Some(Self { subnet, map })
    }

    /// In the form of the commands.
    #[must_use]
    pub(crate) fn to_command(&self) -> Value {
        let mut map = self.map.clone();
        map.insert("subnet-id".into(), self.subnet.into());
        Value::Object(map)
    }

    /// What finds it again; `None` without identifier.
    #[must_use]
    pub(crate) fn key(&self) -> Option<HostKey> {
        Brief::new(&self.map).key(self.subnet)
    }

    /// Its address.
    #[must_use]
    pub(crate) fn address(&self) -> Option<Ipv4Addr> {
        Brief::new(&self.map).address()
    }

    /// Its name, made up if it has none.
    #[must_use]
    pub(crate) fn name(&self) -> Vec<u8> {
        Brief::new(&self.map).name(self.subnet)
    }

    /// What this library keeps in it.
    #[must_use]
    pub(crate) fn omapi(&self) -> Option<&Map> {
        omapi(&self.map)
    }

    /// True if the same host has others in other subnets.
    #[must_use]
    pub(crate) fn is_copy(&self) -> bool {
        self.omapi()
            .and_then(|o| o.get("copy"))
            .and_then(Value::as_bool)
            == Some(true)
    }

    /// The other reservation of the same host.
    #[must_use]
    pub(crate) fn twin(&self) -> Option<HostKey> {
        let twin = self.omapi()?.get("twin")?.as_object()?;
        Brief::new(twin).key(self.subnet)
    }
}
