//! What a request about a host means: which reservations come, change, go.
//! Everything that can be refused is refused here, before anything is done.

use super::ask::{Ask, Kind};
use super::attributes::Attributes;
use super::change::update;
use super::create::create;
use super::draft::Edit;
use super::group;
use super::handles::{self, HostKey, Identity};
use super::host::Host;
use super::json::Map;
use super::lookup::{Key, Source};
use super::reservation::Reservation;
use super::shared::Shared;
use super::{Answer, Failure};
use omapi::request::flags;
use omapi::status::Status;

/// What to do for a request, and what to answer when it is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// In this order; none when nothing is to be done.
    pub edits: Vec<Edit>,
    /// The answer.
    pub answer: Answer,
    /// The host has no reservation with the first key any more, but one with
    /// the second.
    pub moved: Option<(HostKey, HostKey)>,
}

impl Plan {
    /// What to answer, now that it is done: the program's handles mean the
    /// host, wherever it went.
    #[must_use]
    pub fn done(self, server: &str) -> Answer {
        if let Some((old, new)) = self.moved {
            handles::replace(server, Identity::Host(old), Identity::Host(new));
        }
        self.answer
    }
}

/// Where a plan is made.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// For lookups of hosts.
    pub source: Source<'w>,
    /// `Dhcp4`: subnets and classes.
    pub dhcp4: &'w Map,
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
                let (edits, new) = update(world, &host, attributes).await?;
                let mut plan = done(edits);
                plan.moved = moved(&host, &new);
                Ok(plan)
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
        moved: None,
    }
}

fn moved(old: &Host, new: &Host) -> Option<(HostKey, HostKey)> {
    let key = old.key()?;
    let stays = new.0.iter().any(|part| part.key().as_ref() == Some(&key));
    (!stays).then(|| new.key().map(|new| (key, new)))?
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
