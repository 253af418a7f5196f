//! What a request about a host means: which reservations come, change, go.
//! Everything that can be refused is refused here, before anything is done.

use super::create::create;
use super::edit::{Edit, Plan, done};
use super::group;
use super::host::Host;
use super::lookup::{Key, World};
use super::reservation::Reservation;
use super::update::update;
use crate::model::request::{Ask, Kind};
use crate::model::{Attributes, Failure, refused};
use crate::model::{HostKey, Identity};
use omapi::request::flags;
use omapi::status::Status;

/// Plans any request that is done in a batch.
///
/// # Errors
/// The code for the program.
pub async fn plan(world: World<'_>, ask: &Ask) -> Result<Plan, Failure> {
    let server = world.shared;
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
        Ask::Update(handle, attributes) => match server.identity(*handle) {
            Some(Identity::Host(key)) => {
                let mut hosts = world.source.hosts(Key::Exact(&key)).await?;
                let host = hosts.pop().ok_or_else(gone)?;
                let (edits, new) = update(world, &host, attributes).await?;
                let mut plan = done(edits);
                plan.moved = moved(&host, &new);
                Ok(plan)
            }
            Some(Identity::Group(name)) => group::plan_update(world, &name, attributes),
            _ => Err(gone()),
        },
        Ask::Remove(handle) => match server.identity(*handle) {
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

fn moved(old: &Host, new: &Host) -> Option<(HostKey, HostKey)> {
    let key = old.key()?;
    let stays = new.0.iter().any(|part| part.key().as_ref() == Some(&key));
    (!stays).then(|| new.key().map(|new| (key, new)))?
}

async fn open(world: World<'_>, keys: &Attributes, wanted: u32) -> Result<Plan, Failure> {
    let server = world.shared;
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
            let (edits, new) = match wanted & flags::UPDATE {
                0 => (Vec::new(), host.clone()),
                _ => update(world, &host, keys).await?,
            };
            Ok(Plan {
                edits,
                answer: new.encode(server, false),
                moved: moved(&host, &new),
            })
        }
        None if wanted & flags::CREATE != 0 => create(world, keys).await,
        None => Err(Failure::because(
            Status::NOT_FOUND,
            "no object matches specification",
        )),
    }
}
