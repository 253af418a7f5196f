//! The database as the store of the protocol's sessions, and dhcpd's ways with
//! handles.

use crate::database::Database;
use crate::objects::{self, Kind, Published};
use crate::request::{self, Decision};
use omapi::request::{Outcome, Request};
use omapi::server::{Reply, Store};
use omapi::status::Status;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The database, which all connections share.
pub(crate) struct Shared<'a>(pub(crate) &'a Mutex<Database>);

impl Shared<'_> {
    /// A connection that panicked (none should) leaves the database usable: no
    /// object is ever half written.
    fn lock(&self) -> MutexGuard<'_, Database> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Shared<'_> {
    fn has_type(&self, name: &[u8]) -> bool {
        Kind::from_name(name).is_some()
    }

    fn new_handle(&mut self, id: u32) -> Option<u32> {
        // dhcpd gives out no new handle in the answer to a request with id 0.
        (id != 0).then(|| self.lock().handles.reserve())
    }

    fn submit(&mut self, request: &Request<'_>, reply: Reply<'_>) {
        let mut db = self.lock();
        let decision = request::serve(&mut db, request);
        if db.shutdown {
            // dhcpd sends nothing more, not even an answer to this request.
            reply.hang_up();
            return;
        }
        let mut published = Published::default();
        let outcome = match decision {
            Decision::Status(code, text) => Ok(Outcome::Status {
                code,
                message: Some(text.as_bytes()),
            }),
            Decision::Object(object) => {
                let handle = match reply.id() {
                    // As above.
                    0 => db.handles.known(object).unwrap_or(0),
                    _ => db.handles.of(object),
                };
                objects::publish(&mut db, object, &mut published)
                    .map(|()| handle)
                    .map(|handle| published.outcome(handle))
            }
            Decision::Transient(kind) => {
                let handle = match reply.id() {
                    0 => 0,
                    _ => db.handles.transient(),
                };
                objects::publish_transient(kind, &mut published).map(|()| published.outcome(handle))
            }
        };
        drop(db);
        // Values too long for the wire.
        reply.answer(outcome.unwrap_or(Outcome::Status {
            code: Status::INVALID_ARGUMENT,
            message: None,
        }));
    }
}
