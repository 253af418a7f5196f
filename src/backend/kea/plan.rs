//! What a request about a host means: which reservations come, change, go.
//! Everything that can be refused is refused here, before anything is done.

use super::ask::{Ask, Kind};
use super::attributes::Attributes;
use super::draft::{self, Edit};
use super::group;
use super::handles::{self, HostKey, Identity};
use super::host::{Host, Key, Source};
use super::json::{self, Map, Value};
use super::lease_update::child;
use super::reservation::Reservation;
use super::shared::Shared;
use super::statements::{self, Translation};
use super::{Answer, Failure};
use crate::request::flags;
use crate::status::Status;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// What to do for a request, and what to answer when it is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In this order; none when nothing is to be done.
    pub edits: Vec<Edit>,
    /// The answer.
    pub answer: Answer,
}

/// Where a plan is made.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// For lookups of hosts.
    pub source: Source<'w>,
    /// `Dhcp4`: subnets and classes.
    pub dhcp4: &'w Map<String, Value>,
    /// The server.
    pub shared: &'w Shared,
}

pub(super) fn refused(status: Status) -> Failure {
    Failure::because(status, "can't update object")
}

/// Plans any request that is done in a batch.
///
/// # Errors
/// The code for the program.
pub async fn plan(world: World<'_>, ask: &Ask) -> Result<Plan, Failure> {
    let server = world.shared.key();
    let gone = || Failure::because(Status::NOT_FOUND, "no matching handle");
    match ask {
        Ask::Open {
            kind: Kind::Host,
            flags,
            attributes,
        } => open(world, attributes, *flags).await,
        Ask::Open {
            attributes, flags, ..
        } => group::plan_open(world, attributes, *flags),
        Ask::Update(handle, attributes) => match handles::identity(server, *handle) {
            Some(Identity::Host(key)) => {
                let mut hosts = world.source.hosts(Key::Exact(&key)).await?;
                let host = hosts.pop().ok_or_else(gone)?;
                let edits = update(world, &host, attributes).await?;
                Ok(done(edits))
            }
            Some(Identity::Group(name)) => group::plan_update(world, &name, attributes),
            _ => Err(gone()),
        },
        Ask::Remove(handle) => match handles::identity(server, *handle) {
            Some(Identity::Host(key)) => {
                let mut hosts = world.source.hosts(Key::Exact(&key)).await?;
                let host = hosts.pop().ok_or_else(gone)?;
                let keys = host.0.iter().filter_map(Reservation::key);
                Ok(done(keys.map(Edit::Remove).collect()))
            }
            Some(Identity::Group(name)) => group::plan_remove(world, &name),
            _ => Err(gone()),
        },
        Ask::Refresh(_) | Ask::Next(..) => Err(Status::UNEXPECTED.into()),
    }
}

pub(super) fn done(edits: Vec<Edit>) -> Plan {
    Plan {
        edits,
        answer: Answer::Status(Status::SUCCESS, None),
    }
}

async fn open(world: World<'_>, keys: &Attributes, wanted: u32) -> Result<Plan, Failure> {
    let server = world.shared.key();
    let found = match world.source.find(server, keys).await {
        // Without any key there is nothing to find; creating says what is
        // missing.
        Err(f) if f.status() == Status::INVALID_ARGUMENT && wanted & flags::CREATE != 0 => None,
        other => other?,
    };
    match found {
        Some(_) if wanted & flags::CREATE != 0 => Err(match wanted & flags::EXCLUSIVE {
            0 => refused(Status::EXISTS),
            _ => Failure::because(Status::EXISTS, "specified object already exists"),
        }),
        Some(host) => {
            let edits = match wanted & flags::UPDATE {
                0 => Vec::new(),
                _ => update(world, &host, keys).await?,
            };
            Ok(Plan {
                edits,
                answer: host.encode(server, false),
            })
        }
        None if wanted & flags::CREATE != 0 => create(world, keys).await,
        None => Err(Failure::because(
            Status::NOT_FOUND,
            "no object matches specification",
        )),
    }
}

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

