//! What a job needs done, and how it ended.

use crate::json::{self, Map, Value};
use crate::model::{KeaError, LeaseFields};
use omapi::status::Status;
use std::time::Duration;

/// What a job needs done before it can go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this command and bring the answer.
    Command {
        /// The command, as JSON.
        bytes: Vec<u8>,
        /// True when sending it twice is the same as once.
        repeatable: bool,
        /// True if a usual lease need not come as a tree: [`Reply::lease`].
        lease: bool,
    },
    /// Take the lock that keeps other clients of this library from rewriting
    /// the configuration; it is held until the job ends.
    Lock,
    /// Let this much time pass.
    Sleep(Duration),
}

/// Kea's answer to a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The result code: 0 success, 1 error, 2 unsupported, 3 empty, 4 conflict
    /// (from 2.6 on; 1 before), 5 failed and not rolled back.
    pub result: i64,
    /// All of it; nothing when it is in `lease`.
    pub whole: Map,
    /// The lease, when nothing else was wanted of the answer.
    pub lease: Option<Box<LeaseFields>>,
}

impl Reply {
    /// Takes a parsed answer: a map, or over HTTP a list of one.
    ///
    /// # Errors
    /// `DHCP_R_PROTOCOLERROR` for anything else.
    pub fn new(value: Value) -> Result<Self, Status> {
        let value = match value {
            Value::Array(mut list) if list.len() == 1 => list.pop().unwrap_or_default(),
            other => other,
        };
        match value {
            Value::Object(whole) => match whole.get("result").and_then(Value::as_i64) {
                Some(result) => Ok(Self {
                    result,
                    whole,
                    lease: None,
                }),
                None => Err(Status::PROTOCOL_ERROR),
            },
            _ => Err(Status::PROTOCOL_ERROR),
        }
    }

    /// The result of what is no command.
    #[must_use]
    pub fn done() -> Self {
        Self {
            result: 0,
            whole: Map::new(),
            lease: None,
        }
    }

    /// A success that brings this lease.
    #[must_use]
    pub fn of(lease: LeaseFields) -> Self {
        Self {
            lease: Some(Box::new(lease)),
            ..Self::done()
        }
    }

    /// `arguments`, `Null` when there are none.
    #[must_use]
    pub(crate) fn arguments(&self) -> &Value {
        self.whole.get("arguments").unwrap_or(&Value::Null)
    }

    /// Takes `arguments` out.
    #[must_use]
    pub(crate) fn into_arguments(mut self) -> Value {
        self.whole.shift_remove("arguments").unwrap_or(Value::Null)
    }

    /// `text`, for people only: it differs from version to version.
    #[must_use]
    pub(crate) fn text(&self) -> Vec<u8> {
        json::string(&self.whole, "text").map_or_else(Vec::new, json::bytes)
    }

    /// What a result code means when nothing more is known.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.result {
            0 => Status::SUCCESS,
            2 => Status::NOT_IMPLEMENTED,
            3 => Status::NOT_FOUND,
            5 => Status::IO_ERROR,
            _ => Status::FAILURE,
        }
    }

    /// A failure with this status and Kea's text.
    #[must_use]
    pub(crate) fn error(&self, status: Status) -> KeaError {
        KeaError::Status(status, Some(self.text()).filter(|t| !t.is_empty()))
    }

    /// The answer if it is a success.
    ///
    /// # Errors
    /// What [`status`](Self::status) says, with the text.
    pub(crate) fn ok(self) -> Result<Self, KeaError> {
        match self.result {
            0 => Ok(self),
            _ => Err(self.error(self.status())),
        }
    }

    /// The answer, or `None` for "empty".
    ///
    /// # Errors
    /// Every other result.
    pub(crate) fn found(self) -> Result<Option<Self>, KeaError> {
        match self.result {
            3 => Ok(None),
            _ => self.ok().map(Some),
        }
    }
}

/// How an effect ended: `Err(Lost)` when nobody knows whether it was done.
pub type Exchanged = Result<Reply, KeaError>;
