#![forbid(unsafe_code)]
//! One connection shared by many threads: which reads, which wait, what happens
//! to an answer, and how the connection ends.
//!
//! [`connect`] makes a [`Connection`]; the protocols behind it are the crates
//! `omapi` and `kea`. The sockets, threads and the clock are here.

mod callbacks;
mod connect;
mod core;
mod errno;
#[cfg(feature = "kea")]
mod kea;
pub mod net;
mod omapi;
pub mod process;
mod waiters;

pub use connect::{Destination, connect};
pub use core::{Connection, Disconnect, IoGuard, Phase, Waited};
pub use errno::status_of;
