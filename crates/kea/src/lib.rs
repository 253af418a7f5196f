#![forbid(unsafe_code)]
#![warn(unreachable_pub)]
//! Kea: requests to commands of its control channel, answers to outcomes. No
//! I/O here; `engine/kea` has the sockets.
//!
//! Source of the commands and formats: the Kea Administrator Reference Manual
//! and exchanges recorded with 2.2, 2.6 and 3.0 (`data/kea/`, replayed by the
//! unit tests). `docs/kea-migration.md` has the mapping for people.

mod apply;
mod config;
mod control;
mod dispatch;
mod failover;
mod hosts;
pub mod json;
mod leases;
mod model;
mod protocol;
mod server;
mod session;
mod statements;
#[cfg(test)]
mod tests;

pub use model::{Answer, Answered, KeaError, LeaseFields, Moment, Process};
pub use protocol::http;
pub use protocol::{
    Effect, Endpoint, Exchanged, Options, Reply, Secret, Target, mapped, usual_lease,
};
pub use server::ServerInfo;
pub use session::{AT_ONCE, Progress, Running, Session};
