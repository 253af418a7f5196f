//! Changing leases.
//!
//! lease4-update replaces the whole lease: every field is sent back, and
//! `expire` too, without which Kea would renew it. There is no
//! compare-and-set; the lease is read right before.

use super::details::{self, RequestedDetails};
use super::read;
use crate::json::{self, Map};
use crate::model::check::has_control;
use crate::model::lease::INFINITE;
use crate::model::{Answer, Attributes, KeaError, Lease, attributes, refused, state};
use crate::server::{Commands, configuration};
use omapi::refusals;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// What is to become of a lease.
#[derive(Debug, Default, PartialEq, Eq)]
struct Change {
    state: Option<u32>,
    ends: Option<u32>,
    /// Variables to set, or with empty bytes to remove.
    bindings: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Update by handle.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or as [`change`] fails.
pub(crate) async fn update(
    kea: &Commands,
    address: Ipv4Addr,
    wanted: &Attributes,
) -> Result<Answer, KeaError> {
    let lease = read::by_address(kea, address).await?;
    let lease = lease.ok_or(KeaError::because(
        Status::NOT_FOUND,
        refusals::NO_MATCHING_HANDLE,
    ))?;
    change(kea, &lease, wanted).await?;
    Ok(Answer::Status(Status::SUCCESS, None))
}

/// Changes a lease that was just read.
///
/// # Errors
/// `DHCP_R_INVALIDARG`, `DHCP_R_UNCHANGED`, `DHCP_R_UNKNOWNATTRIBUTE`,
/// `ISC_R_NOPERM`, `ISC_R_NOTIMPLEMENTED` for what cannot be set so;
/// `ISC_R_NOTFOUND`, `ISC_R_IOERROR` as the server refuses it. Nothing was
/// changed then, unless the answer was lost.
pub(super) async fn change(
    kea: &Commands,
    lease: &Lease,
    wanted: &Attributes,
) -> Result<(), KeaError> {
    if wanted.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let now = kea.now().unix;
    let Some(address) = lease.address() else {
        return Err(Status::PROTOCOL_ERROR.into());
    };
    let flags = match wanted.get(b"flags") {
        // A program may write back what it has read.
        Some(_) if kea.server.options().details => {
            let requested = RequestedDetails::always(&kea.server);
            let details = details::read(kea, requested, address, Some(lease));
            Box::pin(details).await?.flags()
        }
        _ => 0,
    };
    let change = plan(lease, wanted, now, flags)?;
    match change.state {
        Some(state::FREE | state::EXPIRED | state::RELEASED | state::RESET) => {
            kea.server.require("lease4-del")?;
            let arguments = json::map([("ip-address", address.into())]);
            let reply = kea.command("lease4-del", arguments).await?;
            return match reply.result {
                // Gone is what was wanted.
                0 | 3 => Ok(()),
                _ => Err(reply.error(reply.status())),
            };
        }
        None if change.ends.is_none() && change.bindings.is_empty() => return Ok(()),
        _ => {}
    }
    kea.server.require("lease4-update")?;
    let new = changed(kea, lease, &change, now).await?;
    let reply = kea.command("lease4-update", new).await?;
    match reply.result {
        0 => Ok(()),
        // The same code for "gone" and for everything else: look again.
        _ => match read::by_address(kea, address).await? {
            None => Err(reply.error(Status::NOT_FOUND)),
            Some(_) => Err(reply.error(Status::IO_ERROR)),
        },
    }
}

/// Decides about each attribute before anything is done. `flags` are those that
/// it has.
fn plan(lease: &Lease, wanted: &Attributes, now: u64, flags: u8) -> Result<Change, KeaError> {
    let mut change = Change::default();
    for (name, value) in wanted.iter() {
        match name {
            b"state" => {
                let state = attributes::number(value).map_err(refused)?;
                match state {
                    _ if state == lease.state(now) => {}
                    state::BACKUP => return Err(refused(Status::NOT_IMPLEMENTED)),
                    state::FREE..=state::RESET => change.state = Some(state),
                    _ => return Err(refused(Status::INVALID_ARGUMENT)),
                }
            }
            b"ends" => change.ends = Some(attributes::number(value).map_err(refused)?),
            b"flags" => match value {
                [new] | [0, 0, 0, new] if *new == flags => {}
                [_] | [_, _, _, _] => return Err(refused(Status::NOT_IMPLEMENTED)),
                _ => return Err(refused(Status::INVALID_ARGUMENT)),
            },
            b"ip-address" if lease.address().is_some_and(|a| a.octets() == value) => {}
            b"hardware-address" if lease.hardware() == value => {}
            b"dhcp-client-identifier" if lease.client_id() == value => {}
            b"hardware-type" if attributes::number(value) == Ok(1) => {}
            b"ip-address" | b"pool" | b"starts" => return Err(refused(Status::NO_PERMISSION)),
            b"subnet" => return Err(refused(Status::INVALID_ARGUMENT)),
            b"hardware-address"
            | b"hardware-type"
            | b"dhcp-client-identifier"
            | b"client-hostname"
            | b"hostname"
            | b"host"
            | b"billing-class"
            | b"tstp"
            | b"tsfp"
            | b"atsfp"
            | b"cltt" => return Err(refused(Status::UNCHANGED)),
            b"handle" | b"remote-handle" => {}
            // A lookup asks for these.
            b"kea-subnet-id" | b"kea-user-context" if value.is_empty() => {}
            b"kea-subnet-id" | b"kea-user-context" => {
                return Err(refused(Status::NO_PERMISSION));
            }
            _ => change.bindings.push((name.to_vec(), value.to_vec())),
        }
    }
    Ok(change)
}

/// The arguments of lease4-update.
async fn changed(
    kea: &Commands,
    lease: &Lease,
    change: &Change,
    now: u64,
) -> Result<Map, KeaError> {
    let mut new = lease.0.clone();
    // Kea's row format does not quote line ends: such a name would split the
    // row, and the lease would be lost at the next start.
    if json::string(&new, "hostname").is_some_and(|name| has_control(name.as_bytes())) {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let (mut lifetime, mut expire) = (
        lease.lifetime(),
        lease.cltt().saturating_add(lease.lifetime()),
    );
    match change.state {
        Some(state::ABANDONED) => {
            let config = configuration::current(kea).await?;
            lifetime = config.probation();
            expire = now.saturating_add(lifetime);
            new.insert("state".into(), 1.into());
        }
        Some(state::ACTIVE) => {
            if lease.hardware().is_empty() && lease.client_id().is_empty() {
                return Err(refused(Status::INVALID_ARGUMENT));
            }
            if change.ends.is_none() && lease.ends() <= now {
                return Err(refused(Status::INVALID_ARGUMENT));
            }
            new.insert("state".into(), 0.into());
        }
        _ => {}
    }
    if let Some(ends) = change.ends {
        let ends = u64::from(ends);
        (lifetime, expire) = if ends == INFINITE {
            (INFINITE, lease.cltt().saturating_add(INFINITE))
        } else if ends > lease.cltt() {
            (ends - lease.cltt(), ends)
        } else {
            (0, ends)
        };
        // Kea refuses both.
        if expire == 0 || expire <= lifetime {
            return Err(refused(Status::INVALID_ARGUMENT));
        }
    }
    new.insert("valid-lft".into(), lifetime.into());
    new.insert("expire".into(), expire.into());
    if !change.bindings.is_empty() {
        set_bindings(&mut new, &change.bindings)?;
    }
    Ok(new)
}

pub(super) fn set_bindings(lease: &mut Map, wanted: &[(Vec<u8>, Vec<u8>)]) -> Result<(), KeaError> {
    let context = lease
        .entry("user-context")
        .or_insert_with(|| Map::new().into());
    let omapi = json::child(context, "omapi")?;
    let bindings = json::child(omapi, "bindings")?;
    let bindings = bindings.as_object_mut().ok_or(Status::INVALID_ARGUMENT)?;
    for (name, value) in wanted {
        // Kea does not escape the keys of a map when it writes them: others
        // would make the lease's row unreadable, or its configuration.
        let plain = |b: &u8| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\');
        if !name.iter().all(plain) {
            return Err(refused(Status::INVALID_ARGUMENT));
        }
        let name = json::text(name);
        match &value[..] {
            [] if bindings.shift_remove(&name).is_none() => {
                return Err(refused(Status::UNKNOWN_ATTRIBUTE));
            }
            [] => {}
            value => drop(bindings.insert(name, json::text(value).into())),
        }
    }
    Ok(())
}
