//! Changing hosts and groups where Kea has no commands for them: by a new
//! configuration, guarded.
//!
//! Kea has no compare-and-set. Other clients of this library are kept out by
//! a lock; of anybody else's change it is noticed when it happens before the
//! last check, a fraction of a millisecond before the new configuration is
//! sent.

use super::ask::Ask;
use super::config::{self, Config};
use super::draft::{self, Draft, Edit};
use super::job::Kea;
use super::json::{self, Map, Value};
use super::plan::{Plan, World, plan};
use super::{Answer, Failure};
use omapi::status::Status;
use std::sync::Arc;
use std::time::Duration;

/// How often it is tried again when somebody else changed the configuration.
const ATTEMPTS: u32 = 3;

/// What became of a request.
type Planned = Result<Plan, Failure>;

/// Does requests in one change; each has its own answer. The lock must be held.
pub async fn run(kea: &Kea, asks: &[Ask]) -> Vec<Answer> {
    match attempts(kea, asks).await {
        Ok(answers) => answers,
        // Nothing was changed for any of them, or nobody knows.
        Err(failure) => asks.iter().map(|_| failure.clone().into()).collect(),
    }
}

async fn attempts(kea: &Kea, asks: &[Ask]) -> Result<Vec<Answer>, Failure> {
    if !kea.shared.options().rewrite {
        return Err(Failure::because(
            Status::NOT_IMPLEMENTED,
            "no host_cmds, and rewriting the configuration is not allowed",
        ));
    }
    check_high_availability(kea).await?;
    for _ in 0..ATTEMPTS {
        if let Some(answers) = attempt(kea, asks).await? {
            return Ok(answers);
        }
    }
    Err(Failure::because(
        Status::IO_ERROR,
        "somebody else keeps changing the configuration",
    ))
}

async fn check_high_availability(kea: &Kea) -> Result<(), Failure> {
    let status = kea.ask("status-get").await?.ok()?;
    let partners = status.arguments().get("high-availability");
    if partners.is_some() && !kea.shared.options().ha {
        return Err(Failure::because(
            Status::NO_PERMISSION,
            "a new configuration would start high availability over",
        ));
    }
    Ok(())
}

/// `None` when somebody else interfered: nothing was changed, or it was undone
/// by them.
async fn attempt(kea: &Kea, asks: &[Ask]) -> Result<Option<Vec<Answer>>, Failure> {
    let base = config::fetch(kea).await?;
    if draft::loses_option_43(&base.arguments) && !kea.shared.options().option43 {
        return Err(Failure::because(
            Status::NO_PERMISSION,
            "this Kea would lose a raw option 43",
        ));
    }
    if config::has_config_database(base.dhcp4()) {
        return Err(Failure::because(
            Status::NO_PERMISSION,
            "what is in a configuration database would become the server's own",
        ));
    }
    let (arguments, planned) = sane(kea, &base, asks).await?;
    let edits: Vec<&Edit> = planned.iter().flatten().flat_map(|p| &p.edits).collect();
    if edits.is_empty() {
        return Ok(Some(answers(kea, planned)));
    }
    if !unchanged(kea, &base).await? {
        return Ok(None);
    }
    kea.shared.forget();
    let mut delays = TO_SET.iter();
    loop {
        let reply = match kea.exchange("config-set", Some(&arguments)).await {
            Ok(reply) if reply.result == 0 => break,
            Ok(reply) => reply,
            Err(lost) => return Err(taken_back(kea, &base, &edits, lost, false).await),
        };
        let next = delays.next();
        kea.sleep(Duration::from_millis(next.copied().unwrap_or(0)))
            .await;
        // Somebody else's configuration may have come, and must stay.
        match (unchanged(kea, &base).await, next) {
            (Err(failure), _) => {
                return Err(taken_back(kea, &base, &edits, failure, false).await);
            }
            (Ok(false), _) => return Ok(None),
            (Ok(true), Some(_)) => {}
            (Ok(true), None) => {
                let failure = reply.failure(Status::IO_ERROR);
                return Err(restored(kea, &base, failure).await);
            }
        }
    }
    let now = match config::fetch(kea).await {
        Ok(now) => now,
        // Set, and perhaps not as it should be: nobody is told a failure of
        // what stays.
        Err(failure) => return Err(taken_back(kea, &base, &edits, failure, false).await),
    };
    if !edits.iter().all(|e| draft::is_made(e, &now)) {
        // Somebody else's configuration came right behind ours.
        return Ok(None);
    }
    if kea.shared.options().write {
        match kea.command("config-write", Map::new()).await {
            Ok(reply) if reply.result == 0 => {}
            Ok(reply) => return Err(restored(kea, &base, reply.failure(Status::IO_ERROR)).await),
            Err(lost) => return Err(taken_back(kea, &base, &edits, lost, true).await),
        }
    }
    Ok(Some(answers(kea, planned)))
}

