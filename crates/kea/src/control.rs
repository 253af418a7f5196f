//! The server itself: its state, its end, and any command.

use crate::json::{self, Value};
use crate::model::{Answer, Answered, Attributes, Identity, KeaError, refused};
use crate::protocol::commands::is_read_only;
use crate::server::Commands;
use omapi::refusals;
use omapi::request::flags;
use omapi::status::Status;

/// Values of the attribute `state`.
const RUNNING: u32 = 1;
const SHUTDOWN: u32 = 2;

/// Open: the one control object; with the flag, change it.
///
/// # Errors
/// `ISC_R_EXISTS` for the flag to create exclusively; or as
/// [`update`] and [`refresh`] fail.
pub(crate) async fn open(
    kea: &Commands,
    attributes: &Attributes,
    wanted: u32,
) -> Result<Answer, KeaError> {
    if wanted & (flags::CREATE | flags::EXCLUSIVE) == flags::CREATE | flags::EXCLUSIVE {
        let why = refusals::ALREADY_EXISTS;
        return Err(KeaError::because(Status::EXISTS, why));
    }
    if wanted & (flags::CREATE | flags::UPDATE) != 0 {
        return update(kea, attributes).await;
    }
    refresh(kea).await
}

/// Refresh: is it running?
///
/// # Errors
/// As the command fails: it is not.
pub(crate) async fn refresh(kea: &Commands) -> Result<Answer, KeaError> {
    kea.bare_command("status-get").await?.ok()?;
    let mut out = Answered::default();
    out.number(b"state", RUNNING);
    let handle = kea.server.handle(Identity::Control);
    Ok(Answer::Object(handle, out))
}

/// Update: `state` 2 shuts the server down, at once.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another state or no attributes, `ISC_R_NOTFOUND` for
/// another attribute; or as the command fails.
pub(crate) async fn update(kea: &Commands, attributes: &Attributes) -> Result<Answer, KeaError> {
    if attributes.is_empty() {
        return Err(refused(Status::INVALID_ARGUMENT));
    }
    for (name, value) in attributes.iter() {
        match name {
            b"state" if value == SHUTDOWN.to_be_bytes() => {}
            b"state" => return Err(refused(Status::INVALID_ARGUMENT)),
            _ => return Err(refused(Status::NOT_FOUND)),
        }
    }
    kea.bare_command("shutdown").await?.ok()?;
    Ok(Answer::Status(Status::SUCCESS, None))
}

/// Any command: `command` with `arguments` in JSON. The answer has `result`,
/// `text` and the whole `reply` in JSON; that Kea refused the command is in
/// there and no failure of the request.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it cannot be sent, or why there is no answer.
pub(crate) async fn command(kea: &Commands, attributes: &Attributes) -> Result<Answer, KeaError> {
    let name = attributes.get(b"command");
    let name = name.ok_or(KeaError::because(Status::INVALID_ARGUMENT, "no command"))?;
    let arguments = match attributes.get(b"arguments") {
        None => None,
        Some(text) => Some(json::parse_argument(text)?),
    };
    let reply = kea.exchange(&json::text(name), arguments.as_ref()).await?;
    if !is_read_only(&json::text(name)) {
        // Whatever it did, nothing that was read before is certain.
        kea.server.forget();
    }
    let mut out = Answered::default();
    let result = u32::try_from(reply.result).unwrap_or(u32::MAX);
    let text = reply.text();
    out.number(b"result", result)
        .bytes_or_null(b"text", &text)
        .bytes(b"reply", &json::emit(&Value::Object(reply.whole)));
    Ok(Answer::Object(0, out))
}
