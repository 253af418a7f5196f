//! Leases: finding them, and how their attributes read.

use super::attributes::{Answered, Attributes};
use super::config;
use super::facts::Facts;
use super::handles::{self, Identity};
use super::job::{Kea, Reply};
use super::json::{self, Map, Value};
use super::lease_details::{self, Asked, Details};
use super::shared::Shared;
use super::{Answer, Failure};
use omapi::request::flags;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// Values of the attribute `state`.
pub mod state {
    /// Nobody's.
    pub const FREE: u32 = 1;
    /// A client's.
    pub const ACTIVE: u32 = 2;
    /// Its time is over.
    pub const EXPIRED: u32 = 3;
    /// Given back.
    pub const RELEASED: u32 = 4;
    /// Declined: somebody uses the address without asking.
    pub const ABANDONED: u32 = 5;
    /// To be free.
    pub const RESET: u32 = 6;
    /// The failover partner's.
    pub const BACKUP: u32 = 7;
}

/// A lifetime without end, for Kea; a time without end, for OMAPI.
pub const INFINITE: u64 = u32::MAX as u64;

/// A lease as Kea describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease(pub Map);

impl Lease {
    pub(super) fn new(value: Value) -> Result<Self, Failure> {
        match value {
            Value::Object(map) => {
                let lease = Self(map);
                lease.address().ok_or(Status::PROTOCOL_ERROR)?;
                Ok(lease)
            }
            _ => Err(Status::PROTOCOL_ERROR.into()),
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Option<Ipv4Addr> {
        json::string(&self.0, "ip-address")?.parse().ok()
    }

    fn identifier(&self, key: &str) -> Vec<u8> {
        json::string(&self.0, key)
            .and_then(json::identifier)
            .unwrap_or_default()
    }

    /// The hardware address, empty when there is none.
    #[must_use]
    pub fn hardware(&self) -> Vec<u8> {
        self.identifier("hw-address")
    }

    /// The client identifier, empty when there is none.
    #[must_use]
    pub fn client_id(&self) -> Vec<u8> {
        self.identifier("client-id")
    }

    /// Seconds since 1970 of the last transaction.
    #[must_use]
    pub fn cltt(&self) -> u64 {
        json::number(&self.0, "cltt").unwrap_or(0)
    }

    /// Seconds from then that it is valid.
    #[must_use]
    pub fn lifetime(&self) -> u64 {
        json::number(&self.0, "valid-lft").unwrap_or(0)
    }

    /// When it ends, in seconds since 1970.
    #[must_use]
    pub fn ends(&self) -> u64 {
        self.facts().ends()
    }

    /// Its state in OMAPI's numbers.
    #[must_use]
    pub fn state(&self, now: u64) -> u32 {
        self.facts().state(now)
    }

    /// All that it says.
    pub(super) fn facts(&self) -> Facts {
        let hostname = json::string(&self.0, "hostname");
        Facts {
            address: self.address().unwrap_or(Ipv4Addr::UNSPECIFIED),
            hardware: self.hardware(),
            client_id: self.client_id(),
            hostname: hostname.map(json::bytes).unwrap_or_default(),
            cltt: self.cltt(),
            lifetime: self.lifetime(),
            state: json::number(&self.0, "state").unwrap_or(0),
            subnet: self.subnet(),
        }
    }

    /// The variables that this library keeps with the lease.
    pub(super) fn bindings(&self) -> Option<&Map> {
        self.0
            .get("user-context")
            .and_then(|c| json::at(c, &["omapi", "bindings"]))?
            .as_object()
    }

    /// Its attributes, in the order of dhcpd. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub fn encode(&self, shared: &Shared, all: bool, more: &Details) -> Answer {
        self.facts().encode(shared, all, more, self.bindings())
    }
}

/// A lease with that address, from the server.
///
/// # Errors
/// Anything but found or not found.
pub async fn by_address(kea: &Kea, address: Ipv4Addr) -> Result<Option<Lease>, Failure> {
    kea.shared.must("lease4-get")?;
    match kea.lease4_get(address, false).await?.found()? {
        Some(reply) => Lease::new(reply.into_arguments()).map(Some),
        None => Ok(None),
    }
}

async fn list(kea: &Kea, command: &str, key: &str, id: &[u8]) -> Result<Vec<Lease>, Failure> {
    kea.shared.must(command)?;
    let arguments = json::map([(key, json::colons(id).into())]);
    match kea.command(command, arguments).await?.found()? {
        Some(reply) => leases(reply),
        None => Ok(Vec::new()),
    }
}

pub(super) fn leases(reply: Reply) -> Result<Vec<Lease>, Failure> {
    let mut arguments = reply.into_arguments();
    match arguments.get_mut("leases").map(Value::take) {
        Some(Value::Array(list)) => list.into_iter().map(Lease::new).collect(),
        _ => Err(Status::PROTOCOL_ERROR.into()),
    }
}

/// The one lease that a client has.
fn only(kea: &Kea, mut found: Vec<Lease>) -> Result<Option<Lease>, Failure> {
    if found.len() > 1 && kea.shared.options().active {
        // Kea keeps released and expired leases of a client beside the one
        // that it uses.
        let now = kea.shared.now();
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

/// `hardware-type` must be one byte's worth; which one Kea does not care.
pub(super) fn check_hardware_type(keys: &Attributes) -> Result<Option<u32>, Failure> {
    match keys.number(b"hardware-type")? {
        Some(n) if n > 255 => Err(Status::INVALID_ARGUMENT.into()),
        n => Ok(n),
    }
}

/// Bytes of the longest client identifier.
pub(super) fn longest_client_id(shared: &Shared) -> usize {
    match shared.capabilities().version {
        (0..=2, 0..=2) => 128,
        _ => 255,
    }
}

async fn by_client_id(kea: &Kea, id: &[u8]) -> Result<Option<Lease>, Failure> {
    // Kea cannot have others, and answers them with an error.
    if id.len() < 2 || id.len() > longest_client_id(&kea.shared) {
        return Ok(None);
    }
    let found = list(kea, "lease4-get-by-client-id", "client-id", id).await?;
    only(kea, found)
}

async fn by_hardware(kea: &Kea, address: &[u8]) -> Result<Option<Lease>, Failure> {
    if address.len() > 20 {
        return Ok(None);
    }
    let found = list(kea, "lease4-get-by-hw-address", "hw-address", address).await?;
    only(kea, found)
}

/// What a lookup found.
enum Found {
    Lease(Lease),
    /// One that is to be shown, no more.
    Shown(Facts),
    /// A free address of a pool, with its subnet-id.
    Free(Ipv4Addr, u32),
}

impl Found {
    fn encode(&self, shared: &Shared, more: &Details) -> Answer {
        match self {
            Self::Lease(lease) => lease.encode(shared, false, more),
            Self::Shown(facts) => facts.encode(shared, false, more, None),
            Self::Free(address, subnet) => {
                let server = shared.key();
                let mut out = Answered::default();
                out.number(b"state", state::FREE)
                    .bytes(b"ip-address", &address.octets())
                    .number(
                        b"subnet",
                        handles::handle(server, Identity::Subnet(*subnet)),
                    );
                if let Some(pool) = more.pool {
                    out.number(b"pool", pool);
                }
                for name in [&b"ends"[..], b"starts", b"tstp", b"tsfp", b"atsfp", b"cltt"] {
                    out.number(name, 0);
                }
                out.bytes(b"flags", &[0]);
                more.put_own(&mut out);
                Answer::Object(handles::handle(server, Identity::Lease(*address)), out)
            }
        }
    }

    /// The attributes, with those that were asked for.
    async fn answer(&self, kea: &Kea, asked: Asked) -> Result<Answer, Failure> {
        let (address, lease) = match self {
            Self::Lease(lease) => (lease.address(), Some(lease)),
            Self::Shown(facts) => (Some(facts.address), None),
            Self::Free(address, _) => (Some(*address), None),
        };
        if asked.is_nothing() {
            return Ok(self.encode(&kea.shared, &Details::default()));
        }
        let address = address.ok_or(Status::PROTOCOL_ERROR)?;
        // Rare: it would be in every lookup's state.
        let more = Box::pin(lease_details::read(kea, asked, address, lease)).await?;
        Ok(self.encode(&kea.shared, &more))
    }

    fn agrees(&self, keys: &Attributes) -> bool {
        let (address, client_id, hardware) = match self {
            Self::Lease(l) => (l.address(), l.client_id(), l.hardware()),
            Self::Shown(f) => return f.agrees(keys),
            Self::Free(a, _) => (Some(*a), Vec::new(), Vec::new()),
        };
        agree(keys, address, &client_id, &hardware)
    }
}

impl Facts {
    fn agrees(&self, keys: &Attributes) -> bool {
        agree(keys, Some(self.address), &self.client_id, &self.hardware)
    }
}

/// True if the keys that were given are these.
fn agree(keys: &Attributes, address: Option<Ipv4Addr>, client_id: &[u8], hardware: &[u8]) -> bool {
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
async fn at_address(kea: &Kea, address: Ipv4Addr, shown: bool) -> Result<Option<Found>, Failure> {
    kea.shared.must("lease4-get")?;
    let reply = kea.lease4_get(address, shown).await?;
    if let Some(facts) = reply.lease {
        return Ok(Some(Found::Shown(*facts)));
    }
    if let Some(reply) = reply.found()? {
        return Lease::new(reply.into_arguments()).map(|l| Some(Found::Lease(l)));
    }
    if !kea.shared.options().free {
        return Ok(None);
    }
    // Rare, and large: it would be in every lookup's state.
    let config = Box::pin(config::current(kea)).await?;
    let subnet = config.pool_of(address);
    Ok(subnet.map(|(id, _)| Found::Free(address, id)))
}

/// Finds the lease that `keys` describe: the first key finds, the others must
/// agree.
async fn find(kea: &Kea, keys: &Attributes, shown: bool) -> Result<Option<Found>, Failure> {
    check_hardware_type(keys)?;
    let found = if let Some(handle) = keys.number(b"handle")? {
        match handles::identity(kea.shared.key(), handle) {
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
        return Err(Failure::because(
            Status::NOT_IMPLEMENTED,
            "can't create new object",
        ));
    };
    match found {
        Some(found) if !found.agrees(keys) => Err(Failure::because(
            Status::KEY_CONFLICT,
            "object lookup failed",
        )),
        found => Ok(found),
    }
}

/// Open: find it, and with the flag change it.
///
/// # Errors
/// The code for the program.
pub async fn open(kea: &Kea, keys: &Attributes, wanted: u32) -> Result<Answer, Failure> {
    let create = wanted & flags::CREATE != 0;
    if create && kea.shared.options().leases {
        return Box::pin(super::lease_create::create(kea, keys, wanted)).await;
    }
    let asked = Asked::by(&kea.shared, keys);
    let shown = wanted == 0 && asked.is_nothing();
    let found = find(kea, keys, shown).await?;
    let Some(found) = found else {
        return Err(if create {
            Failure::because(Status::NOT_IMPLEMENTED, "can't create new object")
        } else {
            Failure::because(Status::NOT_FOUND, "no object matches specification")
        });
    };
    if create && wanted & flags::EXCLUSIVE != 0 {
        let why = "specified object already exists";
        return Err(Failure::because(Status::EXISTS, why));
    }
    if create {
        let why = "can't update object";
        return Err(Failure::because(Status::NO_PERMISSION, why));
    }
    match found {
        Found::Lease(lease) if wanted & flags::UPDATE != 0 => {
            let changed = super::lease_update::change(kea, &lease, keys);
            Box::pin(changed).await?;
            let address = lease.address().ok_or(Status::PROTOCOL_ERROR)?;
            Box::pin(read(kea, address, asked)).await
        }
        found => found.answer(kea, asked).await,
    }
}

/// Refresh: the lease of an address, as it is now.
///
/// # Errors
/// The code for the program.
pub async fn refresh(kea: &Kea, address: Ipv4Addr) -> Result<Answer, Failure> {
    read(kea, address, Asked::always(&kea.shared)).await
}

/// The lease of an address, with what is asked for.
///
/// # Errors
/// The code for the program.
pub(super) async fn read(kea: &Kea, address: Ipv4Addr, asked: Asked) -> Result<Answer, Failure> {
    match at_address(kea, address, asked.is_nothing()).await? {
        Some(found) => found.answer(kea, asked).await,
        None => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}
