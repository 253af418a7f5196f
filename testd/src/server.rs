//! The listener and its threads.

use crate::Config;
use crate::connection;
use crate::database::Database;
use crate::text::conf::Conf;
use omapi::auth::SigningKey;
use omapi::server::{self, End, Keyring};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// dhcpd closes what is accepted beyond about this many connections.
const CONNECTIONS: usize = 193;

/// A running server. Dropping it closes every connection and waits for the
/// threads.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    protocol: Arc<server::Config>,
    db: Mutex<Database>,
    open: Mutex<Open>,
    addr: SocketAddr,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The connections, under one lock with the decision to stop, so that none
/// can slip in between.
#[derive(Default)]
struct Open {
    stopping: bool,
    next: u64,
    streams: HashMap<u64, TcpStream>,
}

impl Server {
    /// Binds the address and serves in threads of its own.
    ///
    /// # Errors
    /// The address cannot be bound, a thread cannot be started, or the
    /// `omapi-key` names no key.
    pub fn start(config: Config) -> io::Result<Self> {
        let protocol = server::Config {
            keyring: keyring(&config.conf)?,
            ..server::Config::default()
        };
        let listener = TcpListener::bind(config.listen)?;
        let addr = listener.local_addr()?;
        let now = config.now.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |d| u32::try_from(d.as_secs()).unwrap_or(u32::MAX))
        });
        let shared = Arc::new(Shared {
            protocol: Arc::new(protocol),
            db: Mutex::new(Database::new(&config, now)),
            open: Mutex::default(),
            addr,
        });
        let accepting = Arc::clone(&shared);
        let listener = thread::Builder::new()
            .name("accept".into())
            .spawn(move || accept(&listener, &accepting))?;
        Ok(Self {
            addr,
            shared,
            listener: Some(listener),
        })
    }

    /// Where it listens; the port is the real one.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until a client ends the server (control object, state 2).
    pub fn wait(mut self) {
        if let Some(listener) = self.listener.take() {
            // The thread does not panic; if it did, the server is over too.
            let _ = listener.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take()
            && self.shared.stop()
        {
            let _ = listener.join();
        }
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all connections and the listener. False when the listener could
    /// not be woken, so that nobody may wait for it.
    fn stop(&self) -> bool {
        let mut open = self.open();
        open.stopping = true;
        for stream in open.streams.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(open);
        // std has no way to interrupt accept() but a connection.
        let ip = match self.addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let addr = SocketAddr::new(ip, self.addr.port());
        match TcpStream::connect_timeout(&addr, Duration::from_secs(5)) {
            Ok(_) => true,
            // Gone already: another client has ended the server.
            Err(e) => e.kind() == io::ErrorKind::ConnectionRefused,
        }
    }

    /// Notes a connection; `None` when it has to be closed at once.
    fn register(&self, stream: &TcpStream) -> Option<u64> {
        let mut open = self.open();
        if open.stopping || open.streams.len() >= CONNECTIONS {
            return None;
        }
        let copy = stream.try_clone().ok()?;
        open.next += 1;
        let number = open.next;
        open.streams.insert(number, copy);
        Some(number)
    }
}

/// The keys of a configuration.
fn keyring(conf: &Conf) -> io::Result<Keyring> {
    let mut keyring = Keyring::new();
    for key in &conf.keys {
        keyring.add(&key.name, SigningKey::new(key.algorithm, &key.secret));
    }
    if let Some(name) = &conf.omapi_key {
        let invalid = |_| {
            let problem = "omapi-key names no key";
            io::Error::new(io::ErrorKind::InvalidInput, problem)
        };
        keyring.require(name).map_err(invalid)?;
    }
    Ok(keyring)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if shared.open().stopping {
            break;
        }
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, or a client that is gone again. Do not
                // turn the former into a busy loop.
                thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        let Some(number) = shared.register(&stream) else {
            continue;
        };
        threads.retain(|t| !t.is_finished());
        let of_thread = Arc::clone(shared);
        let started = thread::Builder::new()
            .name(format!("client {number}"))
            .spawn(move || client(stream, number, &of_thread));
        match started {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(shared.open().streams.remove(&number)),
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn client(stream: TcpStream, number: u64, shared: &Shared) {
    let end = connection::serve(stream, &shared.protocol, &shared.db);
    // The copy goes too: the connection is closed when both are.
    shared.open().streams.remove(&number);
    if let Ok(Some(End::HungUp)) = end {
        shared.stop();
    }
}
