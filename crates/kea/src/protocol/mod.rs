//! How a Kea server is named and spoken to: formats, no exchange.

pub mod http;
pub mod target;
pub mod usual_lease;
