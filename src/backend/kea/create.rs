//! New hosts: what they are to be, and the reservations that do it.

use super::Failure;
use super::attributes::Attributes;
use super::draft::{self, Edit};
use super::handles::HostKey;
use super::host::Host;
use super::lookup::Key;
use super::plan::{Plan, World, refused};
use super::shared::Shared;
use super::statements::{self, Translation};
use super::{group, lease, part};
use omapi::status::Status;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

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

/// An identifier that Kea can have.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another length.
pub fn identifier(shared: &Shared, kind: &str, value: &[u8]) -> Result<Vec<u8>, Failure> {
    let longest = match kind {
        "hw-address" => 20,
        _ => lease::longest_client_id(shared),
    };
    match value.len() {
        n if (1..=longest).contains(&n) => Ok(value.to_vec()),
        _ => Err(refused(Status::INVALID_ARGUMENT)),
    }
}

fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().any(|b| *b < b' ' || *b == 0x7f)
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
            b"hardware-address" => wanted.hardware = identifier(shared, "hw-address", value)?,
            b"dhcp-client-identifier" => {
                wanted.client_id = identifier(shared, "client-id", value)?;
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

/// Statements, of which there must be one.
///
/// # Errors
/// See [`statements::translate`].
pub fn translate(shared: &Shared, text: &[u8]) -> Result<Translation, Failure> {
    if text.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let translation = statements::translate(text)?;
    if translation.has_option_43() && shared.capabilities().version > (2, 2) {
        return Err(Failure::because(
            Status::NOT_IMPLEMENTED,
            "this Kea would lose a raw option 43",
        ));
    }
    Ok(translation)
}

/// Kea matches Ethernet clients, whatever type was meant.
///
/// # Errors
/// `ISC_R_NOTIMPLEMENTED` for other types, `DHCP_R_INVALIDARG` for what is none.
pub fn check_type(value: &[u8]) -> Result<(), Failure> {
    match super::attributes::number(value).map_err(refused)? {
        1 => Ok(()),
        0 | 2..=255 => Err(refused(Status::NOT_IMPLEMENTED)),
        _ => Err(refused(Status::INVALID_ARGUMENT)),
    }
}

/// One address, or with no bytes none.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for several, and for 0.0.0.0.
pub fn one_address(value: &[u8]) -> Result<Option<Ipv4Addr>, Failure> {
    if value.is_empty() {
        return Ok(None);
    }
    let address = <[u8; 4]>::try_from(value).map_err(|_| refused(Status::INVALID_ARGUMENT))?;
    match Ipv4Addr::from(address) {
        a if a.is_unspecified() => Err(refused(Status::INVALID_ARGUMENT)),
        a => Ok(Some(a)),
    }
}

/// A name as dhcpd invents them.
fn invented(shared: &Shared) -> Vec<u8> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    format!("nh{:x}{process:x}{n:x}", shared.now()).into_bytes()
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
            wanted.name = invented(world.shared);
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
    let homes = draft::homes(world.dhcp4, wanted.address, world.shared.options())?;
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
                group::join(world.dhcp4, &mut part.map, group)?;
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
        answer: host.encode(world.shared.key(), false),
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
    if two && draft::unique_addresses(world.dhcp4) {
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
