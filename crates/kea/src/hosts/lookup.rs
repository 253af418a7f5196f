//! Looking for hosts: in a configuration, or with the commands of host_cmds.

use super::host::Host;
use super::reservation::Reservation;
use crate::config::ReservationEntry;
use crate::json::{self, Map, Value};
use crate::model::{Attributes, HostKey, Identity, KeaError, check};
use crate::protocol::Reply;
use crate::server::{Commands, ServerInfo};
use omapi::refusals;
use omapi::status::Status;
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// How to look for hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostQuery<'k> {
    /// By an identifier, in all subnets.
    Id(&'k str, &'k [u8]),
    /// By address.
    Address(Ipv4Addr),
    /// By name.
    Name(&'k [u8]),
    /// By identifier and subnet.
    Exact(&'k HostKey),
}

/// Where to look: in a configuration, or with the commands of host_cmds.
#[derive(Clone, Copy)]
pub(crate) enum Source<'s> {
    /// `Dhcp4`, and its reservations.
    Snapshot(&'s Map, &'s [ReservationEntry]),
    /// The server, with the names of its hosts if they were read already.
    Commands(&'s Commands, Option<&'s HostNameIndex>),
}

/// What a plan is made from.
#[derive(Clone, Copy)]
pub(crate) struct PlanContext<'c> {
    /// For lookups of hosts.
    pub source: Source<'c>,
    /// `Dhcp4`: subnets and classes.
    pub dhcp4: &'c Map,
    /// The server.
    pub server: &'c ServerInfo,
    /// Seconds since 1970.
    pub now: u64,
}

/// Which hosts have a name. Kea cannot look for names: all reservations must be
/// read.
#[derive(Debug, Default)]
pub(crate) struct HostNameIndex(HashMap<Vec<u8>, Vec<HostKey>>);

impl HostNameIndex {
    /// Reads them all.
    ///
    /// # Errors
    /// As the commands fail.
    pub(crate) async fn read(kea: &Commands) -> Result<Self, KeaError> {
        let mut names = Self::default();
        for reservation in all_by_command(kea).await? {
            names.add(&reservation);
        }
        Ok(names)
    }

    /// A reservation was added.
    pub(crate) fn add(&mut self, reservation: &Reservation) {
        if let Some(key) = reservation.key() {
            self.0.entry(reservation.name()).or_default().push(key);
        }
    }
}

/// True if the server has host_cmds.
#[must_use]
pub(crate) fn has_host_commands(server: &ServerInfo) -> bool {
    [
        "reservation-add",
        "reservation-get-by-id",
        "reservation-get-page",
    ]
    .iter()
    .all(|c| server.can(c))
}

/// How many reservations are read at once.
const PAGE: u32 = 1000;

/// Most reservations of a server that are read one page after the other: one
/// that always has another page is no Kea server.
const MOST: usize = 1 << 21;

