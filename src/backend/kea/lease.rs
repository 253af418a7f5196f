//! Leases: finding them, and how their attributes read.

use super::attributes::{Answered, Attributes};
use super::config;
use super::handles::{self, Identity};
use super::job::{Kea, Reply};
use super::json::{self, Map, Value};
use super::lease_details::{self, Asked, Details};
use super::shared::Shared;
use super::{Answer, Failure};
use crate::request::flags;
use crate::status::Status;
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

/// Attributes that a lease may have or not, for objects that go from one lease
/// to the next.
const OPTIONAL: [&[u8]; 4] = [
    b"dhcp-client-identifier",
    b"client-hostname",
    b"hardware-address",
    b"hardware-type",
];

/// A lease as Kea describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease(pub Map);

impl Lease {
    fn new(value: Value) -> Result<Self, Failure> {
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
        match self.lifetime() {
            INFINITE => INFINITE,
            lifetime => self.cltt().saturating_add(lifetime),
        }
    }

    /// Its state in OMAPI's numbers.
    #[must_use]
    pub fn state(&self, now: u64) -> u32 {
        match json::number(&self.0, "state").unwrap_or(0) {
            1 => state::ABANDONED,
            2 => state::FREE,
            3 => state::RELEASED,
            // A release on 2.4 and 2.6.
            0 if self.lifetime() == 0 => state::RELEASED,
            0 if self.lifetime() == INFINITE || self.ends() > now => state::ACTIVE,
            0 => state::EXPIRED,
            _ => state::ACTIVE,
        }
    }

    /// The variables that this library keeps with the lease.
    fn bindings(&self) -> Option<&Map> {
        self.0
            .get("user-context")
            .and_then(|c| json::at(c, &["omapi", "bindings"]))?
            .as_object()
    }

    /// Its attributes, in the order of dhcpd. With `all`, those that it has
    /// not are null.
    #[must_use]
    pub fn encode(&self, shared: &Shared, all: bool, more: &Details) -> Answer {
        let server = shared.key();
        let time = |t: u64| u32::try_from(t).unwrap_or(u32::MAX);
        let address = self.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let hardware = self.hardware();
        let cltt = time(self.cltt());
        let mut out = Answered::default();
        if all {
            for name in OPTIONAL {
                out.bytes_or_null(name, &[]);
            }
            if shared.options().details {
                out.bytes_or_null(b"host", &[]).bytes_or_null(b"pool", &[]);
            }
        }
        out.number(b"state", self.state(shared.now()))
            .bytes(b"ip-address", &address.octets())
            .bytes(b"dhcp-client-identifier", &self.client_id());
        if let Some(name) = json::string(&self.0, "hostname") {
            out.bytes(b"client-hostname", &json::bytes(name));
        }
        if let Some(host) = more.host {
            out.number(b"host", host);
        }
        if let Some(subnet) = self.subnet() {
            out.number(b"subnet", handles::handle(server, Identity::Subnet(subnet)));
        }
        if let Some(pool) = more.pool {
            out.number(b"pool", pool);
        }
        if !hardware.is_empty() {
            // Kea does not say which; it manages Ethernet.
            out.bytes(b"hardware-address", &hardware)
                .number(b"hardware-type", 1);
        }
        out.number(b"ends", time(self.ends()))
            .number(b"starts", cltt)
            .number(b"tstp", 0)
            .number(b"tsfp", 0)
            .number(b"atsfp", 0)
            .number(b"cltt", cltt)
            .bytes(b"flags", &[more.flags()]);
        for (name, value) in self.bindings().into_iter().flatten() {
            match value {
                Value::String(s) => out.bytes(&json::bytes(name), &json::bytes(s)),
                Value::Number(n) => match n.as_u64().and_then(|n| u32::try_from(n).ok()) {
                    Some(n) => out.number(&json::bytes(name), n),
                    None => &mut out,
                },
                _ => &mut out,
            };
        }
        more.put_own(&mut out);
        Answer::Object(handles::handle(server, Identity::Lease(address)), out)
    }
}

/// A lease with that address, from the server.
///
/// # Errors
/// Anything but found or not found.
pub async fn by_address(kea: &Kea, address: Ipv4Addr) -> Result<Option<Lease>, Failure> {
    kea.shared.must("lease4-get")?;
    let arguments = json::map([("ip-address", address.to_string().into())]);
    match kea.command("lease4-get", arguments).await?.found()? {
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
    /// A free address of a pool, with its subnet-id.
    Free(Ipv4Addr, u32),
}

impl Found {
    fn encode(&self, shared: &Shared, more: &Details) -> Answer {
        match self {
            Self::Lease(lease) => lease.encode(shared, false, more),
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
        let (address, lease) = match self {
            Self::Lease(l) => (l.address(), Some(l)),
            Self::Free(a, _) => (Some(*a), None),
        };
        let same = |name: &[u8], has: &dyn Fn(&Lease) -> Vec<u8>| {
            let has = || lease.map(has).unwrap_or_default();
            keys.get(name).is_none_or(|wanted| wanted == has())
        };
        let octets = address.map(|a| a.octets());
        keys.get(b"ip-address")
            .is_none_or(|wanted| octets.is_some_and(|o| wanted == o))
            && same(b"dhcp-client-identifier", &Lease::client_id)
            && same(b"hardware-address", &Lease::hardware)
    }
}

async fn at_address(kea: &Kea, address: Ipv4Addr) -> Result<Option<Found>, Failure> {
    if let Some(lease) = by_address(kea, address).await? {
        return Ok(Some(Found::Lease(lease)));
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
async fn find(kea: &Kea, keys: &Attributes) -> Result<Option<Found>, Failure> {
    check_hardware_type(keys)?;
    let found = if let Some(handle) = keys.number(b"handle")? {
        match handles::identity(kea.shared.key(), handle) {
            Some(Identity::Lease(address)) => at_address(kea, address).await?,
            Some(_) => return Err(Status::INVALID_ARGUMENT.into()),
            None => None,
        }
    } else if let Some(address) = keys.get(b"ip-address") {
        match <[u8; 4]>::try_from(address) {
            Ok(address) => at_address(kea, address.into()).await?,
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
    let found = find(kea, keys).await?;
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
            let asked = Asked::by(&kea.shared, keys);
            Box::pin(read(kea, address, asked)).await
        }
        found => found.answer(kea, Asked::by(&kea.shared, keys)).await,
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
    match at_address(kea, address).await? {
        Some(found) => found.answer(kea, asked).await,
        None => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}
