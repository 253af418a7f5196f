//! What is known of a server, and how a job talks to it.

pub(crate) mod configuration;
mod info;
mod job;
mod probe;

pub use info::{Capabilities, Shared};
pub(crate) use job::{Job, Kea, Step};
pub(crate) use probe::probe;
