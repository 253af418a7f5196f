//! Groups: client classes without test, which apply where a reservation names
//! them. And dhcpd's classes, as far as they can be read.

use super::attributes::{Answered, Attributes};
use super::config;
use super::create;
use super::draft::{self, Edit};
use super::handles::{self, Identity};
use super::job::Kea;
use super::json::{self, Map, Value};
use super::plan::{Plan, World, done, refused};
use super::{Answer, Failure};
use omapi::request::flags;
use omapi::status::Status;

/// The class that a group is.
#[must_use]
pub fn class_of(group: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    match group.iter().all(plain) {
        true => format!("omapi-group-{}", json::text(group)),
        false => format!("omapi-group-0x{}", json::hex(group)),
    }
}

/// Adds a class to a reservation.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when its classes are no list.
pub fn add_class(map: &mut Map, class: &str) -> Result<(), Failure> {
    let classes = map
        .entry("client-classes")
        .or_insert_with(|| Value::Array(Vec::new()));
    let classes = classes.as_array_mut().ok_or(Status::PROTOCOL_ERROR)?;
    if !classes.iter().any(|c| c.as_str() == Some(class)) {
        classes.push(class.into());
    }
    Ok(())
}

/// Adds a class to a reservation, in front of all others.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when its classes are no list.
pub fn put_class_first(map: &mut Map, class: &str) -> Result<(), Failure> {
    add_class(map, class)?;
    if let Some(Value::Array(classes)) = map.get_mut("client-classes") {
        classes.retain(|c| c.as_str() != Some(class));
        classes.insert(0, class.into());
    }
    Ok(())
}

/// Makes a reservation a member of a group, in place of any other.
///
/// # Errors
/// `ISC_R_NOTFOUND` when there is no such group.
pub fn join(dhcp4: &Map, map: &mut Map, group: &[u8]) -> Result<(), Failure> {
    let class = class_of(group);
    if !draft::has_class(dhcp4, &class) {
        return Err(refused(Status::NOT_FOUND));
    }
    if let Some(Value::Array(classes)) = map.get_mut("client-classes") {
        let is_group = |c: &Value| c.as_str().is_some_and(|c| c.starts_with("omapi-group-"));
        classes.retain(|c| !is_group(c));
    }
    add_class(map, &class)
}

fn answer(server: &str, name: &[u8]) -> Answer {
    let mut out = Answered::default();
    out.bytes(b"name", name);
    Answer::Object(handles::handle(server, Identity::Group(name.to_vec())), out)
}

/// The name that the keys give.
fn name_of(server: &str, keys: &Attributes) -> Result<Option<Vec<u8>>, Failure> {
    let by_handle = match keys.number(b"handle")? {
        None => None,
        Some(handle) => match handles::identity(server, handle) {
            Some(Identity::Group(name)) => Some(name),
            Some(_) => return Err(Status::INVALID_ARGUMENT.into()),
            None => return Err(Status::NOT_FOUND.into()),
        },
    };
    let name = keys.get(b"name").map(<[u8]>::to_vec);
    match (by_handle, name) {
        (Some(a), Some(b)) if a != b => Err(Status::KEY_CONFLICT.into()),
        (a, b) => Ok(a.or(b)),
    }
}

/// Open without flags.
///
/// # Errors
/// The code for the program.
pub async fn find(kea: &Kea, keys: &Attributes) -> Result<Answer, Failure> {
    let server = kea.shared.key();
    let name = name_of(server, keys)?.ok_or(Status::INVALID_ARGUMENT)?;
    let config = config::current(kea).await?;
    match draft::has_class(config.dhcp4(), &class_of(&name)) {
        true => Ok(answer(server, &name)),
        false => Err(Failure::because(
            Status::NOT_FOUND,
            "no object matches specification",
        )),
    }
}

