#![forbid(unsafe_code)]
//! Kea: requests to commands of its control channel, answers to outcomes. No
//! I/O here; `engine/kea` has the sockets.
//!
//! Source of the commands and formats: the Kea Administrator Reference Manual
//! and exchanges recorded with 2.2, 2.6 and 3.0 (`data/kea/`, replayed by the
//! unit tests). `docs/kea-migration.md` has the mapping for people.

mod apply;
mod config;
mod control;
mod failover;
mod hosts;
pub mod json;
mod leases;
mod model;
mod protocol;
mod server;
mod session;
mod statements;
#[cfg(test)]
mod tests;

pub use model::attributes::Answered;
pub use protocol::http;
pub use protocol::target::{Options, Place, Secret, Target, mapped};
pub use protocol::usual_lease::{self as facts, Facts};
pub use server::info::Shared;
pub use server::job::{Effect, Outcome, Reply};
pub use session::{AT_ONCE, Progress, Running, Session};

use omapi::status::Status;

/// How a request ended, before it is given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The object, with its handle.
    Object(u32, Answered),
    /// A result, with its explanation.
    Status(Status, Option<Vec<u8>>),
    /// Nobody knows.
    Lost(Status),
}

impl Answer {
    /// As the object layer takes it.
    #[must_use]
    pub fn outcome(&self) -> omapi::request::Outcome<'_> {
        match self {
            Self::Object(handle, attributes) => omapi::request::Outcome::Object {
                handle: *handle,
                attributes: attributes.list(),
            },
            Self::Status(code, message) => omapi::request::Outcome::Status {
                code: *code,
                message: message.as_deref(),
            },
            Self::Lost(status) => omapi::request::Outcome::Lost(*status),
        }
    }
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was refused, or cannot be done.
    Status(Status, Option<Vec<u8>>),
    /// No answer, or half of one: it may have been done.
    Lost(Status),
}

impl Failure {
    /// A failure with an explanation of ours.
    #[must_use]
    pub fn because(status: Status, why: &str) -> Self {
        Self::Status(status, Some(why.into()))
    }

    /// The code.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Status(status, _) | Self::Lost(status) => *status,
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Status(status, None)
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Status(status, message) => Self::Status(status, message),
            Failure::Lost(status) => Self::Lost(status),
        }
    }
}

impl From<Result<Answer, Failure>> for Answer {
    fn from(result: Result<Answer, Failure>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}
