//! Creating and removing leases, which dhcpd cannot do: only with the option
//! `leases`.

use super::details::RequestedDetails;
use super::read;
use super::update::set_bindings;
use crate::json::{self, Map};
use crate::model::lease::INFINITE;
use crate::model::{Answer, Attributes, KeaError, attributes, check, refused, state};
use crate::server::{Commands, configuration};
use omapi::refusals;
use omapi::request::flags;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// A lease that is to be.
#[derive(Debug, Default)]
struct Wanted {
    address: Option<Ipv4Addr>,
    hardware: Vec<u8>,
    client_id: Vec<u8>,
    hostname: Option<String>,
    ends: Option<u64>,
    abandoned: bool,
    bindings: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Open with the flag to create. The address must be given, and a client
/// unless the lease is to be abandoned.
///
/// # Errors
/// `ISC_R_EXISTS` or `ISC_R_NOPERM` when the address is in use;
/// `DHCP_R_INVALIDARG`, `ISC_R_NOPERM`, `ISC_R_NOTIMPLEMENTED` for attributes
/// that a new lease cannot have; or as the commands fail.
pub(super) async fn create(
    kea: &Commands,
    attributes: &Attributes,
    wanted: u32,
) -> Result<Answer, KeaError> {
    let new = Wanted::new(kea, attributes)?;
    let Some(address) = new.address else {
        return Err(refused(Status::INVALID_ARGUMENT));
    };
    let there = read::by_address(kea, address).await?;
    let now = kea.now().unix;
    let command = match &there {
        None => "lease4-add",
        // Kea keeps expired leases for a while; the address is free.
        Some(old) if [state::FREE, state::EXPIRED, state::RELEASED].contains(&old.state(now)) => {
            "lease4-update"
        }
        Some(_) if wanted & flags::EXCLUSIVE != 0 => {
            let why = refusals::ALREADY_EXISTS;
            return Err(KeaError::because(Status::EXISTS, why));
        }
        Some(_) => return Err(refused(Status::NO_PERMISSION)),
    };
    kea.server.require(command)?;
    let arguments = new.arguments(kea, address, now).await?;
    let reply = kea.command(command, arguments).await?;
    if reply.result != 0 {
        let there = read::by_address(kea, address).await?;
        return Err(match (command, there) {
            ("lease4-add", Some(_)) => reply.error(Status::EXISTS),
            _ => reply.error(Status::INVALID_ARGUMENT),
        });
    }
    read::read(kea, address, RequestedDetails::by(&kea.server, attributes)).await
}

/// Remove by handle.
///
/// # Errors
/// `ISC_R_NOTIMPLEMENTED` without the option, `ISC_R_NOTFOUND`.
pub(crate) async fn remove(kea: &Commands, address: Ipv4Addr) -> Result<Answer, KeaError> {
    if !kea.server.options().leases {
        return Err(Status::NOT_IMPLEMENTED.into());
    }
    kea.server.require("lease4-del")?;
    let arguments = json::map([("ip-address", address.into())]);
    match kea.command("lease4-del", arguments).await?.found()? {
        Some(_) => Ok(Answer::Status(Status::SUCCESS, None)),
        None => Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        )),
    }
}

impl Wanted {
    fn new(kea: &Commands, attributes: &Attributes) -> Result<Self, KeaError> {
        let mut new = Self::default();
        let identifier =
            |kind, value| check::identifier(value, kea.server.longest_identifier(kind));
        for (name, value) in attributes.iter() {
            match name {
                b"ip-address" => new.address = check::one_address(value)?,
                b"hardware-address" => {
                    new.hardware = identifier("hw-address", value)?;
                }
                b"dhcp-client-identifier" => {
                    new.client_id = identifier("client-id", value)?;
                    // Kea has none of one byte.
                    if value.len() < 2 {
                        return Err(refused(Status::INVALID_ARGUMENT));
                    }
                }
                b"hardware-type" => check::check_type(value)?,
                b"client-hostname" | b"hostname" => {
                    let name = json::text(value);
                    if name.len() > 255 || check::has_control(name.as_bytes()) {
                        return Err(refused(Status::INVALID_ARGUMENT));
                    }
                    new.hostname = Some(name);
                }
                b"state" => {
                    new.abandoned = match attributes::number(value).map_err(refused)? {
                        state::ACTIVE => false,
                        state::ABANDONED => true,
                        _ => return Err(refused(Status::INVALID_ARGUMENT)),
                    }
                }
                b"ends" => {
                    let ends = attributes::number(value).map_err(refused)?;
                    new.ends = Some(ends.into());
                }
                b"flags" if value.iter().all(|b| *b == 0) => {}
                b"flags" => return Err(refused(Status::NOT_IMPLEMENTED)),
                b"host" | b"pool" | b"kea-subnet-id" | b"kea-user-context" if value.is_empty() => {}
                b"subnet" => return Err(refused(Status::INVALID_ARGUMENT)),
                b"handle" | b"host" | b"pool" | b"billing-class" | b"starts" | b"tstp"
                | b"tsfp" | b"atsfp" | b"cltt" | b"kea-subnet-id" | b"kea-user-context" => {
                    return Err(refused(Status::NO_PERMISSION));
                }
                _ => new.bindings.push((name.to_vec(), value.to_vec())),
            }
        }
        if new.hardware.is_empty() && new.client_id.is_empty() && !new.abandoned {
            Err(refused(Status::INVALID_ARGUMENT))
        } else {
            Ok(new)
        }
    }

    /// The arguments of lease4-add or lease4-update. The subnet is Kea's to
    /// find, and so is the time when none is given.
    async fn arguments(
        &self,
        kea: &Commands,
        address: Ipv4Addr,
        now: u64,
    ) -> Result<Map, KeaError> {
        let mut map = json::map([
            ("ip-address", address.into()),
            // Mandatory, even when there is none.
            ("hw-address", json::colons(&self.hardware).into()),
        ]);
        if !self.client_id.is_empty() {
            map.insert("client-id".into(), json::colons(&self.client_id).into());
        }
        if let Some(name) = &self.hostname {
            map.insert("hostname".into(), name[..].into());
        }
        if self.abandoned {
            map.insert("state".into(), 1.into());
        }
        match self.ends {
            Some(INFINITE) => drop(map.insert("valid-lft".into(), INFINITE.into())),
            Some(ends) if ends <= now => return Err(refused(Status::INVALID_ARGUMENT)),
            Some(ends) => {
                map.insert("valid-lft".into(), (ends - now).into());
                map.insert("expire".into(), ends.into());
            }
            None if self.abandoned => {
                let probation = configuration::current(kea).await?.probation();
                map.insert("valid-lft".into(), probation.into());
            }
            None => {}
        }
        if !self.bindings.is_empty() {
            set_bindings(&mut map, &self.bindings)?;
        }
        Ok(map)
    }
}
