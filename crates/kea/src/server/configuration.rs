//! Reading the server's configuration, and knowing whether it is still the
//! same.

use super::Kea;
use crate::config::{Config, has_config_database};
use crate::json::{self, Value};
use crate::model::Failure;
use omapi::status::Status;
use parking_lot::Mutex;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Commands that change the configuration without a reconfiguration, so that
/// status-get does not show it.
const QUIET_CHANGES: [&str; 3] = ["reservation-add", "subnet4-add", "class-add"];

/// The configuration as it is now: the one read before if it cannot have
/// changed, or a new one.
///
/// # Errors
/// Why it cannot be read.
pub async fn current(kea: &Kea) -> Result<Arc<Config>, Failure> {
    let cached = kea.shared.config.lock().clone();
    if let Some(config) = cached
        && is_current(kea, &config).await?
    {
        return Ok(config);
    }
    fetch(kea).await
}

/// Reads the configuration.
///
/// # Errors
/// Why it cannot be read.
pub async fn fetch(kea: &Kea) -> Result<Arc<Config>, Failure> {
    let read_at = Instant::now();
    let mut arguments = kea.ask("config-get").await?.ok()?.into_arguments();
    let top = arguments.as_object_mut().ok_or(Status::PROTOCOL_ERROR)?;
    let hash = match top.shift_remove("hash") {
        Some(Value::String(hash)) => Some(hash),
        _ => None,
    };
    if !top.get("Dhcp4").is_some_and(Value::is_object) {
        return Err(Status::PROTOCOL_ERROR.into());
    }
    let config = Arc::new(Config {
        arguments,
        hash,
        read_at,
        server: Mutex::new(None),
        entries: OnceLock::new(),
    });
    *kea.shared.config.lock() = Some(Arc::clone(&config));
    Ok(config)
}

/// True if the server's configuration is certainly still `config`. One short
/// command.
///
/// # Errors
/// Why the server does not answer.
pub async fn is_current(kea: &Kea, config: &Config) -> Result<bool, Failure> {
    let quiet = QUIET_CHANGES.iter().any(|c| kea.shared.can(c));
    if quiet || has_config_database(config.dhcp4()) {
        return same_hash(kea, config).await;
    }
    let reply = kea.ask("status-get").await?.ok()?;
    let Some(status) = reply.arguments().as_object() else {
        return Ok(false);
    };
    let number = |key| json::number(status, key);
    let (Some(pid), Some(uptime), Some(reload)) =
        (number("pid"), number("uptime"), number("reload"))
    else {
        return Ok(false);
    };
    let now = Instant::now();
    let ago = |seconds| now.checked_sub(Duration::from_secs(seconds));
    // `reload` is the time since the last reconfiguration in whole seconds,
    // rounded down: it was at most that long ago.
    let unchanged = ago(reload).is_none_or(|latest| config.read_at > latest);
    // The server computes both with the wall clock: if that was set, or the
    // server is another one, nothing is certain.
    let started = ago(uptime).unwrap_or(config.read_at);
    let mut known = config.server.lock();
    let (same_pid, first_start) = *known.get_or_insert((pid, started));
    let drift = started
        .saturating_duration_since(first_start)
        .max(first_start.saturating_duration_since(started));
    Ok(unchanged && same_pid == pid && drift < Duration::from_secs(3))
}

/// True if Kea's hash is still the same; false also when Kea has none.
///
/// # Errors
/// Why the server does not answer.
pub async fn same_hash(kea: &Kea, config: &Config) -> Result<bool, Failure> {
    let (Some(hash), true) = (&config.hash, kea.shared.can("config-hash-get")) else {
        return Ok(false);
    };
    let reply = kea.ask("config-hash-get").await?.ok()?;
    Ok(json::at(reply.arguments(), &["hash"]).and_then(Value::as_str) == Some(hash))
}
