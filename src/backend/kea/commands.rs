//! Changing hosts and groups with host_cmds and class_cmds.

use super::ask::Ask;
use super::config;
use super::draft::{self, Edit};
use super::job::{Kea, Outcome};
use super::json::{self, Map, Value};
use super::lookup::{Key, Names, Source};
use super::plan::{Plan, World, plan};
use super::reservation::Reservation;
use super::{Answer, Failure};
use omapi::status::Status;

/// Does requests one after the other; each has its own answer. Changes are
/// made durable once, at the end.
pub async fn run(kea: &Kea, asks: &[Ask], with_hosts: bool) -> Vec<Answer> {
    match all(kea, asks, with_hosts).await {
        Ok(answers) => answers,
        Err(failure) => asks.iter().map(|_| failure.clone().into()).collect(),
    }
}

async fn all(kea: &Kea, asks: &[Ask], with_hosts: bool) -> Result<Vec<Answer>, Failure> {
    let mut config = config::current(kea).await?;
    let in_database = config::has_hosts_database(config.dhcp4());
    let target = if in_database { "database" } else { "memory" };
    // A database keeps hosts, but not the classes that they name.
    let is_class = |e: &Edit| matches!(e, Edit::AddClass(_) | Edit::RemoveClass(_));
    let to_write = |e: &Edit| kea.shared.options().write && (!in_database || is_class(e));
    let loses_another = !kea.shared.options().option43 && draft::loses_option_43(&config.arguments);
    let creates = |ask: &Ask| matches!(ask, Ask::Open { flags, .. } if *flags != 0);
    let mut names = match with_hosts && asks.iter().any(creates) {
        true => Some(Names::read(kea).await?),
        false => None,
    };
    let mut results = Vec::with_capacity(asks.len());
    let mut undo = Vec::new();
    let mut stopped = None;
    for ask in asks {
        if let Some(failure) = &stopped {
            results.push(Err(Failure::clone(failure)));
            continue;
        }
        let world = World {
            source: match with_hosts {
                true => Source::Commands(kea, names.as_ref()),
                false => Source::Snapshot(config.dhcp4(), config.entries()),
            },
            dhcp4: config.dhcp4(),
            shared: &kea.shared,
        };
        let result = match plan(world, ask).await {
            Ok(plan) if loses_another && plan.edits.iter().any(to_write) => Err(lost_option()),
            // Not even in memory: the whole reservation is sent back.
            Ok(plan) if !kea.shared.options().option43 && plan.edits.iter().any(loses) => {
                Err(lost_option())
            }
            Ok(plan) => one(kea, target, &plan, &mut undo).await.map(|()| plan),
            Err(failure) => Err(failure),
        };
        for edit in result.iter().flat_map(|plan: &Plan| &plan.edits) {
            if let (Some(names), Edit::Add(new)) = (&mut names, edit) {
                names.add(new);
            }
        }
        if result.as_ref().is_ok_and(|p| p.edits.iter().any(is_class)) {
            match config::fetch(kea).await {
                Ok(now) => config = now,
                // What is done is done; the rest cannot be planned.
                Err(failure) => stopped = Some(failure),
            }
        }
        results.push(result);
    }
    if undo.iter().any(to_write) {
        let (failed, unknown) = match kea.command("config-write", Map::new()).await {
            Ok(reply) if reply.result == 0 => (None, false),
            Ok(reply) => (Some(reply.failure(Status::IO_ERROR)), false),
            Err(lost) => (Some(lost), true),
        };
        if let Some(failure) = failed {
            while let Some(edit) = undo.pop() {
                // The best that can be done; the failure is reported anyway.
                let _ = send(kea, target, &edit).await;
            }
            if unknown {
                // The file may have it.
                let _ = kea.command("config-write", Map::new()).await;
            }
            for result in &mut results {
                if result.as_ref().is_ok_and(|p| !p.edits.is_empty()) {
                    *result = Err(failure.clone());
                }
            }
        }
    }
    let server = kea.shared.key();
    let answer = |r: Result<Plan, Failure>| r.map_or_else(Answer::from, |p| p.done(server));
    Ok(results.into_iter().map(answer).collect())
}

fn lost_option() -> Failure {
    Failure::because(Status::NO_PERMISSION, "this Kea would lose a raw option 43")
}

