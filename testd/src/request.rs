//! What each request does, and what kind of answer it gets.

use crate::database::Database;
use crate::objects::{self, Attributes, Kind, ObjectRef, authenticator};
use omapi::status::Status;
use omapi::wire::{Frame, op};

/// What a request leads to.
pub(crate) enum Outcome {
    /// A result, perhaps with a text.
    Status(Status, &'static str),
    /// The object, as it is now.
    Object(ObjectRef),
    /// The object of a key that may now sign on this connection.
    Authenticated(usize),
    /// An object that exists in this answer only.
    Transient(Kind),
    /// No answer: the connection ends.
    Drop,
}

use Outcome::Status as Refuse;

const CANNOT_UPDATE: &str = "can't update object";

/// Does what a message asks for. `signed` is true when its signature was
/// found to be right.
pub(crate) fn serve(db: &mut Database, frame: &Frame<'_>, signed: bool) -> Outcome {
    let header = frame.header();
    if header.rid != 0 {
        // An answer to nothing that we asked.
        return Outcome::Drop;
    }
    let opens_key = header.op == op::OPEN && {
        let message = Attributes::new(frame.message_values());
        message.key("type") == Some(b"authenticator")
    };
    if db.omapi_key.is_some() && !signed && !opens_key {
        return Refuse(Status::NO_KEYS, "No authenticator on message");
    }
    match header.op {
        op::OPEN => open(db, frame).unwrap_or_else(|(code, text)| Refuse(code, text)),
        op::NOTIFY => Refuse(Status::NOT_IMPLEMENTED, "notify not implemented yet"),
        op::REFRESH | op::UPDATE | op::DELETE => match db.resolve(header.handle) {
            None => no_handle(),
            Some(object) if header.op == op::REFRESH => Outcome::Object(object),
            Some(object) if header.op == op::DELETE => delete(db, object),
            Some(object) => update(db, object, frame),
        },
        // Answers, and operations that dhcpd does not know.
        _ => Outcome::Drop,
    }
}

fn no_handle() -> Outcome {
    Refuse(Status::NOT_FOUND, "no matching handle")
}

fn update(db: &mut Database, object: ObjectRef, frame: &Frame<'_>) -> Outcome {
    if let ObjectRef::Authenticator(_) = object {
        return Refuse(Status::SUCCESS, "cannot update authenticator");
    }
    let values = Attributes::new(frame.object_values());
    match objects::update(db, object, &values, frame.header().handle) {
        Ok(()) => Refuse(Status::SUCCESS, ""),
        Err(code) => Refuse(code, CANNOT_UPDATE),
    }
}

fn delete(db: &mut Database, object: ObjectRef) -> Outcome {
    match (objects::delete(db, object), object) {
        (Ok(()), _) => Refuse(Status::SUCCESS, ""),
        (Err(code), ObjectRef::Authenticator(_)) => Refuse(code, "no remove method for object"),
        // The one deletion that kills dhcpd.
        (Err(code), ObjectRef::Group(_)) => Refuse(code, CANNOT_UPDATE),
        (Err(code), _) => Refuse(code, ""),
    }
}

type Refusal = (Status, &'static str);

fn open(db: &mut Database, frame: &Frame<'_>) -> Result<Outcome, Refusal> {
    let message = Attributes::new(frame.message_values());
    let flag = |name, refusal| match message.key(name) {
        None => Ok(false),
        Some(&[a, b, c, d]) => Ok([a, b, c, d] != [0; 4]),
        Some(_) => Err((Status::INVALID_ARGUMENT, refusal)),
    };
    let create = flag("create", "invalid create flag value")?;
    let update = flag("update", "invalid update flag value")?;
    let exclusive = flag("exclusive", "invalid exclusive flag value")?;

    let handle = frame.header().handle;
    let Some(kind) = message.key("type").and_then(Kind::from_name) else {
        if create {
            return Err((Status::INVALID_ARGUMENT, "type required on create"));
        }
        return Ok(db.resolve(handle).map_or_else(no_handle, Outcome::Object));
    };
    if kind == Kind::Unsearchable {
        return Err((Status::NOT_IMPLEMENTED, "unsearchable object type"));
    }

    let values = Attributes::new(frame.object_values());
    let found = match objects::find(db, kind, &values) {
        Ok(found) => found,
        Err(Status::NOT_FOUND) if create => None,
        Err(Status::NOT_FOUND) => {
            return Err((Status::NOT_FOUND, "no object matches specification"));
        }
        Err(code) => return Err((code, "object lookup failed")),
    };
    let cannot_update = |code| (code, CANNOT_UPDATE);
    let Some(object) = found else {
        // A miss with the create flag, or no key at all.
        if !objects::can_create(kind) {
            return Err((Status::NOT_IMPLEMENTED, "can't create new object"));
        }
        if !create && !update {
            return Ok(Outcome::Transient(kind));
        }
        return match objects::create(db, kind, &values) {
            Ok(object) => Ok(Outcome::Object(object)),
            Err(code) => Err(cannot_update(code)),
        };
    };
    if create && exclusive {
        return Err((Status::EXISTS, "specified object already exists"));
    }
    if create || update {
        objects::update(db, object, &values, handle).map_err(cannot_update)?;
    }
    match object {
        ObjectRef::Authenticator(at) if authenticator::is_selected(db, at) => {
            Ok(Outcome::Authenticated(at))
        }
        ObjectRef::Authenticator(_) => Err((Status::INVALID_KEY, "can't select authenticator")),
        object => Ok(Outcome::Object(object)),
    }
}
