//! Development tasks of dhcpctl. `tests/abi` uses them as a library, the
//! command line by `cargo run -p xtask`.

pub mod compatibility;
pub mod diff;
pub mod header;
