//! What is known of a server, and how a job talks to it.

pub mod info;
pub mod job;
