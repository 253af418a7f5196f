//! The types of the library: their registration, and what the library keeps
//! behind their objects.

use crate::abi::symbols;
use crate::object::extension::{self, Extension, Extensions};
use crate::object::protocol::ProtocolObject;
use crate::object::types::{Unregistered, bare};
use crate::object::{auth_key, forwarding_types, generic, protocol};
use crate::remote::connection::ConnectionObject;
use crate::remote::remote_object::Remote;
use crate::remote::{callback, completion, message, remote_object};
use core::sync::atomic::Ordering;
use omapi::status::Status;
use parking_lot::Mutex;

/// Registers the library's types, once: a second call changes nothing, so that
/// objects made before it keep working.
///
/// # Errors
/// `ISC_R_NOMEMORY`; nothing is registered then.
pub(crate) fn initialize() -> Result<(), Status> {
    static DONE: Mutex<bool> = Mutex::new(false);
    let mut done = DONE.lock();
    if *done {
        return Ok(());
    }
    let mut types = Vec::new();
    let mut by_type = Vec::new();
    // The genuine order; the list shows it newest first.
    for (symbol, prototype, extension) in [
        (
            &symbols::omapi_type_connection,
            forwarding_types::connection_type(),
            Some(Extension {
                size: size_of::<ConnectionObject>(),
                prepare: ConnectionObject::prepare,
                finish: ConnectionObject::finish,
            }),
        ),
        (&symbols::omapi_type_listener, bare(c"listener", 64), None),
        (
            &symbols::omapi_type_io_object,
            forwarding_types::io_type(),
            None,
        ),
        (&symbols::omapi_type_generic, generic::generic_type(), None),
        (
            &symbols::omapi_type_protocol,
            protocol::protocol_type(),
            Some(Extension {
                size: size_of::<ProtocolObject>(),
                prepare: ProtocolObject::prepare,
                finish: ProtocolObject::finish,
            }),
        ),
        (
            &symbols::omapi_type_protocol_listener,
            bare(c"protocol-listener", 48),
            None,
        ),
        (&symbols::omapi_type_message, message::message_type(), None),
        (&symbols::omapi_type_waiter, bare(c"waiter", 48), None),
        (
            &symbols::omapi_type_auth_key,
            auth_key::auth_key_type(),
            None,
        ),
        (
            &symbols::dhcpctl_callback_type,
            callback::callback_type(),
            None,
        ),
        (
            &symbols::dhcpctl_remote_type,
            remote_object::remote_type(),
            Some(Extension {
                size: size_of::<Remote>(),
                prepare: Remote::prepare,
                finish: Remote::finish,
            }),
        ),
    ] {
        let t = Unregistered::new(prototype)?;
        by_type.extend(extension.map(|extension| (t.address(), extension)));
        types.push((symbol, t));
    }
    extension::set(Extensions {
        by_type,
        forget: completion::forget,
    });
    for (symbol, t) in types {
        symbol.store(t.register(), Ordering::Release);
    }
    *done = true;
    Ok(())
}
