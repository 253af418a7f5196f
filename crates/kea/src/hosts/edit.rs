//! Changes of reservations and classes, and what to answer when they are made.

use super::reservation::Reservation;
use crate::json::Map;
use crate::model::{Answer, HostKey, Identity};
use crate::server::ServerInfo;
use omapi::status::Status;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// A new reservation.
    Add(Reservation),
    /// In place of the one with that key, which stays the same.
    Replace(HostKey, Reservation),
    /// No more.
    Remove(HostKey),
    /// A new class.
    AddClass(Map),
    /// No more.
    RemoveClass(String),
}

/// What to do for a request, and what to answer when it is done.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// In this order; none when nothing is to be done.
    pub edits: Vec<Edit>,
    /// The answer.
    pub answer: Answer,
    /// The host has no reservation with the first key any more, but one with
    /// the second.
    pub moved: Option<(HostKey, HostKey)>,
}

impl Plan {
    /// What to answer, now that it is done: the program's handles mean the
    /// host, wherever it went.
    #[must_use]
    pub(crate) fn done(self, server: &ServerInfo) -> Answer {
        if let Some((old, new)) = self.moved {
            server.replace(Identity::Host(old), Identity::Host(new));
        }
        self.answer
    }
}

/// A plan that ends with success.
#[must_use]
pub(super) fn done(edits: Vec<Edit>) -> Plan {
    Plan {
        edits,
        answer: Answer::Status(Status::SUCCESS, None),
        moved: None,
    }
}
