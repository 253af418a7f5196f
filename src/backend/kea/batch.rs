//! Changes of hosts and groups that were queued together.

use super::Answer;
use super::ask::{Ask, Kind};
use super::handles::{self, Identity};
use super::host;
use super::job::Kea;
use super::{commands, rewrite};

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
    let hosts = host::has_commands(&kea.shared);
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
    let mut answers = Vec::with_capacity(asks.len());
    for run in asks.chunk_by(|a, b| way(a) == way(b)) {
        let way = run.first().map_or(Way::Rewrite, way);
        answers.extend(match way {
            Way::HostCommands => commands::run(kea, run, true).await,
            Way::ClassCommands => commands::run(kea, run, false).await,
            Way::Rewrite => rewrite::run(kea, run).await,
        });
    }
    answers
}
