//! Changes of reservations and classes, and what to answer when they are made.

use super::reservation::Reservation;
use crate::json::Map;
use crate::model::{Answer, HostKey, Identity};
use crate::server::ServerInfo;
use omapi::status::Status;

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    /// A new reservation comes.
    Add(Reservation),
    /// A reservation changes; its key stays the same.
    Replace(HostKey, Reservation),
    /// That reservation goes.
    Remove(HostKey),
    /// A new class comes.
    AddClass(Map),
    /// The class of that name goes.
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
    /// These changes, and success without an object as the answer.
    #[must_use]
    pub(super) fn of(edits: Vec<Edit>) -> Self {
        Self {
            edits,
            answer: Answer::Status(Status::SUCCESS, None),
            moved: None,
        }
    }

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
