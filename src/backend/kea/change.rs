//! Changes of existing hosts.

use super::Failure;
use super::attributes::Attributes;
use super::create::{check_address, check_type, identifier, one_address, translate};
use super::draft::{self, Edit};
use super::handles::HostKey;
use super::host::Host;
use super::lookup::Key;
use super::plan::{World, refused};
use super::reservation::Reservation;
use super::{group, part};
use omapi::status::Status;
use std::net::Ipv4Addr;

/// Plans changes under dhcpd's rules: name and identifiers that are there
/// stay; an identifier that is missing, and statements, can be set once. Also
/// the host as it will be.
///
/// # Errors
/// The code for the program.
pub async fn update(
    world: World<'_>,
    host: &Host,
    attributes: &Attributes,
) -> Result<(Vec<Edit>, Host), Failure> {
    if attributes.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let is = |value: &[u8], own: &[u8]| !value.is_empty() && value == own;
    let mut edits = Vec::new();
    let mut parts = host.0.clone();
    let name = host.name();
    let old_address = host.address();
    let mut address = old_address;
    let mut added = Vec::new();
    for (attribute, value) in attributes.iter() {
        match attribute {
            // An open has its keys among the attributes.
            b"name" if value == name => {}
            b"hardware-address" if is(value, &host.id("hw-address")) => {}
            b"dhcp-client-identifier" if is(value, &host.id("client-id")) => {}
            b"handle" | b"remote-handle" | b"known" => {}
            b"hardware-address" if host.id("hw-address").is_empty() => {
                added.push(("hw-address", identifier(world.shared, "hw-address", value)?));
            }
            b"dhcp-client-identifier" if host.id("client-id").is_empty() => {
                added.push(("client-id", identifier(world.shared, "client-id", value)?));
            }
            b"name" | b"hardware-address" | b"dhcp-client-identifier" => {
                return Err(refused(Status::EXISTS));
            }
            b"hardware-type" => check_type(value)?,
            b"ip-address" => address = one_address(value)?,
            b"group" if value.is_empty() => return Err(refused(Status::INVALID_ARGUMENT)),
            b"group" => {
                for part in &mut parts {
                    group::join(world.dhcp4, &mut part.map, value)?;
                }
            }
            b"statements" => {
                let translation = translate(world.shared, value)?;
                for part in &mut parts {
                    if part.omapi().is_some_and(|o| o.contains_key("statements")) {
                        return Err(refused(Status::EXISTS));
                    }
                    part::put_statements(
                        world.dhcp4,
                        &mut part.map,
                        value,
                        &translation,
                        &mut edits,
                    )?;
                }
            }
            _ => return Err(refused(Status::UNKNOWN_ATTRIBUTE)),
        }
    }
    if address != old_address {
        parts = moved(world, host, parts, address)?;
    }
    for (kind, id) in &added {
        parts = with_identifier(world, parts, &name, kind, id).await?;
    }
    if let Some(address) = address
        && (Some(address) != old_address || !added.is_empty())
    {
        check_address(world, address, Some(host), Host(parts.clone()).is_pair()).await?;
    }
    differences(&host.0, &parts, &mut edits);
    Ok((edits, Host::new(parts)))
}

/// The reservations with another address, where they belong then.
fn moved(
    world: World<'_>,
    host: &Host,
    parts: Vec<Reservation>,
    address: Option<Ipv4Addr>,
) -> Result<Vec<Reservation>, Failure> {
    let homes = match draft::homes(world.dhcp4, address, world.shared.options()) {
        // Without an address, and no place for such: where it was, so that
        // programs can take an address away before they give another.
        Err(_) if address.is_none() => host.0.iter().map(|p| p.subnet).take(1).collect(),
        homes => homes?,
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
        for &subnet in &homes {
            // Each copy keeps what somebody else may have put into it.
            let same = of_kind.iter().find(|p| p.subnet == subnet);
            let mut part = Reservation::clone(same.unwrap_or(first));
            part.subnet = subnet;
            part::set_address(&mut part.map, address);
            part::set_copy(&mut part.map, homes.len() > 1)?;
            part::known_at_least(&mut part.map)?;
            all.push(part);
        }
    }
    Ok(all)
}

/// The reservations of a host that gets its second identifier: as many again.
async fn with_identifier(
    world: World<'_>,
    parts: Vec<Reservation>,
    name: &[u8],
    kind: &'static str,
    id: &[u8],
) -> Result<Vec<Reservation>, Failure> {
    let mut all = Vec::new();
    let mut twins = Vec::new();
    for mut part in parts {
        let old = part.key().ok_or(Status::NOT_FOUND)?;
        if !["hw-address", "client-id"].contains(&old.kind) {
            let why = "a reservation by something else";
            return Err(Failure::because(Status::NOT_IMPLEMENTED, why));
        }
        let key = HostKey {
            subnet: part.subnet,
            kind,
            id: id.into(),
        };
        if !world.source.hosts(Key::Exact(&key)).await?.is_empty() {
            return Err(refused(Status::EXISTS));
        }
        // One made by somebody else may have had a made-up name.
        part::omapi(&mut part.map)?.insert("name".into(), super::json::text(name).into());
        let mut twin = part::with_identifier(&part, old.kind, &key);
        part::set_twin(&mut part.map, &key)?;
        part::set_twin(&mut twin.map, &old)?;
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
