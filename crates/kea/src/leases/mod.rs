//! Leases.

pub mod create;
pub mod details;
pub mod read;
pub mod update;
pub mod walk;
