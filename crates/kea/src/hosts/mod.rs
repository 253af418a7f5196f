//! Hosts and groups: what a request about them means.

pub mod create;
pub mod group;
pub mod lookup;
pub mod plan;
pub mod read;
pub mod reservation;
pub mod update;
pub mod write;
