//! What a request about a host means: which reservations come, change, go.
//! Everything that can be refused is refused here, before anything is done.

use super::create::create;
use super::edit::{Edit, Plan};
use super::group;
use super::host::Host;
use super::lookup::{HostQuery, PlanContext};
use super::reservation::Reservation;
use super::update::update;
use crate::model::request::{KeaRequest, Kind};
use crate::model::{Attributes, KeaError, refused};
use crate::model::{HostKey, Identity};
use omapi::refusals;
use omapi::request::flags;
use omapi::status::Status;

/// Plans any request that is done in a batch.
///
/// # Errors
/// `ISC_R_NOTFOUND`, `ISC_R_EXISTS`; those of creating and updating; or as
/// looking for the host fails.
pub(crate) async fn plan(context: PlanContext<'_>, request: &KeaRequest) -> Result<Plan, KeaError> {
    let server = context.server;
    let gone = || KeaError::because(Status::NOT_FOUND, refusals::NO_MATCHING_HANDLE);
    match request {
        KeaRequest::Open {
            kind: Kind::Host,
            flags,
            attributes,
        } => open(context, attributes, *flags).await,
        KeaRequest::Open {
            attributes, flags, ..
        } => group::plan_open(context, attributes, *flags),
        KeaRequest::Update(handle, attributes) => match server.identity(*handle) {
            Some(Identity::Host(key)) => {
                let mut hosts = context.source.hosts(HostQuery::Exact(&key)).await?;
                let host = hosts.pop().ok_or_else(gone)?;
                let (edits, new) = update(context, &host, attributes).await?;
                let mut plan = Plan::of(edits);
                plan.moved = moved(&host, &new);
                Ok(plan)
            }
            Some(Identity::Group(name)) => group::plan_update(context, &name, attributes),
            _ => Err(gone()),
        },
        KeaRequest::Remove(handle) => match server.identity(*handle) {
            Some(Identity::Host(key)) => {
                let mut hosts = context.source.hosts(HostQuery::Exact(&key)).await?;
                let host = hosts.pop().ok_or_else(gone)?;
                let keys = host.0.iter().filter_map(Reservation::key);
                Ok(Plan::of(keys.map(Edit::Remove).collect()))
            }
            Some(Identity::Group(name)) => group::plan_remove(context, &name),
            _ => Err(gone()),
        },
        KeaRequest::Refresh(_) | KeaRequest::Next(..) => Err(Status::UNEXPECTED.into()),
    }
}

fn moved(old: &Host, new: &Host) -> Option<(HostKey, HostKey)> {
    let key = old.key()?;
    let stays = new.0.iter().any(|part| part.key().as_ref() == Some(&key));
    (!stays).then(|| new.key().map(|new| (key, new)))?
}

async fn open(context: PlanContext<'_>, keys: &Attributes, wanted: u32) -> Result<Plan, KeaError> {
    let server = context.server;
    let found = match context.source.find(server, keys).await {
        // Without any key there is nothing to find; creating says what is
        // missing.
        Err(f) if f.status() == Status::INVALID_ARGUMENT && wanted & flags::CREATE != 0 => None,
        other => other?,
    };
    match found {
        Some(_) if wanted & flags::CREATE != 0 => Err(match wanted & flags::EXCLUSIVE {
            0 => refused(Status::EXISTS),
            _ => KeaError::because(Status::EXISTS, refusals::ALREADY_EXISTS),
        }),
        Some(host) => {
            let (edits, new) = match wanted & flags::UPDATE {
                0 => (Vec::new(), host.clone()),
                _ => update(context, &host, keys).await?,
            };
            Ok(Plan {
                edits,
                answer: new.encode(server, false),
                moved: moved(&host, &new),
            })
        }
        None if wanted & flags::CREATE != 0 => create(context, keys).await,
        None => Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_OBJECT_MATCHES,
        )),
    }
}
