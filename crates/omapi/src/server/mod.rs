//! A server's side of a connection: requests to a store, outcomes to signed
//! messages. No I/O, no clock, no locks.
//!
//! A [`Session`] is one client. The owner of the socket moves the bytes:
//! received ones into [`space`](Session::space), then [`serve`](Session::serve),
//! and what is [`sendable`](Session::sendable) out again. The session does the
//! introduction, message boundaries and limits, keys and signatures, and answers
//! by itself what needs no object. Everything else goes to a [`Store`], in the
//! words of [`request`](crate::request).
//!
//! A store answers at once, through the [`Reply`] that comes with the request,
//! or later and in any order: it then keeps a [`Token`] and the answer goes to
//! [`Session::answer`]. What a client can make a session hold is limited by
//! [`Config`]: a request is taken up only while the unsent answers are few.
//!
//! Keys are part of the server's configuration, a [`Keyring`] that all sessions
//! share. The store has no part in them but that it hands out their handles,
//! because clients see keys and objects in one space of handles.
//!
//! # A store over Kea
//!
//! `omapi-testd` has its objects in memory and answers at once. A store over a
//! Kea server is a connection of the engine. Its [`submit`](Store::submit)
//! hands the request on as it is, with a completion that holds
//! [`reply.later()`](Reply::later) and the client's number; the completion copies
//! the outcome to a queue. The thread that has the sessions takes it from there
//! and calls [`Session::answer`], then [`Session::serve`] again, because an
//! answer may have made room for the next request. The engine's connection has
//! its own order of execution, so no lock is needed around the store.
//! [`has_type`](Store::has_type) is true for every name, as Kea's mapping has
//! its own word for types it does not know; [`new_handle`](Store::new_handle)
//! has to count in a range that the mapping's handles do not use. Kea itself
//! knows no keys, so such a server should [require](Keyring::require) one.

mod keyring;
mod open;
mod reply;
mod session;
#[cfg(test)]
mod tests;

pub use keyring::{Keyring, UnknownKey};
pub use open::{Opening, opening};
pub use reply::{Reply, Token};
pub use session::{Config, End, Session, Store};
