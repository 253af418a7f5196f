//! Creating and removing leases, which dhcpd cannot do: only with the option
//! `leases`.

use super::attributes::{self, Attributes};
use super::create;
use super::job::Kea;
use super::json::{self, Map};
use super::lease::{self, INFINITE, state};
use super::lease_details::Asked;
use super::lease_update::{has_control, refused, set_bindings};
use super::{Answer, Failure};
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
/// The code for the program.
pub async fn create(kea: &Kea, attributes: &Attributes, wanted: u32) -> Result<Answer, Failure> {
    let new = Wanted::new(kea, attributes)?;
    let Some(address) = new.address else {
        return Err(refused(Status::INVALID_ARGUMENT));
    };
    let there = lease::by_address(kea, address).await?;
    let now = kea.shared.now();
    let command = match &there {
        None => "lease4-add",
        // Kea keeps what is over for a while; the address is nobody's.
        Some(old) if [state::FREE, state::EXPIRED, state::RELEASED].contains(&old.state(now)) => {
            "lease4-update"
        }
        Some(_) if wanted & flags::EXCLUSIVE != 0 => {
            let why = "specified object already exists";
            return Err(Failure::because(Status::EXISTS, why));
        }
        Some(_) => return Err(refused(Status::NO_PERMISSION)),
    };
    kea.shared.must(command)?;
    let arguments = new.arguments(kea, address, now).await?;
    let reply = kea.command(command, arguments).await?;
    if reply.result != 0 {
        let there = lease::by_address(kea, address).await?;
        return Err(match (command, there) {
            ("lease4-add", Some(_)) => reply.failure(Status::EXISTS),
            _ => reply.failure(Status::INVALID_ARGUMENT),
        });
    }
    lease::read(kea, address, Asked::by(&kea.shared, attributes)).await
}

/// Remove by handle.
///
/// # Errors
/// `ISC_R_NOTIMPLEMENTED` without the option, `ISC_R_NOTFOUND`.
pub async fn remove(kea: &Kea, address: Ipv4Addr) -> Result<Answer, Failure> {
    if !kea.shared.options().leases {
        return Err(Status::NOT_IMPLEMENTED.into());
    }
    kea.shared.must("lease4-del")?;
    let arguments = json::map([("ip-address", address.to_string().into())]);
    match kea.command("lease4-del", arguments).await?.found()? {
        Some(_) => Ok(Answer::Status(Status::SUCCESS, None)),
        None => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}

impl Wanted {
    fn new(kea: &Kea, attributes: &Attributes) -> Result<Self, Failure> {
        let mut new = Self::default();
        for (name, value) in attributes.iter() {
            match name {
                b"ip-address" => new.address = create::one_address(value)?,
                b"hardware-address" => {
                    new.hardware = create::identifier(&kea.shared, "hw-address", value)?;
                }
                b"dhcp-client-identifier" => {
                    new.client_id = create::identifier(&kea.shared, "client-id", value)?;
                    // Kea has none of one byte.
                    if value.len() < 2 {
                        return Err(refused(Status::INVALID_ARGUMENT));
                    }
                }
                b"hardware-type" => create::check_type(value)?,
                b"client-hostname" | b"hostname" => {
                    let name = json::text(value);
                    if name.len() > 255 || has_control(&name) {
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
        match new.hardware.is_empty() && new.client_id.is_empty() && !new.abandoned {
            true => Err(refused(Status::INVALID_ARGUMENT)),
            false => Ok(new),
        }
    }

    /// The arguments of lease4-add or lease4-update. The subnet is Kea's to
    /// find, and so is the time when none is given.
    async fn arguments(&self, kea: &Kea, address: Ipv4Addr, now: u64) -> Result<Map, Failure> {
        let mut map = json::map([
            ("ip-address", address.to_string().into()),
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
                let probation = super::config::current(kea).await?.probation();
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
