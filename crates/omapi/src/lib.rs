#![forbid(unsafe_code)]
//! OMAPI, the management protocol of ISC's DHCP server: both sides of it,
//! without I/O and without a clock.
//!
//! Bytes go in and come out; the owner of the socket moves them. [`wire`] turns
//! bytes into messages and back, [`auth`] signs and verifies them, [`status`]
//! has the result codes, [`refusals`] the texts that a server sends with them,
//! [`request`] the words in which a program asks and is answered; [`client`]
//! and [`server`] are the two sides of a connection.

#![warn(unreachable_pub)]

pub mod auth;
mod buffers;
pub mod client;
pub mod refusals;
pub mod request;
pub mod server;
pub mod status;
pub mod wire;
