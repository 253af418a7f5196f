//! dhcpctl: a memory-safe, drop-in `libdhcpctl` and `libomapi`.
//!
//! A C call comes in through `capi`, which checks its pointers, and becomes an
//! operation on an object: `object` has the genuine structs, `remote` the objects
//! that stand for a server's, and their requests. From there it goes to the crate
//! `engine`, which has the sockets, and the protocol crates `omapi` and `kea`.
//! `ARCHITECTURE.md` has the map.
//!
//! For Rust programs there is [`client`].

#[allow(unsafe_code)] // memory that C shares with us
mod abi;
#[allow(unsafe_code)] // as above
mod builtin;
#[allow(unsafe_code, unreachable_pub)] // as above; exported to C by name
mod capi;
pub mod client;
#[allow(unsafe_code)] // the process: environment, forks, cancellation
mod environment;
#[allow(unsafe_code)] // as abi
mod object;
#[allow(unsafe_code)] // as abi
mod remote;
mod servers;
