//! A server's configuration as data, and finding one's way in it.

mod classes;
mod reservations;
mod snapshot;
mod tree;

pub(crate) use classes::{class, class_name, classes_mut, has_class};
pub(crate) use reservations::{
    Brief, ReservationEntry, omapi, reservation_lists, reservations, reservations_mut,
};
pub(crate) use snapshot::Config;
pub(crate) use tree::{
    contains, has_config_database, has_hosts_database, looks_globally, looks_in_subnet,
    loses_option_43, subnet_id, subnets, unique_addresses,
};