impl Source<'_> {
    /// The reservations with that key.
    async fn reservations(&self, key: HostQuery<'_>) -> Result<Vec<Reservation>, KeaError> {
        match self {
            Self::Snapshot(dhcp4, entries) => Ok(entries
                .iter()
                .filter(|e| match key {
                    HostQuery::Id(kind, id) => e.key.kind == kind && e.key.id == id,
                    HostQuery::Address(address) => e.address == Some(address),
                    HostQuery::Name(name) => e.name == name,
                    HostQuery::Exact(wanted) => e.key == *wanted,
                })
                .filter_map(|e| Reservation::of_entry(dhcp4, e))
                .collect()),
            Self::Commands(kea, names) => match (key, names) {
                (HostQuery::Name(name), Some(names)) => {
                    let mut found = Vec::new();
                    for key in names.0.get(name).into_iter().flatten() {
                        // It may have gone meanwhile.
                        found.extend(by_command(kea, HostQuery::Exact(key)).await?);
                    }
                    Ok(found)
                }
                _ => by_command(kea, key).await,
            },
        }
    }

    /// The hosts with that key.
    ///
    /// # Errors
    /// As the commands fail.
    pub(crate) async fn hosts(&self, key: HostQuery<'_>) -> Result<Vec<Host>, KeaError> {
        let mut hosts: Vec<Host> = Vec::new();
        for found in self.reservations(key).await? {
            let known = |h: &Host| h.0.iter().any(|r| r.key() == found.key());
            if found.key().is_none() || hosts.iter().any(known) {
                continue;
            }
            let mut parts = vec![found];
            self.copies(&mut parts).await?;
            for at in 0..parts.len() {
                let Some(twin) = parts[at].twin() else {
                    continue;
                };
                let twin = self.reservations(HostQuery::Exact(&twin)).await?.pop();
                // The twin must know it too: the pair may have been taken apart.
                parts.extend(twin.filter(|t| t.twin() == parts[at].key()));
            }
            hosts.push(Host::new(parts));
        }
        Ok(hosts)
    }

    /// Adds the other copies of the one in `parts`, if it has any.
    async fn copies(&self, parts: &mut Vec<Reservation>) -> Result<(), KeaError> {
        let [first] = &parts[..] else {
            return Ok(());
        };
        let Some(key) = first.key().filter(|_| first.is_copy()) else {
            return Ok(());
        };
        let name = first.name();
        let all = self.reservations(HostQuery::Id(key.kind, &key.id)).await?;
        let others = all.into_iter().filter(|r| {
            r.is_copy() && r.name() == name && r.key().is_some_and(|other| other != key)
        });
        parts.extend(others);
        Ok(())
    }

    /// The one host that `keys` describe. The first key finds, the others must
    /// agree.
    ///
    /// # Errors
    /// `DHCP_R_MULTIPLE`, `DHCP_R_KEYCONFLICT`, `DHCP_R_INVALIDARG` without a
    /// key.
    pub(crate) async fn find(
        &self,
        server: &ServerInfo,
        keys: &Attributes,
    ) -> Result<Option<Host>, KeaError> {
        check::check_hardware_type(keys)?;
        let by_handle = match keys.number(b"handle")? {
            Some(handle) => match server.identity(handle) {
                Some(Identity::Host(key)) => Some(key),
                Some(_) => return Err(Status::INVALID_ARGUMENT.into()),
                None => return Ok(None),
            },
            None => None,
        };
        let address = keys.get(b"ip-address");
        let plain = [
            by_handle.as_ref().map(|k| Some(HostQuery::Exact(k))),
            keys.get(b"dhcp-client-identifier")
                .map(|id| Some(HostQuery::Id("client-id", id))),
            keys.get(b"hardware-address")
                .map(|id| Some(HostQuery::Id("hw-address", id))),
            // Another length is no address: nothing has it.
            address.map(|a| {
                <[u8; 4]>::try_from(a)
                    .ok()
                    .map(|a| HostQuery::Address(a.into()))
            }),
            keys.get(b"name").map(|name| Some(HostQuery::Name(name))),
        ];
        let mut found: Option<Host> = None;
        let mut any = false;
        for key in plain.into_iter().flatten() {
            any = true;
            let mut hits = match key {
                Some(key) => self.hosts(key).await?,
                None => Vec::new(),
            };
            let conflict = || KeaError::because(Status::KEY_CONFLICT, refusals::LOOKUP_FAILED);
            match &found {
                None if hits.is_empty() => return Ok(None),
                None if hits.len() > 1 => return Err(Status::MULTIPLE.into()),
                None => found = hits.pop(),
                Some(host) if hits.iter().any(|h| h.key() == host.key()) => {}
                Some(_) => return Err(conflict()),
            }
        }
        if any {
            Ok(found)
        } else {
            Err(Status::INVALID_ARGUMENT.into())
        }
    }
}

async fn by_command(kea: &Commands, key: HostQuery<'_>) -> Result<Vec<Reservation>, KeaError> {
    let (command, arguments) = match key {
        HostQuery::Id(kind, id) => (
            "reservation-get-by-id",
            json::map([
                ("identifier-type", kind.into()),
                ("identifier", json::colons(id).into()),
            ]),
        ),
        HostQuery::Address(address) => (
            "reservation-get-by-address",
            json::map([("ip-address", address.into())]),
        ),
        HostQuery::Exact(key) => (
            "reservation-get",
            json::map([
                ("subnet-id", key.subnet.into()),
                ("identifier-type", key.kind[..].into()),
                ("identifier", json::colons(&key.id).into()),
            ]),
        ),
        HostQuery::Name(name) => {
            let all = all_by_command(kea).await?;
            return Ok(all.into_iter().filter(|r| r.name() == name).collect());
        }
    };
    match kea.command(command, arguments).await?.found()? {
        None => Ok(Vec::new()),
        Some(reply) if command == "reservation-get" => {
            let one = Reservation::from_command(reply.into_arguments());
            Ok(one.into_iter().collect())
        }
        Some(reply) => Ok(hosts_of(reply).0),
    }
}

/// The reservations of an answer, and where the next page starts.
fn hosts_of(reply: Reply) -> (Vec<Reservation>, Option<Value>) {
    let mut arguments = reply.into_arguments();
    let next = arguments.get_mut("next").map(Value::take);
    let hosts = match arguments.get_mut("hosts").map(Value::take) {
        Some(Value::Array(hosts)) => hosts,
        _ => Vec::new(),
    };
    let hosts = hosts.into_iter().filter_map(Reservation::from_command);
    (hosts.collect(), next)
}

/// All reservations, page by page.
///
/// # Errors
/// As the commands fail.
pub(crate) async fn all_by_command(kea: &Commands) -> Result<Vec<Reservation>, KeaError> {
    let mut all = Vec::new();
    let mut from = Map::new();
    loop {
        let mut arguments = from.clone();
        arguments.insert("limit".into(), PAGE.into());
        let reply = kea.command("reservation-get-page", arguments).await?;
        let Some(reply) = reply.found()? else {
            return Ok(all);
        };
        let (hosts, next) = hosts_of(reply);
        match next {
            // A server that always sends us back to the start would never end.
            Some(Value::Object(next)) if next != from && !hosts.is_empty() => from = next,
            _ => {
                all.extend(hosts);
                return Ok(all);
            }
        }
        all.extend(hosts);
        if all.len() > MOST {
            return Err(Status::PROTOCOL_ERROR.into());
        }
    }
}
