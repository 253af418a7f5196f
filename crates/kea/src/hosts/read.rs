//! Finding hosts, and walking through all of them.

use super::lookup::{HostQuery, Source, all_by_command, has_host_commands};
use super::reservation::Reservation;
use crate::config::Config;
use crate::model::{Answer, Attributes, HostKey, KeaError};
use crate::server::{Commands, configuration};
use omapi::refusals;
use omapi::status::Status;
use std::sync::Arc;

/// The configuration to look in; `None` when the commands are asked.
async fn source(kea: &Commands) -> Result<Option<Arc<Config>>, KeaError> {
    if has_host_commands(&kea.server) {
        Ok(None)
    } else {
        configuration::current(kea).await.map(Some)
    }
}

fn view<'s>(kea: &'s Commands, config: &'s Option<Arc<Config>>) -> Source<'s> {
    match config {
        Some(config) => Source::Snapshot(config.dhcp4(), config.entries()),
        None => Source::Commands(kea, None),
    }
}

/// Open without flags: the one host that the keys describe.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or as [`Source::find`] fails.
pub(crate) async fn find(kea: &Commands, keys: &Attributes) -> Result<Answer, KeaError> {
    let config = source(kea).await?;
    let server = &kea.server;
    match view(kea, &config).find(server, keys).await? {
        Some(host) => Ok(host.encode(server, false)),
        None => Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_OBJECT_MATCHES,
        )),
    }
}

/// Refresh: the host with that key, as it is now.
///
/// # Errors
/// `ISC_R_NOTFOUND`, or as the commands fail.
pub(crate) async fn refresh(kea: &Commands, key: &HostKey) -> Result<Answer, KeaError> {
    let config = source(kea).await?;
    let hosts = view(kea, &config).hosts(HostQuery::Exact(key)).await?;
    match hosts.first() {
        Some(host) => Ok(host.encode(&kea.server, false)),
        None => Err(KeaError::because(
            Status::NOT_FOUND,
            refusals::NO_MATCHING_HANDLE,
        )),
    }
}

/// The host behind the one with that key; in the order of the configuration.
///
/// # Errors
/// `ISC_R_NOMORE` behind the last.
pub(crate) async fn next(kea: &Commands, after: Option<HostKey>) -> Result<Answer, KeaError> {
    if let Some(config) = source(kea).await? {
        let dhcp4 = config.dhcp4();
        let entries = config.entries();
        let keys = entries.iter().map(|e| &e.key);
        let at = position_behind(keys, after.as_ref());
        let source = Source::Snapshot(dhcp4, entries);
        for entry in &entries[at.min(entries.len())..] {
            let hosts = source.hosts(HostQuery::Exact(&entry.key)).await?;
            if let Some(host) = hosts
                .first()
                .filter(|h| h.key().as_ref() == Some(&entry.key))
            {
                return Ok(host.encode(&kea.server, true));
            }
        }
        return Err(Status::NO_MORE.into());
    }
    // The start is read anew: a program that starts wants the present state.
    let known = kea.server.hosts.lock().clone().filter(|_| after.is_some());
    let keys = match known {
        Some(keys) => keys,
        None => {
            let all = all_by_command(kea).await?;
            let keys = Arc::new(all.iter().filter_map(Reservation::key).collect());
            *kea.server.hosts.lock() = Some(Arc::clone(&keys));
            keys
        }
    };
    let at = position_behind(keys.iter(), after.as_ref());
    for key in keys.get(at..).unwrap_or_default() {
        // Read again: what was read at the start may be gone.
        let hosts = Source::Commands(kea, None)
            .hosts(HostQuery::Exact(key))
            .await?;
        if let Some(host) = hosts.first().filter(|h| h.key().as_ref() == Some(key)) {
            return Ok(host.encode(&kea.server, true));
        }
    }
    *kea.server.hosts.lock() = None;
    Err(Status::NO_MORE.into())
}

/// The position behind a key; the end when it is not there any more.
fn position_behind<'k>(
    mut keys: impl Iterator<Item = &'k HostKey>,
    after: Option<&HostKey>,
) -> usize {
    match after {
        None => 0,
        Some(after) => keys
            .position(|k| k == after)
            .map_or(usize::MAX, |at| at + 1),
    }
}