/// Longest client identifier.
fn longest_client_id(shared: &Shared) -> usize {
    match shared.capabilities().version {
        (0..=2, 0..=2) => 128,
        _ => 255,
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
            b"hardware-address" => {
                if value.is_empty() || value.len() > 20 {
                    return Err(refused(Status::INVALID_ARGUMENT));
                }
                wanted.hardware = value.to_vec();
            }
            b"dhcp-client-identifier" => {
                if value.is_empty() || value.len() > longest_client_id(shared) {
                    return Err(refused(Status::INVALID_ARGUMENT));
                }
                wanted.client_id = value.to_vec();
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
                wanted.statements = Some((value.to_vec(), translate(value)?));
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

fn translate(text: &[u8]) -> Result<Translation, Failure> {
    match text {
        [] => Err(refused(Status::INVALID_ARGUMENT)),
        text => statements::translate(text),
    }
}

/// Kea matches Ethernet clients, whatever type was meant.
fn check_type(value: &[u8]) -> Result<(), Failure> {
    match super::attributes::number(value).map_err(refused)? {
        1 => Ok(()),
        0 | 2..=255 => Err(refused(Status::NOT_IMPLEMENTED)),
        _ => Err(refused(Status::INVALID_ARGUMENT)),
    }
}

fn one_address(value: &[u8]) -> Result<Option<Ipv4Addr>, Failure> {
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

async fn create(world: World<'_>, attributes: &Attributes) -> Result<Plan, Failure> {
    let mut wanted = wanted(world.shared, attributes)?;
    if wanted.name.is_empty() {
        wanted.name = invented(world.shared);
    } else if !world
        .source
        .hosts(Key::Name(&wanted.name))
        .await?
        .is_empty()
    {
        return Err(refused(Status::EXISTS));
    }
    let subnet = draft::home(world.dhcp4, wanted.address)?;
    let both = !wanted.hardware.is_empty() && !wanted.client_id.is_empty();
    if let Some(address) = wanted.address {
        check_address(world, address, None, both).await?;
    }
    let ids: Vec<HostKey> = [
        ("hw-address", &wanted.hardware),
        ("client-id", &wanted.client_id),
    ]
    .into_iter()
    .filter(|(_, id)| !id.is_empty())
    .map(|(kind, id)| HostKey {
        subnet,
        kind: kind.into(),
        id: id.clone(),
    })
    .collect();
    let mut edits = Vec::new();
    let mut parts = Vec::new();
    for (i, key) in ids.iter().enumerate() {
        if !world.source.hosts(Key::Exact(key)).await?.is_empty() {
            return Err(refused(Status::EXISTS));
        }
        let twin = ids.get(1 - i).filter(|_| both);
        let mut part = new_part(key, &wanted, twin);
        if let Some(group) = &wanted.group {
            group::join(world.dhcp4, &mut part.map, group)?;
        }
        if let Some((text, translation)) = &wanted.statements {
            put_statements(world.dhcp4, &mut part.map, text, translation, &mut edits)?;
        }
        known_at_least(&mut part.map)?;
        parts.push(part);
    }
    edits.extend(parts.iter().cloned().map(Edit::Add));
    let host = Host(parts);
    Ok(Plan {
        edits,
        answer: host.encode(world.shared.key(), false),
    })
}

/// An address may be given to one host only, and within it to two
/// reservations only if Kea was told to allow that.
async fn check_address(
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

fn new_part(key: &HostKey, wanted: &Wanted, twin: Option<&HostKey>) -> Reservation {
    let mut omapi = json::map([("name", json::text(&wanted.name).into())]);
    if let Some(twin) = twin {
        omapi.insert("twin".into(), Value::Object(twin_map(twin)));
    }
    let mut map = json::map([(&key.kind[..], json::colons(&key.id).into())]);
    if let Some(address) = wanted.address {
        map.insert("ip-address".into(), address.to_string().into());
    }
    let context = json::map([("omapi", Value::Object(omapi))]);
    map.insert("user-context".into(), Value::Object(context));
    Reservation {
        subnet: key.subnet,
        map,
    }
}

/// Kea 2.2 refuses a reservation of nothing, but dhcpd has hosts that are only
/// known. A class that nobody defines has no effect.
fn known_at_least(map: &mut Map<String, Value>) -> Result<(), Failure> {
    let gives = |key: &&str| match map.get(*key) {
        Some(Value::String(s)) => !s.is_empty() && s != "0.0.0.0",
        Some(Value::Array(list)) => !list.is_empty(),
        _ => false,
    };
    const RESOURCES: [&str; 7] = [
        "ip-address",
        "hostname",
        "client-classes",
        "option-data",
        "next-server",
        "server-hostname",
        "boot-file-name",
    ];
    match RESOURCES.iter().any(gives) {
        true => Ok(()),
        false => group::add_class(map, "omapi-known"),
    }
}

fn twin_map(twin: &HostKey) -> Map<String, Value> {
    json::map([(&twin.kind[..], json::colons(&twin.id).into())])
}

/// Puts statements into a reservation, with a class for what only a class can
/// express.
fn put_statements(
    dhcp4: &Map<String, Value>,
    map: &mut Map<String, Value>,
    text: &[u8],
    translation: &Translation,
    edits: &mut Vec<Edit>,
) -> Result<(), Failure> {
    translation.put(map);
    if translation.drop {
        group::add_class(map, "DROP")?;
    }
    if let Some(name) = translation.lifetime_class() {
        group::add_class(map, &name)?;
        let mut class = json::map([("name", name[..].into())]);
        translation.put_lifetimes(&mut class);
        let class = Edit::AddClass(class);
        if !draft::has_class(dhcp4, &name) && !edits.contains(&class) {
            edits.push(class);
        }
    }
    omapi(map)?.insert("statements".into(), json::text(text).into());
    Ok(())
}

fn omapi(map: &mut Map<String, Value>) -> Result<&mut Map<String, Value>, Failure> {
    let context = map
        .entry("user-context")
        .or_insert_with(|| Value::Object(Map::new()));
    let omapi = child(context, "omapi")?;
    omapi.as_object_mut().ok_or(Status::INVALID_ARGUMENT.into())
}

/// Changes of an existing host, under dhcpd's rules: name and hardware address
/// stay, client identifier and statements can be set once.
async fn update(
    world: World<'_>,
    host: &Host,
    attributes: &Attributes,
) -> Result<Vec<Edit>, Failure> {
    if attributes.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let mut edits = Vec::new();
    let mut parts = host.0.clone();
    let first = parts.first().ok_or(Status::NOT_FOUND)?;
    let (name, old_address) = (first.name(), first.address());
    let mut address = old_address;
    for (attribute, value) in attributes.iter() {
        match attribute {
            // An open has its keys among the attributes.
            b"name" if value == name => {}
            b"hardware-address" if value == host.id("hw-address") => {}
            b"dhcp-client-identifier" if value == host.id("client-id") => {}
            b"handle" | b"remote-handle" | b"known" => {}
            b"name" | b"hardware-address" => return Err(refused(Status::EXISTS)),
            b"dhcp-client-identifier" if host.id("client-id").is_empty() => {
                // It would be a second reservation of the host.
                return Err(refused(Status::NOT_IMPLEMENTED));
            }
            b"dhcp-client-identifier" => return Err(refused(Status::EXISTS)),
            b"hardware-type" => check_type(value)?,
            b"ip-address" => address = one_address(value)?,
            b"group" if value.is_empty() => return Err(refused(Status::INVALID_ARGUMENT)),
            b"group" => {
                for part in &mut parts {
                    group::join(world.dhcp4, &mut part.map, value)?;
                }
            }
            b"statements" => {
                let translation = translate(value)?;
                for part in &mut parts {
                    if part.omapi().is_some_and(|o| o.contains_key("statements")) {
                        return Err(refused(Status::EXISTS));
                    }
                    put_statements(world.dhcp4, &mut part.map, value, &translation, &mut edits)?;
                }
            }
            _ => return Err(refused(Status::UNKNOWN_ATTRIBUTE)),
        }
    }
    let mut subnet = parts.first().map_or(0, |p| p.subnet);
    if address != old_address {
        if let Some(address) = address {
            check_address(world, address, Some(host), parts.len() > 1).await?;
            subnet = draft::home(world.dhcp4, Some(address))?;
        }
        for part in &mut parts {
            match address {
                Some(address) => part
                    .map
                    .insert("ip-address".into(), address.to_string().into()),
                None => part.map.shift_remove("ip-address"),
            };
            known_at_least(&mut part.map)?;
        }
    }
    for (old, mut new) in host.0.iter().zip(parts) {
        let key = old.key().ok_or(Status::NOT_FOUND)?;
        if new.subnet != subnet {
            new.subnet = subnet;
            edits.push(Edit::Remove(key));
            edits.push(Edit::Add(new));
        } else if new != *old {
            edits.push(Edit::Replace(key, new));
        }
    }
    Ok(edits)
}
