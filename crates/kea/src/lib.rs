#![forbid(unsafe_code)]
//! Requests of OMAPI as commands of Kea's control channel, without I/O.
//!
//! A [`Session`] has the requests of a connection. What may start is a
//! [`Running`], which is stepped: it wants an [`Effect`], mostly a command, and
//! goes on with the result. The caller that steps it has the sockets, and hands in
//! the time; so a test can play the server.
//!
//! Each room uses those above it, and no other:
//!
//! | room | what | uses |
//! |---|---|---|
//! | `json` | JSON as Kea reads and writes it | |
//! | `model` | requests, answers, attributes, handles, leases, as data | `json` |
//! | `statements` | statements of dhcpd.conf in Kea's terms | `json` `model` |
//! | `protocol` | names of servers, commands, replies, HTTP | `json` `model` |
//! | `config` | a configuration as data, and finding one's way in it | `json` `model` |
//! | `server` | what is known of a server; jobs; reading the configuration | all but `statements` |
//! | `hosts` | hosts and groups: finding them, and planning their changes | all |
//! | `leases` | leases: finding, changing, creating, walking | all but `statements` |
//! | `apply` | making the planned changes of hosts and groups | all but `leases`, `statements` |
//! | `control`, `failover` | the server itself, high availability | up to `server` |
//! | `dispatch` | which room serves a request, and what it may run beside | all |
//! | `session` | the requests of a connection, and their order | all |
//!
//! A path to another room starts with `crate::`, one inside a room with
//! `super::`.
//!
//! Sources of the commands and formats: the Kea Administrator Reference Manual
//! and exchanges recorded with 2.2, 2.6 and 3.0 (`data/kea/`, replayed by the
//! tests). `docs/kea-migration.md` has the mapping for people.

#![warn(unreachable_pub)]

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
    Effect, Endpoint, Exchanged, Options, Reply, Secret, Target, host_and_port, usual_lease,
};
pub use server::ServerInfo;
pub use session::{AT_ONCE, Progress, Running, Session};
