//! New hosts: what they are to be, and the reservations that do it.

use super::classes::join;
use super::edit::{Edit, Plan};
use super::host::Host;
use super::lookup::{HostQuery, PlanContext};
use super::reservation::Reservation;
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
/// `ISC_R_EXISTS` for a name, identifier or address that another host has,
/// `ISC_R_NOTFOUND` for an unknown group, `DHCP_R_INVALIDARG`,
/// `DHCP_R_UNKNOWNATTRIBUTE` and `ISC_R_NOTIMPLEMENTED` for what Kea cannot
/// have.
pub(super) async fn create(
    context: PlanContext<'_>,
    attributes: &Attributes,
) -> Result<Plan, KeaError> {
    let mut wanted = wanted(context.server, attributes)?;
    wanted.name = name(context, wanted.name).await?;
    let subnets = target_subnets(context.dhcp4, wanted.address, context.server.options())?;
    if let Some(address) = wanted.address {
        check_address(context, address, None, wanted.is_pair()).await?;
    }
    let mut edits = Vec::new();
    let mut parts = Vec::new();
    for (kind, id) in wanted.identifiers() {
        for &subnet in &subnets {
            let key = HostKey {
                subnet,
                kind,
                id: id.to_vec(),
            };
            if !context
                .source
                .hosts(HostQuery::Exact(&key))
                .await?
                .is_empty()
            {
                return Err(refused(Status::EXISTS));
            }
            let is_copy = subnets.len() > 1;
            parts.push(wanted.reservation(context, &key, is_copy, &mut edits)?);
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

/// The name that was given, or an invented one; nobody has it.
async fn name(context: PlanContext<'_>, given: Vec<u8>) -> Result<Vec<u8>, KeaError> {
    let is_free = async |name: &[u8]| -> Result<bool, KeaError> {
        let others = context.source.hosts(HostQuery::Name(name)).await?;
        Ok(others.is_empty())
    };
    if !given.is_empty() {
        return if is_free(&given).await? {
            Ok(given)
        } else {
            Err(refused(Status::EXISTS))
        };
    }
    // Another machine may have invented the same: its processes have the same
    // numbers.
    loop {
        let name = context.server.invent_name(context.now);
        if is_free(&name).await? {
            return Ok(name);
        }
    }
}

impl Wanted {
    /// The identifiers that were given, as Kea names them.
    fn identifiers(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        [
            ("hw-address", &self.hardware[..]),
            ("client-id", &self.client_id),
        ]
        .into_iter()
        .filter(|(_, id)| !id.is_empty())
    }

    /// True with both identifiers.
    fn is_pair(&self) -> bool {
        self.identifiers().count() > 1
    }

    /// The reservation with this key.
    fn reservation(
        &self,
        context: PlanContext<'_>,
        key: &HostKey,
        is_copy: bool,
        edits: &mut Vec<Edit>,
    ) -> Result<Reservation, KeaError> {
        let mut part = write::new(key, &self.name, self.address);
        if let Some((kind, id)) = self.identifiers().find(|(kind, _)| *kind != key.kind) {
            let other = HostKey {
                subnet: key.subnet,
                kind,
                id: id.to_vec(),
            };
            write::link_pair(&mut part.map, &other)?;
        }
        write::set_copy(&mut part.map, is_copy)?;
        if let Some(group) = &self.group {
            join(context.dhcp4, &mut part.map, group)?;
        }
        if let Some((text, translation)) = &self.statements {
            write::put_statements(context.dhcp4, &mut part.map, text, translation, edits)?;
        }
        write::ensure_not_empty(&mut part.map)?;
        Ok(part)
    }
}

/// An address may be given to one host only, and within it to two
/// reservations only if Kea was told to allow that.
///
/// # Errors
/// `DHCP_R_INVALIDARG`, `ISC_R_EXISTS`.
pub(super) async fn check_address(
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
    if others {
        Err(refused(Status::EXISTS))
    } else {
        Ok(())
    }
}
