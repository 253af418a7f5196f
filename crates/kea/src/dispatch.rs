//! Which room serves a request, and what it may run beside.

use crate::config;
use crate::hosts::{self, group};
use crate::model::Identity;
use crate::model::request::{KeaRequest, Kind};
use crate::model::{Answer, Answered, Attributes, KeaError};
use crate::protocol::commands::is_read_only;
use crate::server::{Commands, ServerInfo, configuration};
use crate::{control, failover, leases};
use omapi::refusals;
use omapi::status::Status;

/// What may happen at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Changes nothing: any number at once.
    Read,
    /// Changes hosts or groups: alone, with all that wait next to it.
    Together,
    /// Changes something else: alone.
    Alone,
}

/// What a request may run beside.
#[must_use]
pub(crate) fn order(request: &KeaRequest, server: &ServerInfo) -> Order {
    match request {
        KeaRequest::Open {
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
        KeaRequest::Refresh(_) | KeaRequest::Next(..) | KeaRequest::Open { flags: 0, .. } => {
            Order::Read
        }
        KeaRequest::Open {
            kind: Kind::Host | Kind::Group,
            ..
        } => Order::Together,
        KeaRequest::Open { .. } => Order::Alone,
        KeaRequest::Update(handle, _) | KeaRequest::Remove(handle) => {
            match server.identity(*handle) {
                Some(Identity::Host(_) | Identity::Group(_)) => Order::Together,
                _ => Order::Alone,
            }
        }
    }
}

/// Does a request that is not one of those that are done [together](Order::Together).
///
/// # Errors
/// Those of the room that serves it; `ISC_R_NOTFOUND` for an unknown handle,
/// `ISC_R_NOTIMPLEMENTED` for what the kind of object cannot do,
/// `DHCP_R_INVALIDARG` without a kind.
pub(crate) async fn run(request: KeaRequest, kea: &Commands) -> Result<Answer, KeaError> {
    match request {
        KeaRequest::Open {
            kind,
            flags,
            attributes,
        } => open(kea, kind, flags, &attributes).await,
        KeaRequest::Refresh(handle) => refresh(kea, identity(kea, handle)?).await,
        KeaRequest::Update(handle, attributes) => match identity(kea, handle)? {
            Identity::Lease(address) => leases::update(kea, address, &attributes).await,
            Identity::Control => control::update(kea, &attributes).await,
            Identity::Failover(name) => failover::update(kea, &name, &attributes).await,
            _ => Err(Status::NOT_IMPLEMENTED.into()),
        },
        KeaRequest::Remove(handle) => match identity(kea, handle)? {
            Identity::Lease(address) => leases::remove(kea, address).await,
            Identity::Control => Err(Status::NO_PERMISSION.into()),
            _ => Err(Status::NOT_IMPLEMENTED.into()),
        },
        KeaRequest::Next(kind, 0) => next(kea, kind, None).await,
        KeaRequest::Next(kind, handle) => next(kea, kind, Some(identity(kea, handle)?)).await,
    }
}

/// What a handle of the program stands for.
fn identity(kea: &Commands, handle: u32) -> Result<Identity, KeaError> {
    let identity = kea.server.identity(handle);
    identity.ok_or(KeaError::because(
        Status::NOT_FOUND,
        refusals::NO_MATCHING_HANDLE,
    ))
}

async fn open(
    kea: &Commands,
    kind: Kind,
    flags: u32,
    attributes: &Attributes,
) -> Result<Answer, KeaError> {
    match kind {
        Kind::Lease => leases::open(kea, attributes, flags).await,
        Kind::Host => hosts::find(kea, attributes).await,
        Kind::Group => group::find(kea, attributes).await,
        Kind::Class => group::class(kea, attributes, flags).await,
        Kind::Control => control::open(kea, attributes, flags).await,
        Kind::Failover => failover::open(kea, attributes, flags).await,
        Kind::Command => control::command(kea, attributes).await,
        Kind::Untyped if flags == 0 => {
            let handle = attributes.number(b"handle")?.unwrap_or(0);
            refresh(kea, identity(kea, handle)?).await
        }
        Kind::Untyped => Err(KeaError::because(
            Status::INVALID_ARGUMENT,
            refusals::TYPE_REQUIRED,
        )),
        Kind::Unmapped => Err(KeaError::because(
            Status::NOT_IMPLEMENTED,
            "Kea has no such objects",
        )),
    }
}

async fn refresh(kea: &Commands, identity: Identity) -> Result<Answer, KeaError> {
    match identity {
        Identity::Lease(address) => leases::refresh(kea, address).await,
        Identity::Host(key) => hosts::refresh(kea, &key).await,
        Identity::Group(name) => group::refresh(kea, &name).await,
        Identity::Class(name) => group::refresh_class(kea, &name).await,
        Identity::Control => control::refresh(kea).await,
        Identity::Failover(name) => failover::refresh(kea, &name).await,
        Identity::Subnet(_) | Identity::Pool(..) => bare(kea, identity).await,
    }
}

async fn next(kea: &Commands, kind: Kind, after: Option<Identity>) -> Result<Answer, KeaError> {
    match (kind, after) {
        (Kind::Lease, None) => leases::next(kea, None).await,
        (Kind::Lease, Some(Identity::Lease(address))) => leases::next(kea, Some(address)).await,
        (Kind::Host, None) => hosts::next(kea, None).await,
        (Kind::Host, Some(Identity::Host(key))) => hosts::next(kea, Some(key)).await,
        (Kind::Lease | Kind::Host, Some(_)) => Err(Status::INVALID_ARGUMENT.into()),
        _ => Err(Status::NOT_IMPLEMENTED.into()),
    }
}

/// A subnet or pool: an object without attributes, as long as it is there.
async fn bare(kea: &Commands, identity: Identity) -> Result<Answer, KeaError> {
    let config = configuration::current(kea).await?;
    let is_there = match &identity {
        Identity::Pool(id, range) => config.pools().any(|pool| pool == (*id, range)),
        Identity::Subnet(id) => {
            config::subnets(config.dhcp4()).any(|(_, s)| config::subnet_id(s) == Some(*id))
        }
        _ => false,
    };
    if is_there {
        let handle = kea.server.handle(identity);
        Ok(Answer::Object(handle, Answered::default()))
    } else {
        Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        ))
    }
}
