//! Changing hosts and groups with host_cmds and class_cmds.

use crate::config::{Config, class, has_hosts_database, loses_option_43};
use crate::hosts::{Edit, HostNameIndex, HostQuery, Plan, PlanContext, Reservation, Source, plan};
use crate::json::{self, Map, Value};
use crate::model::request::KeaRequest;
use crate::model::{Answer, KeaError};
use crate::protocol::Exchanged;
use crate::server::{Commands, configuration};
use omapi::status::Status;
use std::sync::Arc;

/// Does requests one after the other; each has its own answer. Changes are
/// made durable once, at the end.
pub(super) async fn run(kea: &Commands, requests: &[KeaRequest], with_hosts: bool) -> Vec<Answer> {
    match Changes::start(kea, requests, with_hosts).await {
        Ok(changes) => changes.run(requests).await,
        Err(error) => requests.iter().map(|_| error.clone().into()).collect(),
    }
}

/// Requests that are being done, and what is known meanwhile.
struct Changes<'k> {
    kea: &'k Commands,
    /// True if the commands of hosts are to be used, false for those of classes.
    with_hosts: bool,
    /// True if the server keeps hosts in a database.
    in_database: bool,
    /// True if writing the configuration would lose an option that another client set.
    loses_another: bool,
    /// As it is after the last change of a class.
    config: Arc<Config>,
    /// Names of the hosts, if new ones may come.
    names: Option<HostNameIndex>,
    /// What undoes the changes that were made, in their order.
    undo: Vec<Edit>,
}

impl<'k> Changes<'k> {
    async fn start(
        kea: &'k Commands,
        requests: &[KeaRequest],
        with_hosts: bool,
    ) -> Result<Self, KeaError> {
        let config = configuration::current(kea).await?;
        let creates =
            |request: &KeaRequest| matches!(request, KeaRequest::Open { flags, .. } if *flags != 0);
        let names = if with_hosts && requests.iter().any(creates) {
            Some(HostNameIndex::read(kea).await?)
        } else {
            None
        };
        Ok(Self {
            kea,
            with_hosts,
            in_database: has_hosts_database(config.dhcp4()),
            loses_another: !kea.server.options().option43 && loses_option_43(&config.arguments),
            config,
            names,
            undo: Vec::new(),
        })
    }

    async fn run(mut self, requests: &[KeaRequest]) -> Vec<Answer> {
        let mut results = Vec::with_capacity(requests.len());
        let mut stopped = None;
        for request in requests {
            let result = match &stopped {
                None => self.carry_out(request).await,
                Some(error) => Err(KeaError::clone(error)),
            };
            if result.as_ref().is_ok_and(|p| p.edits.iter().any(is_class)) {
                match configuration::fetch(self.kea).await {
                    Ok(now) => self.config = now,
                    // What is done is done; the rest cannot be planned.
                    Err(error) => stopped = Some(error),
                }
            }
            results.push(result);
        }
        if let Err(error) = self.make_durable().await {
            for result in &mut results {
                if result.as_ref().is_ok_and(|p| !p.edits.is_empty()) {
                    *result = Err(error.clone());
                }
            }
        }
        let server = &self.kea.server;
        let answer = |r: Result<Plan, KeaError>| r.map_or_else(Answer::from, |p| p.done(server));
        results.into_iter().map(answer).collect()
    }

    /// Plans a request and makes its changes: all of them, or none.
    async fn carry_out(&mut self, request: &KeaRequest) -> Result<Plan, KeaError> {
        let kea = self.kea;
        let context = PlanContext {
            source: if self.with_hosts {
                Source::Commands(kea, self.names.as_ref())
            } else {
                Source::Snapshot(self.config.dhcp4(), self.config.entries())
            },
            dhcp4: self.config.dhcp4(),
            server: &kea.server,
            now: kea.now().unix,
        };
        let plan = plan(context, request).await?;
        let is_to_write = |e: &Edit| self.is_to_write(e);
        // Not even in memory: the whole reservation is sent back.
        let loses_its_own = !kea.server.options().option43 && plan.edits.iter().any(loses);
        if loses_its_own || (self.loses_another && plan.edits.iter().any(is_to_write)) {
            return Err(KeaError::because(
                Status::NO_PERMISSION,
                "this Kea server would lose a raw option 43",
            ));
        }
        self.make(&plan.edits).await?;
        for edit in &plan.edits {
            if let (Some(names), Edit::Add(new)) = (&mut self.names, edit) {
                names.add(new);
            }
        }
        Ok(plan)
    }

