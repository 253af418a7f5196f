//! What concerns a server: connections, remote objects and their requests,
//! waiting, callbacks, a program's descriptors and messages.
//!
//! The rules for pointers are those of `object`.

pub(crate) mod callback;
pub(crate) mod completion;
pub(crate) mod connection;
pub(crate) mod dispatch;
#[allow(unreachable_pub)] // exported to C by name
pub(crate) mod handlers;
pub(crate) mod io;
pub(crate) mod message;
pub(crate) mod pending_request;
pub(crate) mod remote_object;
