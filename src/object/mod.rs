//! objects
pub mod layout;
