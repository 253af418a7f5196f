//! Connecting to whichever kind of server a name means.

use crate::core::Connection;
#[cfg(feature = "kea")]
use crate::kea::KeaConnection;
use crate::omapi::OmapiConnection;
#[cfg(feature = "kea")]
use ::kea::Target;
use ::omapi::client::Credentials;
use ::omapi::request::Complete;
use ::omapi::status::Status;
use std::net::SocketAddr;
use std::sync::Arc;

/// Where to connect to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A server that speaks OMAPI: its addresses, in the order in which to try
    /// them.
    Omapi(Vec<SocketAddr>),
    /// A Kea server.
    #[cfg(feature = "kea")]
    Kea(Target),
}

/// Starts to connect; [`Connection::wait`] until it is ready.
///
/// `first_id` is the id of the first message, for OMAPI, and so are
/// `credentials`: who may use a Kea server is a matter of its socket's file
/// permissions or of HTTP. `on_close` runs once when the connection ends, with
/// no lock held.
///
/// # Errors
/// When no attempt can be made: why no address can even be tried, a key name
/// that cannot be sent, `ISC_R_TOOMANYOPENFILES`.
pub fn connect<T: Complete + 'static>(
    destination: Destination,
    first_id: u32,
    credentials: Option<Credentials>,
    on_close: impl FnOnce() + Send + 'static,
) -> Result<Arc<dyn Connection<T>>, Status> {
    match destination {
        Destination::Omapi(addresses) => {
            let c = OmapiConnection::start(addresses, first_id, credentials, on_close)?;
            Ok(c)
        }
        #[cfg(feature = "kea")]
        Destination::Kea(target) => {
            let c = KeaConnection::start(target, on_close)?;
            Ok(c)
        }
    }
}
