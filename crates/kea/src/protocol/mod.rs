//! How a Kea server is named and what is said to it: names, commands, answers,
//! HTTP. No order of things; that is in `server`.

pub(crate) mod commands;
mod exchange;
pub mod http;
mod target;
pub mod usual_lease;

pub use exchange::{Effect, Outcome, Reply};
pub use target::{Options, Place, Secret, Target, mapped};
