//! Changes of hosts and groups that were queued together.

use super::{with_commands, with_config};
use crate::hosts::has_host_commands;
use crate::model::Answer;
use crate::model::Identity;
use crate::model::request::{KeaRequest, Kind};
use crate::server::Commands;
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
pub(crate) async fn run(kea: &Commands, requests: Vec<KeaRequest>) -> Vec<Answer> {
    let server = &kea.server;
    let hosts = has_host_commands(&kea.server);
    let classes = ["class-add", "class-del"].iter().all(|c| kea.server.can(c));
    let way = |request: &KeaRequest| {
        let group = match request {
            KeaRequest::Open { kind, .. } => *kind == Kind::Group,
            KeaRequest::Update(handle, _) | KeaRequest::Remove(handle) => {
                matches!(server.identity(*handle), Some(Identity::Group(_)))
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
    let needed = kea.server.options().rewrite || requests.iter().any(|a| way(a) != Way::Rewrite);
    let locked = if needed { kea.lock().await } else { Ok(()) };
    let mut answers = Vec::with_capacity(requests.len());
    for run in requests.chunk_by(|a, b| way(a) == way(b)) {
        let way = run.first().map_or(Way::Rewrite, way);
        if let Err(error) = &locked
            && (way == Way::Rewrite || error.status() == Status::TIMED_OUT)
        {
            answers.extend(run.iter().map(|_| Answer::from(error.clone())));
            continue;
        }
        answers.extend(match way {
            // A directory that cannot be locked is no reason to refuse what
            // Kea itself keeps apart.
            Way::HostCommands => with_commands::run(kea, run, true).await,
            Way::ClassCommands => with_commands::run(kea, run, false).await,
            Way::Rewrite => with_config::run(kea, run).await,
        });
    }
    answers
}
