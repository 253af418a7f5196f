//! What requests and answers are about, as data.

mod answer;
pub(crate) mod attributes;
pub(crate) mod check;
mod handles;
pub(crate) mod lease;
mod moment;
mod process;
pub(crate) mod request;

pub(crate) use answer::refused;
pub use answer::{Answer, KeaError};
pub use attributes::Answered;
pub(crate) use attributes::Attributes;
pub(crate) use handles::{HostKey, Identity};
pub use lease::LeaseFields;
pub(crate) use lease::{Lease, state};
pub use moment::Moment;
pub use process::Process;
