//! dhcpctl: a memory-safe, drop-in `libdhcpctl` and `libomapi`.
//!
//! The way of a byte: `capi` (C entry points) → `object` (the genuine structs)
//! → `engine` (who reads, who waits) → `omapi` or `kea` (the protocol) →
//! the engine's sockets, and back. `ARCHITECTURE.md` has the map.

#[allow(unsafe_code)]
pub mod capi;
pub mod client;
#[allow(unsafe_code)]
pub mod object;
