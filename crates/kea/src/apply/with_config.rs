//! Changing hosts and groups where Kea has no commands for them: by a new
//! configuration, guarded.
//!
//! Kea has no compare-and-set. Other clients of this library are kept out by
//! a lock; a change by any other client is noticed when it happens before the
//! last check, a fraction of a millisecond before the new configuration is
//! sent.

use super::candidate::{CandidateConfig, is_made};
use crate::config::{Config, has_config_database, loses_option_43};
use crate::hosts::{Edit, Plan, PlanContext, plan};
use crate::json::{self, Map, Value};
use crate::model::request::KeaRequest;
use crate::model::{Answer, KeaError};
use crate::server::{Commands, configuration};
use omapi::status::Status;
use std::sync::Arc;
use std::time::Duration;

/// How often it is tried again when another client changed the configuration.
const ATTEMPTS: u32 = 3;

/// What became of a request.
type Planned = Result<Plan, KeaError>;

/// Does requests in one change; each has its own answer. The lock must be held.
pub(super) async fn run(kea: &Commands, requests: &[KeaRequest]) -> Vec<Answer> {
    match attempts(kea, requests).await {
        Ok(answers) => answers,
        // Nothing was changed for any of them, or nobody knows.
        Err(error) => requests.iter().map(|_| error.clone().into()).collect(),
    }
}

async fn attempts(kea: &Commands, requests: &[KeaRequest]) -> Result<Vec<Answer>, KeaError> {
    if !kea.server.options().rewrite {
        return Err(KeaError::because(
            Status::NOT_IMPLEMENTED,
            "no host_cmds, and rewriting the configuration is not allowed",
        ));
    }
    check_high_availability(kea).await?;
    for _ in 0..ATTEMPTS {
        if let Some(answers) = attempt(kea, requests).await? {
            return Ok(answers);
        }
    }
    Err(KeaError::because(
        Status::IO_ERROR,
        "somebody else keeps changing the configuration",
    ))
}

async fn check_high_availability(kea: &Commands) -> Result<(), KeaError> {
    let status = kea.bare_command("status-get").await?.ok()?;
    let partners = status.arguments().get("high-availability");
    if partners.is_some() && !kea.server.options().ha {
        return Err(KeaError::because(
            Status::NO_PERMISSION,
            "a new configuration would start high availability over",
        ));
    }
    Ok(())
}

/// `None` when another client interfered: nothing was changed, or it was undone
/// by them.
async fn attempt(kea: &Commands, requests: &[KeaRequest]) -> Result<Option<Vec<Answer>>, KeaError> {
    let base = configuration::fetch(kea).await?;
    if loses_option_43(&base.arguments) && !kea.server.options().option43 {
        return Err(KeaError::because(
            Status::NO_PERMISSION,
            "this Kea server would lose a raw option 43",
        ));
    }
    if has_config_database(base.dhcp4()) {
        return Err(KeaError::because(
            Status::NO_PERMISSION,
            "what is in a configuration database would become the server's own",
        ));
    }
    let (arguments, planned) = largest_accepted(kea, &base, requests).await?;
    let edits: Vec<&Edit> = planned.iter().flatten().flat_map(|p| &p.edits).collect();
    if edits.is_empty() {
        return Ok(Some(answers(kea, planned)));
    }
    if !unchanged(kea, &base).await? {
        return Ok(None);
    }
    if !set(kea, &base, &edits, &arguments).await? {
        return Ok(None);
    }
    let now = match configuration::fetch(kea).await {
        Ok(now) => now,
        // Set, and perhaps not as it should be: no request is told a failure of
        // what stays.
        Err(error) => return Err(undo_if_made(kea, &base, &edits, error, false).await),
    };
    if !edits.iter().all(|e| is_made(e, &now)) {
        // Another client's configuration was set right after ours.
        return Ok(None);
    }
    if kea.server.options().write {
        match kea.command("config-write", Map::new()).await {
            Ok(reply) if reply.result == 0 => {}
            Ok(reply) => return Err(put_back(kea, &base, reply.error(Status::IO_ERROR)).await),
            Err(lost) => return Err(undo_if_made(kea, &base, &edits, lost, true).await),
        }
    }
    Ok(Some(answers(kea, planned)))
}

/// Sets a configuration that has passed the test. False when another client's
/// came meanwhile, and stays.
async fn set(
    kea: &Commands,
    base: &Config,
    edits: &[&Edit],
    arguments: &Value,
) -> Result<bool, KeaError> {
    kea.server.forget();
    let mut delays = TO_SET.iter();
    loop {
        let reply = match kea.exchange("config-set", Some(arguments)).await {
            Ok(reply) if reply.result == 0 => return Ok(true),
            Ok(reply) => reply,
            Err(lost) => return Err(undo_if_made(kea, base, edits, lost, false).await),
        };
        let next = delays.next();
        kea.sleep(Duration::from_millis(next.copied().unwrap_or(0)))
            .await;
        // Another client's configuration may have been set, and must stay.
        match (unchanged(kea, base).await, next) {
            (Err(error), _) => {
                return Err(undo_if_made(kea, base, edits, error, false).await);
            }
            (Ok(false), _) => return Ok(false),
            (Ok(true), Some(_)) => {}
            (Ok(true), None) => {
                let error = reply.error(Status::IO_ERROR);
                return Err(put_back(kea, base, error).await);
            }
        }
    }
}

fn answers(kea: &Commands, planned: Vec<Planned>) -> Vec<Answer> {
    let server = &kea.server;
    let answer = |p: Planned| p.map_or_else(Answer::from, |p| p.done(server));
    planned.into_iter().map(answer).collect()
}

