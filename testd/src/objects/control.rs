//! The control object: its one use is to end the server.

use super::{Attributes, int};
use crate::database::Database;
use omapi::status::Status;
use omapi::wire::{Encoder, Value, WireError};

/// The state that ends the server. dhcpd has names for others (pause,
/// hibernate, awaken) and refuses them all.
const SHUTDOWN: u32 = 2;

pub(super) fn update(db: &mut Database, values: &Attributes<'_>) -> Result<(), Status> {
    for (name, value) in values.iter() {
        if name != b"state" {
            return Err(Status::NOT_FOUND);
        }
        // A null state kills dhcpd; `int` refuses it.
        if int(value)? != SHUTDOWN {
            return Err(Status::INVALID_ARGUMENT);
        }
        db.shutdown = true;
    }
    Ok(())
}

pub(super) fn publish(out: &mut Encoder<'_>) -> Result<(), WireError> {
    // "startup", as long as dhcpd runs.
    out.value(b"state", Value::Int(0))
}
