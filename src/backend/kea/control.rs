//! The server itself: its state, its end, and any command.

use super::attributes::{Answered, Attributes};
use super::handles::{self, Identity};
use super::job::Kea;
use super::json::{self, Value};
use super::{Answer, Failure};
use omapi::request::flags;
use omapi::status::Status;

/// Values of the attribute `state`.
const RUNNING: u32 = 1;
const SHUTDOWN: u32 = 2;

/// Open: the one control object; with the flag, change it.
///
/// # Errors
/// The code for the program.
pub async fn open(kea: &Kea, attributes: &Attributes, wanted: u32) -> Result<Answer, Failure> {
    if wanted & (flags::CREATE | flags::EXCLUSIVE) == flags::CREATE | flags::EXCLUSIVE {
        let why = "specified object already exists";
        return Err(Failure::because(Status::EXISTS, why));
    }
    if wanted & (flags::CREATE | flags::UPDATE) != 0 {
        return update(kea, attributes).await;
    }
    refresh(kea).await
}

/// Refresh: is it running?
///
/// # Errors
/// It is not.
pub async fn refresh(kea: &Kea) -> Result<Answer, Failure> {
    kea.ask("status-get").await?.ok()?;
    let mut out = Answered::default();
    out.number(b"state", RUNNING);
    let handle = handles::handle(kea.shared.key(), Identity::Control);
    Ok(Answer::Object(handle, out))
}

/// Update: `state` 2 shuts the server down, at once.
///
/// # Errors
/// The code for the program.
pub async fn update(kea: &Kea, attributes: &Attributes) -> Result<Answer, Failure> {
    let refused = |status| Failure::because(status, "can't update object");
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
    kea.ask("shutdown").await?.ok()?;
    Ok(Answer::Status(Status::SUCCESS, None))
}

/// Any command: `command` with `arguments` in JSON. The answer has `result`,
/// `text` and the whole `reply` in JSON; that Kea refused the command is in
/// there and no failure of the request.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it cannot be sent, or why there is no answer.
pub async fn command(kea: &Kea, attributes: &Attributes) -> Result<Answer, Failure> {
    let name = attributes.get(b"command");
    let name = name.ok_or(Failure::because(Status::INVALID_ARGUMENT, "no command"))?;
    let arguments = match attributes.get(b"arguments") {
        None => None,
        Some(text) => Some(json::parse_argument(text)?),
    };
    let reply = kea.exchange(&json::text(name), arguments.as_ref()).await?;
    if !super::job::is_read_only(&json::text(name)) {
        // Whatever it did, nothing that was read before is certain.
        kea.shared.forget();
    }
    let mut out = Answered::default();
    let result = u32::try_from(reply.result).unwrap_or(u32::MAX);
    let text = reply.text();
    out.number(b"result", result)
        .bytes_or_null(b"text", &text)
        .bytes(b"reply", &json::emit(&Value::Object(reply.whole)));
    Ok(Answer::Object(0, out))
}
