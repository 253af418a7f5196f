//! How a Kea server is named and what is said to it: names, commands, answers,
//! HTTP. No order of things; that is in `server`.

pub(crate) mod commands;
mod exchange;
pub mod http;
mod target;
mod usual_lease;

pub use exchange::{Effect, Exchanged, Reply};
pub use target::{Endpoint, Options, Secret, Target, host_and_port};
pub use usual_lease::usual_lease;
