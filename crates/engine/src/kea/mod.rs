//! A Kea server as a connection: the same promises as over OMAPI, kept with
//! one short connection for each command (UNIX socket), or a few that are kept
//! (HTTP).

mod connection;
mod driver;
mod link;
mod lock;
mod turn;
mod watch;

pub use connection::KeaConnection;
pub use turn::Turn;
