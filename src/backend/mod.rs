//! The protocols behind a connection. Each is a pair: a session, which turns
//! requests into bytes and remembers what is outstanding (under the
//! connection's lock), and a reader, which turns bytes into outcomes (owned by
//! the thread that reads).

#[cfg(feature = "kea")]
pub mod kea;
pub mod omapi;
