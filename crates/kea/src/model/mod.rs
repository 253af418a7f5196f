//! What requests and answers are about, as data.

mod answer;
pub(crate) mod attributes;
pub(crate) mod check;
pub(crate) mod handles;
pub(crate) mod lease;
pub(crate) mod request;

pub(crate) use answer::refused;
pub use answer::{Answer, Failure};
pub use attributes::Answered;
pub(crate) use attributes::Attributes;
pub(crate) use handles::HostKey;
pub use lease::Facts;
pub(crate) use lease::{Lease, state};