/// Milliseconds between attempts to set a configuration that has passed the
/// test. While the lease file is being cleaned up, for a moment each hour, Kea
/// refuses every configuration, and has no lease database then.
const TO_SET: [u64; 4] = [30, 100, 300, 1000];

/// The same for putting the old one back: it must not stay as it is.
const TO_RESTORE: [u64; 6] = [30, 100, 300, 1000, 3000, 5000];

/// What to do when the answer to a change is lost, or no answer: it may have
/// been done, and is undone then. A server that is gone has its file.
async fn undo_if_made(
    kea: &Commands,
    base: &Config,
    edits: &[&Edit],
    lost: KeaError,
    written: bool,
) -> KeaError {
    kea.server.forget();
    let Ok(now) = configuration::fetch(kea).await else {
        return lost;
    };
    // The old one is set even if it is there: what Kea could not set may have
    // left it without its lease database. Another client's stays.
    let made = edits.iter().all(|e| is_made(e, &now));
    if !made && now.arguments != base.arguments {
        return lost;
    }
    let error = put_back(kea, base, lost).await;
    if written {
        // The file may have it.
        let _ = kea.command("config-write", Map::new()).await;
    }
    error
}

/// Puts the configuration back that was there before, and says what failed.
async fn put_back(kea: &Commands, base: &Config, error: KeaError) -> KeaError {
    kea.server.forget();
    let mut delays = TO_RESTORE.iter();
    loop {
        match (
            kea.exchange("config-set", Some(&base.arguments)).await,
            delays.next(),
        ) {
            (Ok(reply), _) if reply.result == 0 => break,
            (Ok(_), Some(ms)) => kea.sleep(Duration::from_millis(*ms)).await,
            _ => {
                let why = "the old configuration could not be put back";
                return KeaError::because(Status::IO_ERROR, why);
            }
        }
    }
    // A configuration that could not be set may have left Kea without its
    // lease database; ask for any lease to see that it is back.
    if kea.server.can("lease4-get") {
        let any = json::map([("ip-address", "0.0.0.1".into())]);
        match kea.command("lease4-get", any).await {
            Ok(reply) if matches!(reply.result, 0 | 3) => {}
            _ => return KeaError::because(Status::IO_ERROR, "Kea has no lease database now"),
        }
    }
    error
}

/// True if the configuration is still `base`.
async fn unchanged(kea: &Commands, base: &Config) -> Result<bool, KeaError> {
    if base.hash.is_some() && kea.server.can("config-hash-get") {
        return configuration::same_hash(kea, base).await;
    }
    if configuration::is_current(kea, base).await? {
        return Ok(true);
    }
    // Not certain: it was changed less than a second before it was read.
    let again = configuration::fetch(kea).await?;
    Ok(again.arguments == base.arguments)
}

/// The changes of `requests` in a copy of `base`.
async fn candidate_with(
    kea: &Commands,
    base: &Config,
    requests: &[(usize, &KeaRequest)],
) -> Result<(CandidateConfig, Vec<(usize, Planned)>), KeaError> {
    let mut draft = CandidateConfig::new(base);
    let mut planned = Vec::with_capacity(requests.len());
    for (i, request) in requests {
        let context = PlanContext {
            source: draft.source()?,
            dhcp4: draft.dhcp4()?,
            server: &kea.server,
            now: kea.now().unix,
        };
        let mut result = plan(context, request).await;
        if let Ok(plan) = &result {
            for edit in &plan.edits {
                if let Err(error) = draft.apply(edit.clone()) {
                    result = Err(error);
                    break;
                }
            }
        }
        planned.push((*i, result));
    }
    Ok((draft, planned))
}

/// A configuration that Kea takes, with as many of the requests as it takes
/// together. What it refuses is narrowed down by halves.
async fn largest_accepted(
    kea: &Commands,
    base: &Arc<Config>,
    requests: &[KeaRequest],
) -> Result<(Value, Vec<Planned>), KeaError> {
    let mut refused: Vec<Option<KeaError>> = vec![None; requests.len()];
    let mut good: Vec<(usize, &KeaRequest)> = Vec::new();
    let mut left: Vec<Vec<(usize, &KeaRequest)>> = vec![requests.iter().enumerate().collect()];
    let mut last = None;
    while let Some(segment) = left.pop() {
        let mut candidate = good.clone();
        candidate.extend(&segment);
        let (draft, planned) = candidate_with(kea, base, &candidate).await?;
        let arguments = draft.finish()?;
        let edits = |p: &Planned| p.as_ref().is_ok_and(|p| !p.edits.is_empty());
        let own = |i: usize| segment.iter().any(|(s, _)| *s == i);
        if !planned.iter().any(|(i, p)| own(*i) && edits(p)) {
            // Nothing to ask Kea about.
            last = Some((arguments, planned));
            good = candidate;
            continue;
        }
        let reply = kea.exchange("config-test", Some(&arguments)).await?;
        match (reply.result, segment.len()) {
            (0, _) => {
                last = Some((arguments, planned));
                good = candidate;
            }
            (1, 1) => {
                refused[segment[0].0] = Some(reply.error(Status::INVALID_ARGUMENT));
            }
            (1, n) => {
                let (first, second) = segment.split_at(n / 2);
                left.push(second.to_vec());
                left.push(first.to_vec());
            }
            _ => return Err(reply.error(reply.status())),
        }
    }
    let (arguments, planned) = last.unwrap_or_else(|| (base.arguments.clone(), Vec::new()));
    let mut all: Vec<Option<Planned>> = refused.into_iter().map(|f| f.map(Err)).collect();
    for (i, result) in planned {
        all[i] = Some(result);
    }
    let all = all
        .into_iter()
        .map(|p| p.unwrap_or(Err(Status::UNEXPECTED.into())));
    Ok((arguments, all.collect()))
}