/// True for an edit that sends a reservation without an option that it has.
fn loses(edit: &Edit) -> bool {
    match edit {
        Edit::Add(new) | Edit::Replace(_, new) => new
            .map
            .get("option-data")
            .is_some_and(draft::loses_option_43),
        _ => false,
    }
}

/// Does all edits of a request, or none of them.
async fn one(kea: &Kea, target: &str, plan: &Plan, undo: &mut Vec<Edit>) -> Result<(), Failure> {
    let mut back = Vec::new();
    for edit in &plan.edits {
        let failure = match reverse(kea, edit).await {
            Ok(reverse) => match send(kea, target, edit).await {
                Ok(reply) if reply.result == 0 => {
                    back.push(reverse);
                    continue;
                }
                Ok(reply) => meaning(kea, edit, reply.failure(reply.status())).await,
                Err(lost) => {
                    // It may have been done.
                    back.push(reverse);
                    lost
                }
            },
            // What is to be changed is gone, or cannot be read any more.
            Err(failure) => failure,
        };
        while let Some(edit) = back.pop() {
            let _ = send(kea, target, &edit).await;
        }
        return Err(failure);
    }
    undo.extend(back);
    Ok(())
}

/// What undoes an edit.
async fn reverse(kea: &Kea, edit: &Edit) -> Result<Edit, Failure> {
    let old = async |key| -> Result<Reservation, Failure> {
        let mut hosts = Source::Commands(kea, None).hosts(Key::Exact(key)).await?;
        let parts = hosts.pop().map(|h| h.0).unwrap_or_default();
        let old = parts.into_iter().find(|r| r.key().as_ref() == Some(key));
        // reservation-update says "error" for "not found": so look first.
        old.ok_or(Status::NOT_FOUND.into())
    };
    Ok(match edit {
        Edit::Add(new) => Edit::Remove(new.key().ok_or(Status::INVALID_ARGUMENT)?),
        Edit::Replace(key, _) => Edit::Replace(key.clone(), old(key).await?),
        Edit::Remove(key) => Edit::Add(old(key).await?),
        Edit::AddClass(class) => {
            Edit::RemoveClass(json::string(class, "name").unwrap_or_default().to_owned())
        }
        Edit::RemoveClass(name) => {
            let config = config::current(kea).await?;
            let class = draft::class(config.dhcp4(), name).ok_or(Status::NOT_FOUND)?;
            Edit::AddClass(class.clone())
        }
    })
}

async fn send(kea: &Kea, target: &str, edit: &Edit) -> Outcome {
    let (command, mut arguments) = match edit {
        Edit::Add(new) => (
            "reservation-add",
            json::map([("reservation", new.to_command())]),
        ),
        Edit::Replace(_, new) => (
            "reservation-update",
            json::map([("reservation", new.to_command())]),
        ),
        Edit::Remove(key) => (
            "reservation-del",
            json::map([
                ("subnet-id", key.subnet.into()),
                ("identifier-type", key.kind[..].into()),
                ("identifier", json::colons(&key.id).into()),
            ]),
        ),
        Edit::AddClass(class) => (
            "class-add",
            json::map([("client-classes", Value::Array(vec![class.clone().into()]))]),
        ),
        Edit::RemoveClass(name) => ("class-del", json::map([("name", name[..].into())])),
    };
    kea.shared.must(command)?;
    if command.starts_with("reservation-") {
        // Without it Kea means the database, and fails when there is none.
        arguments.insert("operation-target".into(), target.into());
    }
    kea.command(command, arguments).await
}

/// A refusal to add is "exists" if something in the way can be found.
async fn meaning(kea: &Kea, edit: &Edit, failure: Failure) -> Failure {
    let Failure::Status(status, text) = failure else {
        return failure;
    };
    if status != Status::FAILURE {
        return Failure::Status(status, text);
    }
    let mut there = false;
    if let Edit::Add(new) = edit {
        let source = Source::Commands(kea, None);
        if let Some(key) = new.key() {
            there |= source
                .hosts(Key::Exact(&key))
                .await
                .is_ok_and(|h| !h.is_empty());
        }
        if let (false, Some(address)) = (there, new.address()) {
            let hosts = source.hosts(Key::Address(address)).await;
            there |= hosts.is_ok_and(|h| !h.is_empty());
        }
    }
    let status = match there {
        true => Status::EXISTS,
        false => Status::INVALID_ARGUMENT,
    };
    Failure::Status(status, text)
}
