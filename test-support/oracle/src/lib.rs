//! What must hold whatever a server sends: `tests/mutations` feeds it
//! variations of recorded sessions, the targets in `fuzz/` feed it anything.

#[cfg(feature = "kea")]
pub mod kea;
pub mod omapi;
