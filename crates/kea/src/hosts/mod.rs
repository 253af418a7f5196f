//! Hosts and groups: how reservations and client classes read as such, and
//! which changes of them a request means.

mod classes;
mod create;
mod edit;
pub(crate) mod group;
mod host;
mod lookup;
mod plan;
mod read;
mod reservation;
mod subnets;
mod update;
mod write;

pub(crate) use edit::{Edit, Plan};
pub(crate) use host::Host;
pub(crate) use lookup::{HostNameIndex, HostQuery, PlanContext, Source, has_host_commands};
pub(crate) use plan::plan;
pub(crate) use read::{find, next, refresh};
pub(crate) use reservation::Reservation;
