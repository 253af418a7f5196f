//! A server's configuration, and the way in it.

pub mod tree;

pub use tree::*;
