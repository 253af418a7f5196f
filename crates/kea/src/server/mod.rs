//! What is known of a server, and how a job talks to it: a job is an `async fn`
//! that asks for commands, and the caller that steps it brings their answers.

pub(crate) mod configuration;
mod info;
mod job;
mod probe;

pub(crate) use info::Capabilities;
pub use info::ServerInfo;
pub(crate) use job::{Commands, Job, Step};
pub(crate) use probe::probe;
