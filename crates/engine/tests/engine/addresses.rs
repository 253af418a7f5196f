//! A server with several addresses.

use crate::server::{nobody, serve};
use crate::ticket::{Conn, LONG, ask, finish, ready};
use engine::{Destination, Phase, Waited};
use omapi::status::Status;
use rustix::net::{AddressFamily, SocketType};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// An address that does not answer: its queue is full, and it accepts nobody.
pub(crate) struct Silent {
    listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        rustix::net::bind(&socket, &any).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let try_it = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        let queue = std::iter::from_fn(try_it).take(100).collect::<Vec<_>>();
        assert!(queue.len() < 100, "the queue is never full");
        Self {
            listener,
            _queue: queue,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

fn start(addresses: &[SocketAddr]) -> Conn {
    engine::connect(Destination::Omapi(addresses.to_vec()), 1, None, || {}).expect("an attempt")
}

fn soon() -> Option<Instant> {
    Some(Instant::now() + Duration::from_secs(1))
}

#[test]
fn one_that_is_silent_leaves_time_for_the_next() {
    let silent = Silent::new();
    let good = serve(|peer| peer.obey());
    for addresses in [
        &[good, silent.address()][..],
        &[silent.address(), good],
        &[silent.address(), nobody(), silent.address(), good, nobody()],
    ] {
        let c = start(addresses);
        c.limit_connecting(soon());
        assert_eq!(ready(&c, LONG), Waited::Done, "{addresses:?}");
        assert_eq!(finish(&c, &ask(&c)), Waited::Done);
    }
}

/// The last one has the time that is left, and why it failed is told.
#[test]
fn all_fail() {
    let silent = Silent::new();
    let c = start(&[silent.address(), nobody()]);
    c.limit_connecting(soon());
    let refused = Waited::Closed(Status::CONNECTION_REFUSED);
    assert_eq!(ready(&c, LONG), refused);
    let c = start(&[nobody(), silent.address(), silent.address()]);
    c.limit_connecting(soon());
    let end = soon();
    assert_eq!(c.wait(end, &mut |p| p == Phase::Ready), Waited::TimedOut);
}

/// Whoever only looks from time to time does not use up the addresses.
#[test]
fn short_waits() {
    let silent = Silent::new();
    let c = start(&[silent.address(), nobody()]);
    for _ in 0..10 {
        assert_eq!(ready(&c, Duration::from_millis(5)), Waited::TimedOut);
    }
    assert_eq!(c.phase(), Phase::Connecting);
}
