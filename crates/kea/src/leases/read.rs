//! Finding leases.

use super::details::{self, Details, RequestedDetails};
use super::encode::encode_free;
use crate::json::{self, Value};
use crate::model::{Answer, Attributes, Identity, KeaError, Lease, LeaseFields, check, state};
use crate::protocol::Reply;
use crate::server::{Commands, configuration};
use omapi::refusals;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// A lease with that address, from the server.
///
/// # Errors
/// Anything but found or not found.
pub(super) async fn by_address(
    kea: &Commands,
    address: Ipv4Addr,
) -> Result<Option<Lease>, KeaError> {
    kea.server.require("lease4-get")?;
    match kea.lease4_get(address, false).await?.found()? {
        Some(reply) => Lease::new(reply.into_arguments()).map(Some),
        None => Ok(None),
    }
}

async fn list(kea: &Commands, command: &str, key: &str, id: &[u8]) -> Result<Vec<Lease>, KeaError> {
    kea.server.require(command)?;
    let arguments = json::map([(key, json::colons(id).into())]);
    match kea.command(command, arguments).await?.found()? {
        Some(reply) => leases(reply),
        None => Ok(Vec::new()),
    }
}

pub(super) fn leases(reply: Reply) -> Result<Vec<Lease>, KeaError> {
    let mut arguments = reply.into_arguments();
    match arguments.get_mut("leases").map(Value::take) {
        Some(Value::Array(list)) => list.into_iter().map(Lease::new).collect(),
        _ => Err(Status::PROTOCOL_ERROR.into()),
    }
}

