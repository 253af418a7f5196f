//! Groups: client classes without test, which apply where a reservation names
//! them. And dhcpd's classes, as far as they can be read.

use super::classes::class_of;
use super::edit::{Edit, Plan};
use super::lookup::PlanContext;
use super::write::translate;
use crate::config::has_class;
use crate::json::{self, Map, Value};
use crate::model::check::has_control;
use crate::model::{Answer, Answered, Attributes, Identity, KeaError, refused};
use crate::server::{Commands, ServerInfo, configuration};
use crate::statements::Translation;
use omapi::refusals;
use omapi::request::flags;
use omapi::status::Status;

fn answer(server: &ServerInfo, name: &[u8]) -> Answer {
    let mut out = Answered::default();
    out.bytes(b"name", name);
    Answer::Object(server.handle(Identity::Group(name.to_vec())), out)
}

/// The name that the keys give.
fn name_of(server: &ServerInfo, keys: &Attributes) -> Result<Option<Vec<u8>>, KeaError> {
    let by_handle = match keys.number(b"handle")? {
        None => None,
        Some(handle) => match server.identity(handle) {
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

/// Open without flags: finds a group by its name or handle.
///
/// # Errors
/// `DHCP_R_INVALIDARG` without a name, `DHCP_R_KEYCONFLICT` when name and
/// handle are those of two, `ISC_R_NOTFOUND`; or why the configuration cannot
/// be read.
pub(crate) async fn find(kea: &Commands, keys: &Attributes) -> Result<Answer, KeaError> {
    let server = &kea.server;
    let name = name_of(server, keys)?.ok_or(Status::INVALID_ARGUMENT)?;
    let config = configuration::current(kea).await?;
    if has_class(config.dhcp4(), &class_of(&name)) {
        Ok(answer(server, &name))
    } else {
        Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_OBJECT_MATCHES,
        ))
    }
}

/// Refresh of a group: it is still there.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or why the configuration cannot be read.
pub(crate) async fn refresh(kea: &Commands, name: &[u8]) -> Result<Answer, KeaError> {
    let config = configuration::current(kea).await?;
    if has_class(config.dhcp4(), &class_of(name)) {
        Ok(answer(&kea.server, name))
    } else {
        Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        ))
    }
}

/// Open with flags: a new group, or one that is there.
///
/// # Errors
/// `ISC_R_NOTFOUND` without the flag to create; with it `ISC_R_EXISTS`,
/// `DHCP_R_INVALIDARG` without name or statements or for such a name,
/// `ISC_R_NOTFOUND` for other attributes; or as [`translate`] fails.
pub(crate) fn plan_open(
    context: PlanContext<'_>,
    keys: &Attributes,
    wanted: u32,
) -> Result<Plan, KeaError> {
    let server = context.server;
    let name = name_of(server, keys)?.ok_or(refused(Status::INVALID_ARGUMENT))?;
    let exists = has_class(context.dhcp4, &class_of(&name));
    if wanted & flags::CREATE == 0 {
        if !exists {
            let why = refusals::NO_OBJECT_MATCHES;
            return Err(KeaError::because(Status::NOT_FOUND, why));
        }
        // Its name and statements cannot be set again.
        if keys.iter().any(|(n, _)| n == b"statements") {
            return Err(refused(Status::EXISTS));
        }
        return Ok(Plan {
            edits: Vec::new(),
            answer: answer(server, &name),
            moved: None,
        });
    }
    if exists {
        return Err(match wanted & flags::EXCLUSIVE {
            0 => refused(Status::EXISTS),
            _ => KeaError::because(Status::EXISTS, refusals::ALREADY_EXISTS),
        });
    }
    if keys
        .iter()
        .any(|(n, _)| !matches!(n, b"name" | b"statements" | b"handle"))
    {
        return Err(refused(Status::NOT_FOUND));
    }
    if name.len() > 100 || has_control(&name) {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    let text = keys
        .get(b"statements")
        .ok_or(refused(Status::INVALID_ARGUMENT))?;
    let translation = translate(server, text)?;
    if translation.drop {
        let why = "Kea has no class that drops";
        return Err(KeaError::because(Status::NOT_IMPLEMENTED, why));
    }
    Ok(Plan {
        edits: vec![Edit::AddClass(new_class(&name, text, &translation))],
        answer: answer(server, &name),
        moved: None,
    })
}

/// The class of a new group, with what it was made of.
fn new_class(name: &[u8], statements: &[u8], translation: &Translation) -> Map {
    let mut class = json::map([("name", class_of(name).into())]);
    translation.put(&mut class);
    translation.put_lifetimes(&mut class);
    let omapi = json::map([
        ("group", json::text(name).into()),
        ("statements", json::text(statements).into()),
    ]);
    let context = json::map([("omapi", Value::Object(omapi))]);
    class.insert("user-context".into(), Value::Object(context));
    class
}

/// Update: nothing of a group can be changed.
///
/// # Errors
/// `ISC_R_NOTFOUND` for an unknown group; otherwise `DHCP_R_INVALIDARG`,
/// `ISC_R_EXISTS` or `ISC_R_NOTFOUND` by the first attribute, as dhcpd.
pub(crate) fn plan_update(
    context: PlanContext<'_>,
    name: &[u8],
    attributes: &Attributes,
) -> Result<Plan, KeaError> {
    if !has_class(context.dhcp4, &class_of(name)) {
        return Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        ));
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
pub(crate) fn plan_remove(context: PlanContext<'_>, name: &[u8]) -> Result<Plan, KeaError> {
    let class = class_of(name);
    if has_class(context.dhcp4, &class) {
        Ok(Plan::of(vec![Edit::RemoveClass(class)]))
    } else {
        Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        ))
    }
}

/// Open of a class: it can be found.
///
/// # Errors
/// `ISC_R_NOTFOUND`, and `ISC_R_NOTIMPLEMENTED` for all but looking.
pub(crate) async fn class(
    kea: &Commands,
    keys: &Attributes,
    wanted: u32,
) -> Result<Answer, KeaError> {
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
pub(crate) async fn refresh_class(kea: &Commands, name: &[u8]) -> Result<Answer, KeaError> {
    let config = configuration::current(kea).await?;
    if !has_class(config.dhcp4(), &json::text(name)) {
        return Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_OBJECT_MATCHES,
        ));
    }
    let mut out = Answered::default();
    out.number(b"lease-limit", 0).number(b"leases-used", 0);
    let handle = kea.server.handle(Identity::Class(name.to_vec()));
    Ok(Answer::Object(handle, out))
}
