//! What each request does, and what kind of answer it gets.

use crate::database::Database;
use crate::objects::{self, Attributes, Kind, ObjectRef};
use omapi::refusals::{self, Refusal};
use omapi::request::{Operation, Request, flags};
use omapi::server::{Opening, opening};
use omapi::status::Status;

/// What a request leads to.
pub(crate) enum Decision {
    /// A result, perhaps with a text.
    Status(Status, &'static str),
    /// The object, as it is now.
    Object(ObjectRef),
    /// An object that exists in this answer only.
    Transient(Kind),
}

use Decision::Status as Refuse;

/// Does what a request asks for.
pub(crate) fn serve(db: &mut Database, request: &Request<'_>) -> Decision {
    let values = Attributes::new(request.attributes);
    if let Operation::Open { object_type, flags } = request.operation {
        let kind = object_type.and_then(Kind::from_name);
        let opened = open(db, kind, flags, &values, request.handle);
        return opened.unwrap_or_else(|(code, text)| Refuse(code, text));
    }
    let Some(object) = db.resolve(request.handle) else {
        return Refuse(Status::NOT_FOUND, refusals::NO_MATCHING_HANDLE);
    };
    match request.operation {
        Operation::Update => match objects::update(db, object, &values, request.handle) {
            Ok(()) => Refuse(Status::SUCCESS, ""),
            Err(code) => Refuse(code, refusals::CANNOT_UPDATE),
        },
        Operation::Remove => delete(db, object),
        // A refresh; sessions hand on nothing else.
        _ => Decision::Object(object),
    }
}

fn delete(db: &mut Database, object: ObjectRef) -> Decision {
    match (objects::delete(db, object), object) {
        (Ok(()), _) => Refuse(Status::SUCCESS, ""),
        // The one deletion that kills dhcpd.
        (Err(code), ObjectRef::Group(_)) => Refuse(code, refusals::CANNOT_UPDATE),
        (Err(code), _) => Refuse(code, ""),
    }
}

fn open(
    db: &mut Database,
    kind: Option<Kind>,
    open_flags: u32,
    values: &Attributes<'_>,
    handle: u32,
) -> Result<Decision, Refusal> {
    let Some(kind) = kind.filter(|kind| *kind != Kind::Unsearchable) else {
        return Err((Status::NOT_IMPLEMENTED, refusals::UNSEARCHABLE));
    };
    let found = objects::find(db, kind, values);
    let cannot_update = |code| (code, refusals::CANNOT_UPDATE);
    let object = match opening(found, open_flags, objects::can_create(kind))? {
        Opening::Create if open_flags & (flags::CREATE | flags::UPDATE) == 0 => {
            return Ok(Decision::Transient(kind));
        }
        Opening::Create => objects::create(db, kind, values).map_err(cannot_update)?,
        Opening::Update(object) => {
            objects::update(db, object, values, handle).map_err(cannot_update)?;
            object
        }
        Opening::Answer(object) => object,
    };
    Ok(Decision::Object(object))
}
