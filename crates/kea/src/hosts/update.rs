//! Changes of existing hosts.

use super::classes::join;
use super::create::check_address;
use super::edit::Edit;
use super::host::Host;
use super::lookup::{HostQuery, PlanContext};
use super::reservation::Reservation;
use super::subnets::target_subnets;
use super::write::{self, translate};
use crate::json;
use crate::model::check::{check_type, identifier, one_address};
use crate::model::{Attributes, HostKey, KeaError, refused};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// Plans changes under dhcpd's rules: name and identifiers that are there
/// stay; an identifier that is missing, and statements, can be set once. Also
/// the host as it will be.
///
/// # Errors
/// `ISC_R_EXISTS` for what is there already or another host has,
/// `DHCP_R_INVALIDARG` for no attributes and for values that Kea cannot have,
/// `ISC_R_NOTFOUND` for an unknown group, `DHCP_R_UNKNOWNATTRIBUTE`,
/// `ISC_R_NOTIMPLEMENTED` for what Kea has no equivalent of; or as looking for
/// other hosts fails.
pub(super) async fn update(
    context: PlanContext<'_>,
    host: &Host,
    attributes: &Attributes,
) -> Result<(Vec<Edit>, Host), KeaError> {
    if attributes.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let old_address = host.address();
    let mut change = Change {
        parts: host.0.clone(),
        address: old_address,
        added: Vec::new(),
        edits: Vec::new(),
    };
    for (attribute, value) in attributes.iter() {
        change.set(context, host, attribute, value)?;
    }
    let Change {
        mut parts,
        address,
        added,
        mut edits,
    } = change;
    if address != old_address {
        parts = moved(context, host, parts, address)?;
    }
    for (kind, id) in &added {
        parts = with_identifier(context, parts, &host.name(), kind, id).await?;
    }
    if let Some(address) = address
        && (Some(address) != old_address || !added.is_empty())
    {
        check_address(context, address, Some(host), Host(parts.clone()).is_pair()).await?;
    }
    differences(&host.0, &parts, &mut edits);
    Ok((edits, Host::new(parts)))
}

/// What is to become of a host.
struct Change {
    parts: Vec<Reservation>,
    /// Not in `parts` yet, as it may move them to other subnets.
    address: Option<Ipv4Addr>,
    /// Identifiers that it gets, as Kea names them; not in `parts` yet.
    added: Vec<(&'static str, Vec<u8>)>,
    /// Classes that come with it.
    edits: Vec<Edit>,
}

impl Change {
    fn set(
        &mut self,
        context: PlanContext<'_>,
        host: &Host,
        attribute: &[u8],
        value: &[u8],
    ) -> Result<(), KeaError> {
        let is = |kind: &str| !value.is_empty() && value == host.id(kind);
        let lacks = |kind: &str| host.id(kind).is_empty();
        let longest = |kind: &str| context.server.longest_identifier(kind);
        match attribute {
            // An open has its keys among the attributes.
            b"name" if value == host.name() => {}
            b"hardware-address" if is("hw-address") => {}
            b"dhcp-client-identifier" if is("client-id") => {}
            b"handle" | b"remote-handle" | b"known" => {}
            b"hardware-address" if lacks("hw-address") => {
                let id = identifier(value, longest("hw-address"))?;
                self.added.push(("hw-address", id));
            }
            b"dhcp-client-identifier" if lacks("client-id") => {
                let id = identifier(value, longest("client-id"))?;
                self.added.push(("client-id", id));
            }
            b"name" | b"hardware-address" | b"dhcp-client-identifier" => {
                return Err(refused(Status::EXISTS));
            }
            b"hardware-type" => check_type(value)?,
            b"ip-address" => self.address = one_address(value)?,
            b"group" if value.is_empty() => return Err(refused(Status::INVALID_ARGUMENT)),
            b"group" => {
                for part in &mut self.parts {
                    join(context.dhcp4, &mut part.map, value)?;
                }
            }
            b"statements" => self.set_statements(context, value)?,
            _ => return Err(refused(Status::UNKNOWN_ATTRIBUTE)),
        }
        Ok(())
    }

