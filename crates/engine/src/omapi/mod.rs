//! A connection over OMAPI: one socket, and a session of the protocol.

mod connection;
mod reader_guard;
mod send;

pub(crate) use connection::OmapiConnection;
