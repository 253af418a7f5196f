//! Kea: requests to commands of its control channel, answers to outcomes. No
//! I/O here; `engine/kea` has the sockets.
//!
//! Source of the commands and formats: the Kea Administrator Reference Manual
//! and exchanges recorded with 2.2, 2.6 and 3.0 (`data/kea/`, replayed by the
//! unit tests). `docs/kea-migration.md` has the mapping for people.

pub mod ask;
pub mod attributes;
mod batch;
mod change;
mod commands;
pub mod config;
mod control;
mod create;
mod draft;
pub mod facts;
mod failover;
mod group;
pub mod handles;
mod host;
pub mod http;
pub mod job;
pub mod json;
pub mod lease;
mod lease_create;
mod lease_details;
mod lease_update;
pub mod lease_walk;
mod lookup;
mod map;
mod options;
mod part;
mod plan;
mod reader;
mod reservation;
mod rewrite;
pub mod session;
pub mod shared;
mod statements;
pub mod target;
#[cfg(test)]
mod tests;
mod tokens;
mod value;

use attributes::Answered;
use omapi::request::Outcome;
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
    pub fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Object(handle, attributes) => Outcome::Object {
                handle: *handle,
                attributes: attributes.list(),
            },
            Self::Status(code, message) => Outcome::Status {
                code: *code,
                message: message.as_deref(),
            },
            Self::Lost(status) => Outcome::Lost(*status),
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
