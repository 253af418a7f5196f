//! Doing the changes that were planned.

pub mod batch;
pub mod candidate;
pub mod with_commands;
pub mod with_config;
