//! Changes of hosts and groups that were queued together.

use super::Answer;
use super::ask::{Ask, Kind};
use super::handles::{self, Identity};
use super::job::Kea;
use super::lookup;
use super::{commands, rewrite};
use omapi::status::Status;

/// How a request is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With host_cmds.
    HostCommands,
    /// With class_cmds.
    ClassCommands,
    /// By a new configuration.
    Rewrite,
}

/// Does them all, in order; one answer for each.
pub async fn run(kea: &Kea, asks: Vec<Ask>) -> Vec<Answer> {
    let server = kea.shared.key();
    let hosts = lookup::has_commands(&kea.shared);
    let classes = ["class-add", "class-del"].iter().all(|c| kea.shared.can(c));
    let way = |ask: &Ask| {
        let group = match ask {
            Ask::Open { kind, .. } => *kind == Kind::Group,
            Ask::Update(handle, _) | Ask::Remove(handle) => {
                matches!(handles::identity(server, *handle), Some(Identity::Group(_)))
            }
            _ => false,
        };
        match (group, hosts, classes) {
            (false, true, _) => Way::HostCommands,
            (true, _, true) => Way::ClassCommands,
            _ => Way::Rewrite,
        }
    };
    // Once for all of them: it is held until the job ends, and would keep us
    // out a second time.
    let needed = kea.shared.options().rewrite || asks.iter().any(|a| way(a) != Way::Rewrite);
    let locked = match needed {
        true => kea.lock().await,
        false => Ok(()),
    };
    let mut answers = Vec::with_capacity(asks.len());
    for run in asks.chunk_by(|a, b| way(a) == way(b)) {
        let way = run.first().map_or(Way::Rewrite, way);
        if let Err(failure) = &locked
            && (way == Way::Rewrite || failure.status() == Status::TIMED_OUT)
        {
            answers.extend(run.iter().map(|_| Answer::from(failure.clone())));
            continue;
        }
        answers.extend(match way {
            // A directory that cannot be locked is no reason to refuse what
            // Kea itself keeps apart.
            Way::HostCommands => commands::run(kea, run, true).await,
            Way::ClassCommands => commands::run(kea, run, false).await,
            Way::Rewrite => rewrite::run(kea, run).await,
        });
    }
    answers
}
