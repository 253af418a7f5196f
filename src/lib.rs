//! dhcpctl: a memory-safe, drop-in `libdhcpctl` and `libomapi`.
//!
//! The way of a byte: `capi` (C entry points) → `object` (the genuine structs)
//! → `request` → `engine` (who reads, who waits) → `backend` → `wire` and
//! `auth` → `net`, and back. `ARCHITECTURE.md` has the map.

pub mod auth;
pub mod backend;
#[allow(unsafe_code)]
pub mod capi;
pub mod client;
pub mod engine;
pub mod net;
#[allow(unsafe_code)]
pub mod object;
pub mod request;
pub mod status;
pub mod wire;