    /// Makes all changes, or none of them.
    async fn make(&mut self, edits: &[Edit]) -> Result<(), KeaError> {
        let mut back = Vec::new();
        for edit in edits {
            let error = match inverse(self.kea, edit).await {
                Ok(inverse) => match self.send(edit).await {
                    Ok(reply) if reply.result == 0 => {
                        back.push(inverse);
                        continue;
                    }
                    Ok(reply) => explained(self.kea, edit, reply.error(reply.status())).await,
                    Err(lost) => {
                        // It may have been done.
                        back.push(inverse);
                        lost
                    }
                },
                // What is to be changed is gone, or cannot be read any more.
                Err(error) => error,
            };
            while let Some(edit) = back.pop() {
                let _ = self.send(&edit).await;
            }
            return Err(error);
        }
        self.undo.extend(back);
        Ok(())
    }

    /// True for a change that is lost unless the configuration is written. A
    /// database keeps hosts, but not the classes that they name.
    fn is_to_write(&self, edit: &Edit) -> bool {
        self.kea.server.options().write && (!self.in_database || is_class(edit))
    }

    /// Writes the configuration if that is needed. When it fails, all changes
    /// are undone.
    async fn make_durable(&mut self) -> Result<(), KeaError> {
        if !self.undo.iter().any(|edit| self.is_to_write(edit)) {
            return Ok(());
        }
        let (error, unknown) = match self.kea.command("config-write", Map::new()).await {
            Ok(reply) if reply.result == 0 => return Ok(()),
            Ok(reply) => (reply.error(Status::IO_ERROR), false),
            Err(lost) => (lost, true),
        };
        while let Some(edit) = self.undo.pop() {
            // The best that can be done; the error is reported anyway.
            let _ = self.send(&edit).await;
        }
        if unknown {
            // The file may have it.
            let _ = self.kea.command("config-write", Map::new()).await;
        }
        Err(error)
    }

    /// Makes one change.
    async fn send(&self, edit: &Edit) -> Exchanged {
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
        self.kea.server.require(command)?;
        if command.starts_with("reservation-") {
            // Without it Kea means the database, and fails when there is none.
            let target = if self.in_database {
                "database"
            } else {
                "memory"
            };
            arguments.insert("operation-target".into(), target.into());
        }
        self.kea.command(command, arguments).await
    }
}

fn is_class(edit: &Edit) -> bool {
    matches!(edit, Edit::AddClass(_) | Edit::RemoveClass(_))
}

/// True for an edit that sends a reservation without an option that it has.
fn loses(edit: &Edit) -> bool {
    match edit {
        Edit::Add(new) | Edit::Replace(_, new) => {
            new.map.get("option-data").is_some_and(loses_option_43)
        }
        _ => false,
    }
}

/// What undoes an edit.
async fn inverse(kea: &Commands, edit: &Edit) -> Result<Edit, KeaError> {
    let old = async |key| -> Result<Reservation, KeaError> {
        let mut hosts = Source::Commands(kea, None)
            .hosts(HostQuery::Exact(key))
            .await?;
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
            let config = configuration::current(kea).await?;
            let class = class(config.dhcp4(), name).ok_or(Status::NOT_FOUND)?;
            Edit::AddClass(class.clone())
        }
    })
}

/// A refusal to add is "exists" if something in the way can be found.
async fn explained(kea: &Commands, edit: &Edit, error: KeaError) -> KeaError {
    let KeaError::Status(status, text) = error else {
        return error;
    };
    if status != Status::FAILURE {
        return KeaError::Status(status, text);
    }
    let mut there = false;
    if let Edit::Add(new) = edit {
        let source = Source::Commands(kea, None);
        if let Some(key) = new.key() {
            there |= source
                .hosts(HostQuery::Exact(&key))
                .await
                .is_ok_and(|h| !h.is_empty());
        }
        if let (false, Some(address)) = (there, new.address()) {
            let hosts = source.hosts(HostQuery::Address(address)).await;
            there |= hosts.is_ok_and(|h| !h.is_empty());
        }
    }
    let status = if there {
        Status::EXISTS
    } else {
        Status::INVALID_ARGUMENT
    };
    KeaError::Status(status, text)
}
