#![forbid(unsafe_code)]
//! One connection shared by everybody who uses it: who reads, who waits, what
//! happens to an answer, and how it all ends.

mod any;
mod common;
mod connection;
mod errno;
mod followups;
#[cfg(feature = "kea")]
mod kea;
pub mod net;
pub mod process;
mod sending;
mod sleepers;
mod turn;

pub use any::{AnyConnection, AnyTurn, Destination};
pub use common::{Core, Disconnect, Phase, Waited};
pub use connection::{Connection, Credentials};
pub use errno::status_of;
pub use turn::Turn;
