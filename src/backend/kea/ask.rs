//! Requests, copied and sorted: what each is about, and which may go together.

use super::attributes::{Answered, Attributes};
use super::handles::{self, Identity};
use super::job::{Kea, is_read_only};
use super::{Answer, Failure};
use super::{
    config, control, failover, group, host, lease, lease_create, lease_update, lease_walk,
};
use omapi::request::{Operation, Request};
use omapi::status::Status;

/// The kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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
pub enum Ask {
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

/// What may happen at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Changes nothing: any number at once.
    Read,
    /// Changes hosts or groups: alone, with all that wait next to it.
    Together,
    /// Changes something else: alone.
    Alone,
}

impl Ask {
    /// Copies a request.
    ///
    /// # Errors
    /// `ISC_R_NOTIMPLEMENTED` for messages that only OMAPI can send.
    pub fn new(request: &Request<'_>) -> Result<Self, Status> {
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

    /// How it goes with others.
    #[must_use]
    pub fn order(&self, server: &str) -> Order {
        let by_identity = |handle| match handles::identity(server, handle) {
            Some(Identity::Host(_) | Identity::Group(_)) => Order::Together,
            _ => Order::Alone,
        };
        match self {
            Self::Refresh(_) | Self::Next(..) | Self::Open { flags: 0, .. }
                if !matches!(
                    self,
                    Self::Open {
                        kind: Kind::Command,
                        ..
                    }
                ) =>
            {
                Order::Read
            }
            Self::Open {
                kind: Kind::Command,
                attributes,
                ..
            } => {
                let name = attributes.get(b"command").unwrap_or_default();
                match core::str::from_utf8(name) {
                    Ok(name) if is_read_only(name) => Order::Read,
                    _ => Order::Alone,
                }
            }
            Self::Open {
                kind: Kind::Host | Kind::Group,
                ..
            } => Order::Together,
            Self::Update(handle, _) | Self::Remove(handle) => by_identity(*handle),
            _ => Order::Alone,
        }
    }

    /// Does it, when it is not one for a batch.
    ///
    /// # Errors
    /// The code for the program.
    pub async fn run(self, kea: &Kea) -> Result<Answer, Failure> {
        let server = kea.shared.key();
        let find = |handle| {
            handles::identity(server, handle)
                .ok_or(Failure::because(Status::NOT_FOUND, "no matching handle"))
        };
        match self {
            Self::Open {
                kind,
                flags,
                attributes,
            } => match kind {
                Kind::Lease => lease::open(kea, &attributes, flags).await,
                Kind::Host => host::find(kea, &attributes).await,
                Kind::Group => group::find(kea, &attributes).await,
                Kind::Class => group::class(kea, &attributes, flags).await,
                Kind::Control => control::open(kea, &attributes, flags).await,
                Kind::Failover => failover::open(kea, &attributes, flags).await,
                Kind::Command => control::command(kea, &attributes).await,
                Kind::Untyped if flags == 0 => {
                    let handle = attributes.number(b"handle")?.unwrap_or(0);
                    refresh(kea, find(handle)?).await
                }
                Kind::Untyped => Err(Failure::because(
                    Status::INVALID_ARGUMENT,
                    "type required on create",
                )),
                Kind::Unmapped => Err(Failure::because(
                    Status::NOT_IMPLEMENTED,
                    "Kea has no such objects",
                )),
            },
            Self::Refresh(handle) => refresh(kea, find(handle)?).await,
            Self::Update(handle, attributes) => match find(handle)? {
                Identity::Lease(address) => lease_update::update(kea, address, &attributes).await,
                Identity::Control => control::update(kea, &attributes).await,
                Identity::Failover(name) => failover::update(kea, &name, &attributes).await,
                _ => Err(Status::NOT_IMPLEMENTED.into()),
            },
            Self::Remove(handle) => match find(handle)? {
                Identity::Lease(address) => lease_create::remove(kea, address).await,
                Identity::Control => Err(Status::NO_PERMISSION.into()),
                _ => Err(Status::NOT_IMPLEMENTED.into()),
            },
            Self::Next(kind, handle) => {
                let after = match handle {
                    0 => None,
                    handle => Some(find(handle)?),
                };
                match (kind, after) {
                    (Kind::Lease, None) => lease_walk::next(kea, None).await,
                    (Kind::Lease, Some(Identity::Lease(address))) => {
                        lease_walk::next(kea, Some(address)).await
                    }
                    (Kind::Host, None) => host::next(kea, None).await,
                    (Kind::Host, Some(Identity::Host(key))) => host::next(kea, Some(key)).await,
                    (Kind::Lease | Kind::Host, Some(_)) => Err(Status::INVALID_ARGUMENT.into()),
                    _ => Err(Status::NOT_IMPLEMENTED.into()),
                }
            }
        }
    }
}

async fn refresh(kea: &Kea, identity: Identity) -> Result<Answer, Failure> {
    match identity {
        Identity::Lease(address) => lease::refresh(kea, address).await,
        Identity::Host(key) => host::refresh(kea, &key).await,
        Identity::Group(name) => group::refresh(kea, &name).await,
        Identity::Class(name) => group::refresh_class(kea, &name).await,
        Identity::Control => control::refresh(kea).await,
        Identity::Failover(name) => failover::refresh(kea, &name).await,
        Identity::Subnet(_) | Identity::Pool(..) => bare(kea, identity).await,
    }
}

/// A subnet or pool: an object without attributes, as long as it is there.
async fn bare(kea: &Kea, identity: Identity) -> Result<Answer, Failure> {
    let config = config::current(kea).await?;
    let there = match &identity {
        Identity::Pool(id, range) => config.pools().any(|pool| pool == (*id, range)),
        Identity::Subnet(id) => {
            config::subnets(config.dhcp4()).any(|(_, s)| config::subnet_id(s) == Some(*id))
        }
        _ => false,
    };
    match there {
        true => {
            let handle = handles::handle(kea.shared.key(), identity);
            Ok(Answer::Object(handle, Answered::default()))
        }
        false => Err(Failure::because(Status::NOT_FOUND, "no matching handle")),
    }
}