/// The one lease that a client has.
fn single(kea: &Commands, mut found: Vec<Lease>) -> Result<Option<Lease>, KeaError> {
    if found.len() > 1 && kea.server.options().active {
        // Kea keeps released and expired leases of a client beside the one
        // that it uses.
        let now = kea.now().unix;
        let active = |l: &Lease| l.state(now) == state::ACTIVE;
        if found.iter().filter(|l| active(l)).count() == 1 {
            found.retain(active);
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(Status::MULTIPLE.into()),
    }
}

async fn by_client_id(kea: &Commands, id: &[u8]) -> Result<Option<Lease>, KeaError> {
    // Kea cannot have others, and answers them with an error.
    if id.len() < 2 || id.len() > kea.server.longest_identifier("client-id") {
        return Ok(None);
    }
    let found = list(kea, "lease4-get-by-client-id", "client-id", id).await?;
    single(kea, found)
}

async fn by_hardware(kea: &Commands, address: &[u8]) -> Result<Option<Lease>, KeaError> {
    if address.len() > 20 {
        return Ok(None);
    }
    let found = list(kea, "lease4-get-by-hw-address", "hw-address", address).await?;
    single(kea, found)
}

/// What a lookup found.
pub(super) enum Found {
    /// A lease.
    Lease(Lease),
    /// One that is to be shown, no more.
    Shown(LeaseFields),
    /// A free address of a pool, with its subnet-id.
    Free(Ipv4Addr, u32),
}

impl Found {
    fn encode(&self, kea: &Commands, more: &Details) -> Answer {
        match self {
            Self::Lease(lease) => lease.encode(kea, false, more),
            Self::Shown(fields) => fields.encode(kea, false, more, None),
            Self::Free(address, subnet) => encode_free(kea, *address, *subnet, more),
        }
    }

    /// The attributes, with those that were asked for.
    pub(super) async fn answer(
        &self,
        kea: &Commands,
        requested: RequestedDetails,
    ) -> Result<Answer, KeaError> {
        let (address, lease) = match self {
            Self::Lease(lease) => (lease.address(), Some(lease)),
            Self::Shown(fields) => (Some(fields.address), None),
            Self::Free(address, _) => (Some(*address), None),
        };
        if requested.is_nothing() {
            return Ok(self.encode(kea, &Details::default()));
        }
        let address = address.ok_or(Status::PROTOCOL_ERROR)?;
        // Rare: it would be in every lookup's state.
        let more = Box::pin(details::read(kea, requested, address, lease)).await?;
        Ok(self.encode(kea, &more))
    }

    fn agrees(&self, keys: &Attributes) -> bool {
        let (address, client_id, hardware) = match self {
            Self::Lease(l) => (l.address(), l.client_id(), l.hardware()),
            Self::Shown(f) => return f.agrees(keys),
            Self::Free(a, _) => (Some(*a), Vec::new(), Vec::new()),
        };
        keys_match(keys, address, &client_id, &hardware)
    }
}

impl LeaseFields {
    fn agrees(&self, keys: &Attributes) -> bool {
        keys_match(keys, Some(self.address), &self.client_id, &self.hardware)
    }
}

/// True if the keys that were given are these.
fn keys_match(
    keys: &Attributes,
    address: Option<Ipv4Addr>,
    client_id: &[u8],
    hardware: &[u8],
) -> bool {
    let octets = address.map(|a| a.octets());
    let octets = octets.as_ref().map_or(&[][..], |o| &o[..]);
    [
        (&b"ip-address"[..], octets),
        (b"dhcp-client-identifier", client_id),
        (b"hardware-address", hardware),
    ]
    .iter()
    .all(|(name, has)| keys.get(name).is_none_or(|wanted| wanted == *has))
}

/// What is at an address; `shown` when it is to be shown and no more.
async fn at_address(
    kea: &Commands,
    address: Ipv4Addr,
    shown: bool,
) -> Result<Option<Found>, KeaError> {
    kea.server.require("lease4-get")?;
    let reply = kea.lease4_get(address, shown).await?;
    if let Some(fields) = reply.lease {
        return Ok(Some(Found::Shown(*fields)));
    }
    if let Some(reply) = reply.found()? {
        return Lease::new(reply.into_arguments()).map(|l| Some(Found::Lease(l)));
    }
    if !kea.server.options().free {
        return Ok(None);
    }
    // Rare, and large: it would be in every lookup's state.
    let config = Box::pin(configuration::current(kea)).await?;
    let subnet = config.pool_of(address);
    Ok(subnet.map(|(id, _)| Found::Free(address, id)))
}

/// Finds the lease that `keys` describe: the first key finds, the others must
/// agree.
pub(super) async fn find(
    kea: &Commands,
    keys: &Attributes,
    shown: bool,
) -> Result<Option<Found>, KeaError> {
    check::check_hardware_type(keys)?;
    let found = if let Some(handle) = keys.number(b"handle")? {
        match kea.server.identity(handle) {
            Some(Identity::Lease(address)) => at_address(kea, address, shown).await?,
            Some(_) => return Err(Status::INVALID_ARGUMENT.into()),
            None => None,
        }
    } else if let Some(address) = keys.get(b"ip-address") {
        match <[u8; 4]>::try_from(address) {
            Ok(address) => at_address(kea, address.into(), shown).await?,
            Err(_) => None,
        }
    } else if let Some(id) = keys.get(b"dhcp-client-identifier") {
        by_client_id(kea, id).await?.map(Found::Lease)
    } else if let Some(address) = keys.get(b"hardware-address") {
        by_hardware(kea, address).await?.map(Found::Lease)
    } else {
        return Err(KeaError::because(
            Status::NOT_IMPLEMENTED,
            refusals::CANNOT_CREATE,
        ));
    };
    match found {
        Some(found) if !found.agrees(keys) => Err(KeaError::because(
            Status::KEY_CONFLICT,
            refusals::LOOKUP_FAILED,
        )),
        found => Ok(found),
    }
}

/// Refresh: the lease of an address, as it is now.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or as the commands fail.
pub(crate) async fn refresh(kea: &Commands, address: Ipv4Addr) -> Result<Answer, KeaError> {
    read(kea, address, RequestedDetails::always(&kea.server)).await
}

/// The lease of an address, with what is asked for.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or as the commands fail.
pub(super) async fn read(
    kea: &Commands,
    address: Ipv4Addr,
    requested: RequestedDetails,
) -> Result<Answer, KeaError> {
    match at_address(kea, address, requested.is_nothing()).await? {
        Some(found) => found.answer(kea, requested).await,
        None => Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        )),
    }
}