/// Refresh.
///
/// # Errors
/// The code for the program.
pub async fn refresh(kea: &Kea, name: &[u8]) -> Result<Answer, Failure> {
    let config = config::current(kea).await?;
    match draft::has_class(config.dhcp4(), &class_of(name)) {
        true => Ok(answer(kea.shared.key(), name)),
        false => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}

/// Open with flags.
///
/// # Errors
/// The code for the program.
pub fn plan_open(world: World<'_>, keys: &Attributes, wanted: u32) -> Result<Plan, Failure> {
    let server = world.shared.key();
    let name = name_of(server, keys)?.ok_or(refused(Status::INVALID_ARGUMENT))?;
    let exists = draft::has_class(world.dhcp4, &class_of(&name));
    if wanted & flags::CREATE == 0 {
        return match exists {
            // Its name and statements cannot be set again.
            true if keys.iter().any(|(n, _)| n == b"statements") => Err(refused(Status::EXISTS)),
            true => Ok(Plan {
                edits: Vec::new(),
                answer: answer(server, &name),
                moved: None,
            }),
            false => Err(Failure::because(
                Status::NOT_FOUND,
                "no object matches specification",
            )),
        };
    }
    if exists {
        return Err(match wanted & flags::EXCLUSIVE {
            0 => refused(Status::EXISTS),
            _ => Failure::because(Status::EXISTS, "specified object already exists"),
        });
    }
    if keys
        .iter()
        .any(|(n, _)| !matches!(n, b"name" | b"statements" | b"handle"))
    {
        return Err(refused(Status::NOT_FOUND));
    }
    if name.len() > 100 || name.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let text = keys
        .get(b"statements")
        .ok_or(refused(Status::INVALID_ARGUMENT))?;
    let translation = create::translate(world.shared, text)?;
    if translation.drop {
        let why = "Kea has no class that drops";
        return Err(Failure::because(Status::NOT_IMPLEMENTED, why));
    }
    let mut class = json::map([("name", class_of(&name).into())]);
    translation.put(&mut class);
    translation.put_lifetimes(&mut class);
    let omapi = json::map([
        ("group", json::text(&name).into()),
        ("statements", json::text(text).into()),
    ]);
    let context = json::map([("omapi", Value::Object(omapi))]);
    class.insert("user-context".into(), Value::Object(context));
    Ok(Plan {
        edits: vec![Edit::AddClass(class)],
        answer: answer(server, &name),
        moved: None,
    })
}

/// Update: nothing of a group can be changed.
///
/// # Errors
/// Always.
pub fn plan_update(
    world: World<'_>,
    name: &[u8],
    attributes: &Attributes,
) -> Result<Plan, Failure> {
    if !draft::has_class(world.dhcp4, &class_of(name)) {
        return Err(Failure::because(Status::NOT_FOUND, "no matching handle"));
    }
    Err(refused(match attributes.iter().next() {
        None => Status::INVALID_ARGUMENT,
        Some((b"name" | b"statements", _)) => Status::EXISTS,
        Some(_) => Status::NOT_FOUND,
    }))
}

/// Remove. Hosts go on naming the class, which does no harm.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub fn plan_remove(world: World<'_>, name: &[u8]) -> Result<Plan, Failure> {
    let class = class_of(name);
    match draft::has_class(world.dhcp4, &class) {
        true => Ok(done(vec![Edit::RemoveClass(class)])),
        false => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}

/// Open of a class: it can be found.
///
/// # Errors
/// `ISC_R_NOTFOUND`, and `ISC_R_NOTIMPLEMENTED` for all but looking.
pub async fn class(kea: &Kea, keys: &Attributes, wanted: u32) -> Result<Answer, Failure> {
    if wanted != 0 {
        return Err(Status::NOT_IMPLEMENTED.into());
    }
    let name = keys.get(b"name").ok_or(Status::INVALID_ARGUMENT)?;
    refresh_class(kea, name).await
}

/// Refresh of a class.
///
/// # Errors
/// `ISC_R_NOTFOUND`.
pub async fn refresh_class(kea: &Kea, name: &[u8]) -> Result<Answer, Failure> {
    let config = config::current(kea).await?;
    if !draft::has_class(config.dhcp4(), &json::text(name)) {
        return Err(Failure::because(
            Status::NOT_FOUND,
            "no object matches specification",
        ));
    }
    let mut out = Answered::default();
    out.number(b"lease-limit", 0).number(b"leases-used", 0);
    let handle = handles::handle(kea.shared.key(), Identity::Class(name.to_vec()));
    Ok(Answer::Object(handle, out))
}
