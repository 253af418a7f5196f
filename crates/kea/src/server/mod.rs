//! What is known of a server, and how a job talks to it.

pub(crate) mod configuration;
mod info;
mod job;
mod probe;

pub(crate) use info::Capabilities;
pub use info::ServerInfo;
pub(crate) use job::{Commands, Job, Step};
pub(crate) use probe::probe;
