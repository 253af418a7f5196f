//! dhcpctl: a memory-safe, drop-in `libdhcpctl` and `libomapi`.
//!
//! The way of a byte: `capi` (C entry points) → `object` (the genuine structs)
//! → `request` → `engine` (who reads, who waits) → `backend` → `wire` and
//! `auth` → `net`, and back. `ARCHITECTURE.md` has the map.

pub mod auth;
#[allow(unsafe_code)]
pub mod object;
pub mod status;
pub mod wire;
