//! A connection to a Kea server: the same promises as over OMAPI, kept with one
//! short connection for each command (UNIX socket), or a few that are kept
//! (HTTP).

mod config_lock;
mod connection;
mod exchange;
mod io;
mod io_guard;
mod pollable;

pub(crate) use connection::KeaConnection;
