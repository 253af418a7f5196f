//! New hosts: what they are to be, and the reservations that do it.

use super::classes::join;
use super::edit::{Edit, Plan};
use super::host::Host;
use super::lookup::{Key, World};
use super::subnets::homes;
use super::write::{self as part, translate};
use crate::config::unique_addresses;
use crate::model::check::{check_type, has_control, identifier, one_address};
use crate::model::{Attributes, Failure, HostKey, refused};
use crate::server::Shared;
use crate::statements::Translation;
use omapi::status::Status;
use std::net::Ipv4Addr;

/// What a new host is to be.
#[derive(Default)]
struct Wanted {
    name: Vec<u8>,
    hardware: Vec<u8>,
    client_id: Vec<u8>,
    address: Option<Ipv4Addr>,
    group: Option<Vec<u8>>,
    statements: Option<(Vec<u8>, Translation)>,
}

fn wanted(shared: &Shared, attributes: &Attributes) -> Result<Wanted, Failure> {
    let mut wanted = Wanted::default();
    for (name, value) in attributes.iter() {
        match name {
            b"name" => {
                if value.is_empty() || value.len() > 255 || has_control(value) {
                    return Err(refused(Status::INVALID_ARGUMENT));
                }
                wanted.name = value.to_vec();
            }
            b"hardware-address" => {
                wanted.hardware = identifier(value, shared.longest_identifier("hw-address"))?
            }
            b"dhcp-client-identifier" => {
                wanted.client_id = identifier(value, shared.longest_identifier("client-id"))?;
            }
            b"hardware-type" => check_type(value)?,
            b"ip-address" => wanted.address = one_address(value)?,
            b"group" => {
                if value.is_empty() {
                    return Err(refused(Status::INVALID_ARGUMENT));
                }
                wanted.group = Some(value.to_vec());
            }
            b"statements" => {
                wanted.statements = Some((value.to_vec(), translate(shared, value)?));
            }
            b"known" => {}
            _ => return Err(refused(Status::UNKNOWN_ATTRIBUTE)),
        }
    }
    if wanted.hardware.is_empty() && wanted.client_id.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    Ok(wanted)
}

/// Plans a new host.
///
/// # Errors
/// The code for the program.
pub async fn create(world: World<'_>, attributes: &Attributes) -> Result<Plan, Failure> {
    let mut wanted = wanted(world.shared, attributes)?;
    if wanted.name.is_empty() {
        // Another machine may have invented the same: its processes have the
        // same numbers.
        loop {
            wanted.name = world.shared.invent_name(world.now);
            let others = world.source.hosts(Key::Name(&wanted.name)).await?;
            if others.is_empty() {
                break;
            }
        }
    } else if !world
        .source
        .hosts(Key::Name(&wanted.name))
        .await?
        .is_empty()
    {
        return Err(refused(Status::EXISTS));
    }
    let homes = homes(world.dhcp4, wanted.address, world.shared.options())?;
    let both = !wanted.hardware.is_empty() && !wanted.client_id.is_empty();
    if let Some(address) = wanted.address {
        check_address(world, address, None, both).await?;
    }
    let mut edits = Vec::new();
    let mut parts = Vec::new();
    for (kind, id) in [
        ("hw-address", &wanted.hardware),
        ("client-id", &wanted.client_id),
    ] {
        if id.is_empty() {
            continue;
        }
        for &subnet in &homes {
            let key = |kind: &'static str, id: &[u8]| HostKey {
                subnet,
                kind,
                id: id.into(),
            };
            let own = key(kind, id);
            if !world.source.hosts(Key::Exact(&own)).await?.is_empty() {
                return Err(refused(Status::EXISTS));
            }
            let mut part = part::new(&own, &wanted.name, wanted.address);
            if both {
                let twin = match kind {
                    "hw-address" => key("client-id", &wanted.client_id),
                    _ => key("hw-address", &wanted.hardware),
                };
                part::set_twin(&mut part.map, &twin)?;
            }
            part::set_copy(&mut part.map, homes.len() > 1)?;
            if let Some(group) = &wanted.group {
                join(world.dhcp4, &mut part.map, group)?;
            }
            if let Some((text, translation)) = &wanted.statements {
                part::put_statements(world.dhcp4, &mut part.map, text, translation, &mut edits)?;
            }
            part::known_at_least(&mut part.map)?;
            parts.push(part);
        }
    }
    edits.extend(parts.iter().cloned().map(Edit::Add));
    let host = Host::new(parts);
    Ok(Plan {
        edits,
        answer: host.encode(world.shared, false),
        moved: None,
    })
}

/// An address may be given to one host only, and within it to two
/// reservations only if Kea was told to allow that.
///
/// # Errors
/// `DHCP_R_INVALIDARG`, `ISC_R_EXISTS`.
pub async fn check_address(
    world: World<'_>,
    address: Ipv4Addr,
    own: Option<&Host>,
    two: bool,
) -> Result<(), Failure> {
    if two && unique_addresses(world.dhcp4) {
        return Err(Failure::because(
            Status::INVALID_ARGUMENT,
            "hardware address and client identifier need ip-reservations-unique false",
        ));
    }
    let hosts = world.source.hosts(Key::Address(address)).await?;
    let others = hosts
        .iter()
        .any(|h| own.is_none_or(|own| own.key() != h.key()));
    match others {
        true => Err(refused(Status::EXISTS)),
        false => Ok(()),
    }
}
