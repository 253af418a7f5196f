//! The first job of a connection.

use super::Capabilities;
use super::job::Commands;
use crate::json::{self, Value};
use crate::model::{Answer, KeaError};
use omapi::status::Status;

/// Finds out what the server can do: the first job of a connection.
pub(crate) async fn probe(kea: Commands) -> Vec<Answer> {
    let result: Result<Answer, KeaError> = async {
        let commands = kea
            .bare_command("list-commands")
            .await?
            .ok()?
            .into_arguments();
        let commands = commands.as_array().ok_or(Status::PROTOCOL_ERROR)?;
        let version = kea.bare_command("version-get").await?.ok()?;
        let version = json::string(&version.whole, "text").map_or((0, 0), version_of);
        kea.server.set_capabilities(Capabilities {
            commands: commands
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            version,
        });
        Ok(Answer::Status(Status::SUCCESS, None))
    }
    .await;
    vec![result.into()]
}

fn version_of(text: &str) -> (u32, u32) {
    let mut numbers = text.split('.').map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