    fn set_statements(&mut self, context: PlanContext<'_>, text: &[u8]) -> Result<(), KeaError> {
        let translation = translate(context.server, text)?;
        for part in &mut self.parts {
            if part.omapi().is_some_and(|o| o.contains_key("statements")) {
                return Err(refused(Status::EXISTS));
            }
            let (map, edits) = (&mut part.map, &mut self.edits);
            write::put_statements(context.dhcp4, map, text, &translation, edits)?;
        }
        Ok(())
    }
}

/// The reservations with another address, where they belong then.
fn moved(
    context: PlanContext<'_>,
    host: &Host,
    parts: Vec<Reservation>,
    address: Option<Ipv4Addr>,
) -> Result<Vec<Reservation>, KeaError> {
    let subnets = match target_subnets(context.dhcp4, address, context.server.options()) {
        // Without an address, and no place for such: where it was, so that
        // programs can take an address away before they give another.
        Err(_) if address.is_none() => host.0.iter().map(|p| p.subnet).take(1).collect(),
        subnets => subnets?,
    };
    let mut all = Vec::new();
    for kind in ["hw-address", "client-id", ""] {
        let is = |part: &&Reservation| match part.key() {
            Some(key) if kind.is_empty() => key.kind != "hw-address" && key.kind != "client-id",
            Some(key) => key.kind == kind,
            None => false,
        };
        let of_kind: Vec<&Reservation> = parts.iter().filter(is).collect();
        let Some(first) = of_kind.first() else {
            continue;
        };
        for &subnet in &subnets {
            // Each copy keeps what other clients may have put into it.
            let same = of_kind.iter().find(|p| p.subnet == subnet);
            let mut part = Reservation::clone(same.unwrap_or(first));
            part.subnet = subnet;
            write::set_address(&mut part.map, address);
            write::set_copy(&mut part.map, subnets.len() > 1)?;
            write::ensure_not_empty(&mut part.map)?;
            all.push(part);
        }
    }
    Ok(all)
}

/// The reservations of a host that gets its second identifier: as many again.
async fn with_identifier(
    context: PlanContext<'_>,
    parts: Vec<Reservation>,
    name: &[u8],
    kind: &'static str,
    id: &[u8],
) -> Result<Vec<Reservation>, KeaError> {
    let mut all = Vec::new();
    let mut twins = Vec::new();
    for mut part in parts {
        let old = part.key().ok_or(Status::NOT_FOUND)?;
        if !["hw-address", "client-id"].contains(&old.kind) {
            let why = "a reservation by something else";
            return Err(KeaError::because(Status::NOT_IMPLEMENTED, why));
        }
        let key = HostKey {
            subnet: part.subnet,
            kind,
            id: id.into(),
        };
        if !context
            .source
            .hosts(HostQuery::Exact(&key))
            .await?
            .is_empty()
        {
            return Err(refused(Status::EXISTS));
        }
        // One made by another client may have had a made-up name.
        write::omapi(&mut part.map)?.insert("name".into(), json::text(name).into());
        let mut twin = write::with_identifier(&part, old.kind, &key);
        write::link_pair(&mut part.map, &key)?;
        write::link_pair(&mut twin.map, &old)?;
        all.push(part);
        twins.push(twin);
    }
    all.extend(twins);
    Ok(all)
}

/// The edits from old to new: what goes makes room for what comes.
fn differences(old: &[Reservation], new: &[Reservation], edits: &mut Vec<Edit>) {
    let same = |all: &[Reservation], part: &Reservation| {
        let key = part.key();
        all.iter().position(|p| p.key() == key)
    };
    for part in old.iter().filter(|p| same(new, p).is_none()) {
        edits.extend(part.key().map(Edit::Remove));
    }
    let mut added = Vec::new();
    for part in new {
        match (same(old, part), part.key()) {
            (Some(at), Some(key)) if old[at] != *part => {
                edits.push(Edit::Replace(key, part.clone()));
            }
            (Some(_), _) => {}
            (None, _) => added.push(Edit::Add(part.clone())),
        }
    }
    edits.extend(added);
}
