//! Reading the server's configuration, and knowing whether it is still the
//! same.

use super::Commands;
use crate::config::{Config, has_config_database};
use crate::json::{self, Value};
use crate::model::KeaError;
use std::sync::Arc;

/// Commands that change the configuration without a reconfiguration, so that
/// status-get does not show it.
const QUIET_CHANGES: [&str; 3] = ["reservation-add", "subnet4-add", "class-add"];

/// The configuration as it is now: the one read before if it cannot have
/// changed, or a new one.
///
/// # Errors
/// As the commands fail; `DHCP_R_PROTOCOLERROR` for what is no configuration.
pub(crate) async fn current(kea: &Commands) -> Result<Arc<Config>, KeaError> {
    let cached = kea.server.config.lock().clone();
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
/// As the commands fail; `DHCP_R_PROTOCOLERROR` for what is no configuration.
pub(crate) async fn fetch(kea: &Commands) -> Result<Arc<Config>, KeaError> {
    let read_at = kea.now().steady;
    let arguments = kea.bare_command("config-get").await?.ok()?.into_arguments();
    let config = Arc::new(Config::new(arguments, read_at)?);
    *kea.server.config.lock() = Some(Arc::clone(&config));
    Ok(config)
}

/// True if the server's configuration is certainly still `config`. One short
/// command.
///
/// # Errors
/// As the command fails.
pub(crate) async fn is_current(kea: &Commands, config: &Config) -> Result<bool, KeaError> {
    let quiet = QUIET_CHANGES.iter().any(|c| kea.server.can(c));
    if quiet || has_config_database(config.dhcp4()) {
        return same_hash(kea, config).await;
    }
    let reply = kea.bare_command("status-get").await?.ok()?;
    let status = reply.arguments().as_object();
    Ok(status.is_some_and(|status| config.is_current(status, kea.now().steady)))
}

/// True if Kea's hash is still the same; false also when Kea has none.
///
/// # Errors
/// As the command fails.
pub(crate) async fn same_hash(kea: &Commands, config: &Config) -> Result<bool, KeaError> {
    let (Some(hash), true) = (&config.hash, kea.server.can("config-hash-get")) else {
        return Ok(false);
    };
    let reply = kea.bare_command("config-hash-get").await?.ok()?;
    Ok(json::at(reply.arguments(), &["hash"]).and_then(Value::as_str) == Some(hash))
}
