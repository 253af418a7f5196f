//! New hosts: what they are to be, and the reservations that do it.

use super::classes::join;
use super::edit::{Edit, Plan};
use super::host::Host;
use super::lookup::{HostQuery, PlanContext};
use super::subnets::target_subnets;
use super::write::{self, translate};
use crate::config::unique_addresses;
use crate::model::check::{check_type, has_control, identifier, one_address};
use crate::model::{Attributes, HostKey, KeaError, refused};
use crate::server::ServerInfo;
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

fn wanted(server: &ServerInfo, attributes: &Attributes) -> Result<Wanted, KeaError> {
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
                wanted.hardware = identifier(value, server.longest_identifier("hw-address"))?
            }
            b"dhcp-client-identifier" => {
                wanted.client_id = identifier(value, server.longest_identifier("client-id"))?;
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
                wanted.statements = Some((value.to_vec(), translate(server, value)?));
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
pub async fn create(context: PlanContext<'_>, attributes: &Attributes) -> Result<Plan, KeaError> {
    let mut wanted = wanted(context.server, attributes)?;
    if wanted.name.is_empty() {
        // Another machine may have invented the same: its processes have the
        // same numbers.
        loop {
            wanted.name = context.server.invent_name(context.now);
            let others = context.source.hosts(HostQuery::Name(&wanted.name)).await?;
            if others.is_empty() {
                break;
            }
        }
    } else if !context
        .source
        .hosts(HostQuery::Name(&wanted.name))
        .await?
        .is_empty()
    {
        return Err(refused(Status::EXISTS));
    }
    let subnets = target_subnets(context.dhcp4, wanted.address, context.server.options())?;
    let both = !wanted.hardware.is_empty() && !wanted.client_id.is_empty();
    if let Some(address) = wanted.address {
        check_address(context, address, None, both).await?;
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
        for &subnet in &subnets {
            let key = |kind: &'static str, id: &[u8]| HostKey {
                subnet,
                kind,
                id: id.into(),
            };
            let own = key(kind, id);
            if !context
                .source
                .hosts(HostQuery::Exact(&own))
                .await?
                .is_empty()
            {
                return Err(refused(Status::EXISTS));
            }
            let mut part = write::new(&own, &wanted.name, wanted.address);
            if both {
                let twin = match kind {
                    "hw-address" => key("client-id", &wanted.client_id),
                    _ => key("hw-address", &wanted.hardware),
                };
                write::link_pair(&mut part.map, &twin)?;
            }
            write::set_copy(&mut part.map, subnets.len() > 1)?;
            if let Some(group) = &wanted.group {
                join(context.dhcp4, &mut part.map, group)?;
            }
            if let Some((text, translation)) = &wanted.statements {
                write::put_statements(context.dhcp4, &mut part.map, text, translation, &mut edits)?;
            }
            write::ensure_not_empty(&mut part.map)?;
            parts.push(part);
        }
    }
    edits.extend(parts.iter().cloned().map(Edit::Add));
    let host = Host::new(parts);
    Ok(Plan {
        edits,
        answer: host.encode(context.server, false),
        moved: None,
    })
}

/// An address may be given to one host only, and within it to two
/// reservations only if Kea was told to allow that.
///
/// # Errors
/// `DHCP_R_INVALIDARG`, `ISC_R_EXISTS`.
pub async fn check_address(
    context: PlanContext<'_>,
    address: Ipv4Addr,
    own: Option<&Host>,
    two: bool,
) -> Result<(), KeaError> {
    if two && unique_addresses(context.dhcp4) {
        return Err(KeaError::because(
            Status::INVALID_ARGUMENT,
            "hardware address and client identifier need ip-reservations-unique false",
        ));
    }
    let hosts = context.source.hosts(HostQuery::Address(address)).await?;
    let others = hosts
        .iter()
        .any(|h| own.is_none_or(|own| own.key() != h.key()));
    match others {
        true => Err(refused(Status::EXISTS)),
        false => Ok(()),
    }
}
