//! How a request ended, and why something did not work.

use super::attributes::Answered;
use omapi::refusals;
use omapi::request::Outcome;
use omapi::status::Status;

/// How a request ended, before it is given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The object, with its handle.
    Object(u32, Answered),
    /// A result, with its explanation.
    Status(Status, Option<Vec<u8>>),
    /// Nobody knows whether it was done, for this reason.
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

/// Why something did not work. What sends commands fails as they do, besides
/// what its own documentation names: with what the server answers
/// ([`Reply::status`](crate::Reply::status)), or lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeaError {
    /// It was refused, or cannot be done.
    Status(Status, Option<Vec<u8>>),
    /// No answer, or half of one: it may have been done.
    Lost(Status),
}

impl KeaError {
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

impl From<Status> for KeaError {
    fn from(status: Status) -> Self {
        Self::Status(status, None)
    }
}

impl From<KeaError> for Answer {
    fn from(error: KeaError) -> Self {
        match error {
            KeaError::Status(status, message) => Self::Status(status, message),
            KeaError::Lost(status) => Self::Lost(status),
        }
    }
}

impl From<Result<Answer, KeaError>> for Answer {
    fn from(result: Result<Answer, KeaError>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

/// A refusal to change an object, in the words of dhcpd.
pub(crate) fn refused(status: Status) -> KeaError {
    KeaError::because(status, refusals::CANNOT_UPDATE)
}