fn answers(kea: &Kea, planned: Vec<Planned>) -> Vec<Answer> {
    let server = kea.shared.key();
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
async fn taken_back(
    kea: &Kea,
    base: &Config,
    edits: &[&Edit],
    lost: Failure,
    written: bool,
) -> Failure {
    kea.shared.forget();
    let Ok(now) = config::fetch(kea).await else {
        return lost;
    };
    // The old one is set even if it is there: what Kea could not set may have
    // left it without its lease database. Somebody else's stays.
    let made = edits.iter().all(|e| draft::is_made(e, &now));
    if !made && now.arguments != base.arguments {
        return lost;
    }
    let failure = restored(kea, base, lost).await;
    if written {
        // The file may have it.
        let _ = kea.command("config-write", Map::new()).await;
    }
    failure
}

/// Puts the configuration back that was there before, and says what failed.
async fn restored(kea: &Kea, base: &Config, failure: Failure) -> Failure {
    kea.shared.forget();
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
                return Failure::because(Status::IO_ERROR, why);
            }
        }
    }
    // A configuration that could not be set may have left Kea without its
    // lease database; ask for any lease to see that it is back.
    if kea.shared.can("lease4-get") {
        let any = json::map([("ip-address", "0.0.0.1".into())]);
        match kea.command("lease4-get", any).await {
            Ok(reply) if matches!(reply.result, 0 | 3) => {}
            _ => return Failure::because(Status::IO_ERROR, "Kea has no lease database now"),
        }
    }
    failure
}

/// True if the configuration is still `base`.
async fn unchanged(kea: &Kea, base: &Config) -> Result<bool, Failure> {
    if base.hash.is_some() && kea.shared.can("config-hash-get") {
        return config::same_hash(kea, base).await;
    }
    if config::is_current(kea, base).await? {
        return Ok(true);
    }
    // Not certain: it was changed less than a second before it was read.
    let again = config::fetch(kea).await?;
    Ok(again.arguments == base.arguments)
}

/// The changes of `asks` in a copy of `base`.
async fn drafted(
    kea: &Kea,
    base: &Config,
    asks: &[(usize, &Ask)],
) -> Result<(Draft, Vec<(usize, Planned)>), Failure> {
    let mut draft = Draft::new(base);
    let mut planned = Vec::with_capacity(asks.len());
    for (i, ask) in asks {
        let world = World {
            source: draft.source()?,
            dhcp4: draft.dhcp4()?,
            shared: &kea.shared,
        };
        let mut result = plan(world, ask).await;
        if let Ok(plan) = &result {
            for edit in &plan.edits {
                if let Err(failure) = draft.apply(edit.clone()) {
                    result = Err(failure);
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
async fn sane(
    kea: &Kea,
    base: &Arc<Config>,
    asks: &[Ask],
) -> Result<(Value, Vec<Planned>), Failure> {
    let mut refused: Vec<Option<Failure>> = vec![None; asks.len()];
    let mut good: Vec<(usize, &Ask)> = Vec::new();
    let mut left: Vec<Vec<(usize, &Ask)>> = vec![asks.iter().enumerate().collect()];
    let mut last = None;
    while let Some(segment) = left.pop() {
        let mut candidate = good.clone();
        candidate.extend(&segment);
        let (draft, planned) = drafted(kea, base, &candidate).await?;
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
                refused[segment[0].0] = Some(reply.failure(Status::INVALID_ARGUMENT));
            }
            (1, n) => {
                let (first, second) = segment.split_at(n / 2);
                left.push(second.to_vec());
                left.push(first.to_vec());
            }
            _ => return Err(reply.failure(reply.status())),
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
