//! What requests and answers are about, as data.

pub mod attributes;
pub mod handles;
pub mod request;
