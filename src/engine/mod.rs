//! One connection shared by everybody who uses it: who reads, who waits, what
//! happens to an answer, and how it all ends.

mod connection;
mod end;
mod followups;
pub mod process;
mod sending;
mod sleepers;
mod turn;

pub use connection::{Connection, Credentials, Disconnect, Phase, Waited};
pub use turn::Turn;
