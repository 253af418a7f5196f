//! A client's side of a connection: requests to signed messages, messages to
//! outcomes. No I/O, no locks.
//!
//! [`Session`] is the sending half (ids, what is outstanding, the window),
//! [`Reader`] the receiving one (message boundaries, verification). They are
//! separate, so that one thread may send while another reads.

mod reader;
mod session;

pub use reader::{Reader, Received};
pub use session::{Answered, Credentials, Session, Signer};
