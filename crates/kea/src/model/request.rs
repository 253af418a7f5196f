//! Requests, copied and sorted: what each is about.

use super::attributes::Attributes;
use omapi::request::{Operation, Request};
use omapi::status::Status;

/// The kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A lease.
    Lease,
    /// A host: a reservation.
    Host,
    /// A group: a client class.
    Group,
    /// A class.
    Class,
    /// The server itself.
    Control,
    /// High availability.
    Failover,
    /// Any command of Kea.
    Command,
    /// One that Kea has no equivalent of.
    Unmapped,
    /// No type given.
    Untyped,
}

impl Kind {
    fn new(name: Option<&[u8]>) -> Self {
        match name {
            None => Self::Untyped,
            Some(b"lease") => Self::Lease,
            Some(b"host") => Self::Host,
            Some(b"group") => Self::Group,
            Some(b"class") => Self::Class,
            Some(b"control") => Self::Control,
            Some(b"failover-state") => Self::Failover,
            Some(b"kea-command") => Self::Command,
            Some(_) => Self::Unmapped,
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) enum KeaRequest {
    /// Find, create, change.
    Open {
        /// What kind of object.
        kind: Kind,
        /// Bits of [`omapi::request::flags`].
        flags: u32,
        /// Keys and attributes.
        attributes: Attributes,
    },
    /// Change by handle.
    Update(u32, Attributes),
    /// Read by handle.
    Refresh(u32),
    /// Remove by handle.
    Remove(u32),
    /// The object behind the one with that handle.
    Next(Kind, u32),
}

impl KeaRequest {
    /// Copies a request.
    ///
    /// # Errors
    /// `ISC_R_NOTIMPLEMENTED` for messages that only OMAPI can send.
    pub(crate) fn new(request: &Request<'_>) -> Result<Self, Status> {
        let attributes = || Attributes::new(request.attributes);
        Ok(match request.operation {
            Operation::Open { object_type, flags } => Self::Open {
                kind: Kind::new(object_type),
                flags,
                attributes: attributes(),
            },
            Operation::Update => Self::Update(request.handle, attributes()),
            Operation::Refresh => Self::Refresh(request.handle),
            Operation::Remove => Self::Remove(request.handle),
            Operation::Next { object_type } => Self::Next(Kind::new(object_type), request.handle),
            Operation::Message { .. } => return Err(Status::NOT_IMPLEMENTED),
        })
    }
}
