//! One client: its socket and its session.

use crate::database::Database;
use crate::store::Shared;
use omapi::server::{Config, End, Session};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

/// Serves a client until it closes the connection (`None`) or its session ends.
pub(crate) fn serve(
    mut stream: TcpStream,
    config: &Arc<Config>,
    db: &Mutex<Database>,
) -> io::Result<Option<End>> {
    // Answers are written whole; waiting for more would only delay them.
    stream.set_nodelay(true)?;
    // The first id is random in dhcpd, too; nothing depends on it.
    let first_id = RandomState::new().hash_one(0) as u32;
    let mut session = Session::new(Arc::clone(config), first_id);
    loop {
        let served = session.serve(&mut Shared(db));
        // Requests may be left, until what was answered is sent.
        let wants_input = session.wants_input();
        stream.write_all(session.sendable())?;
        session.sent(session.sendable().len());
        if let Err(end) = served {
            return Ok(Some(end));
        }
        if !wants_input {
            continue;
        }
        match stream.read(session.space()) {
            Ok(0) => return Ok(None),
            Ok(n) => session.filled(n),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
