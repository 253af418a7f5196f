//! A connection to a Kea server.
//!
//! Nothing stays connected over a UNIX socket: a server that was restarted is
//! simply there again, and one that is gone fails the requests of that time.
//! So the state outlives sockets, and the thread with the I/O role polls those of
//! the exchanges in flight, and one that wakes it when there is something new.

use super::io::KeaIo;
use super::io_guard::KeaGuard;
use super::pollable::Pollable;
use crate::core::{Connection, Core, Disconnect, Phase, State, Transport, lose};
use crate::errno::status_of;
use crate::net::Socket;
use crate::waiters::{self, Waiters};
use ::kea::{Moment, Process, Running, ServerInfo, Session, Target};
use omapi::request::{Complete, Request};
use omapi::status::Status;
use parking_lot::MutexGuard;
use rustix::fd::{AsFd, AsRawFd, RawFd};
use std::sync::{Arc, LazyLock};
use std::thread::{self, ThreadId};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What all connections have in common: a program may use an object with
/// another connection than the one that found it, and after that has ended.
static PROCESS: LazyLock<Arc<Process>> = LazyLock::new(Arc::default);

/// A connection to a Kea server.
pub(crate) type KeaConnection<T> = Core<T, Kea<T>>;

/// What is Kea's in the state of a connection.
pub(crate) struct Kea<T: Complete> {
    session: Session<T>,
    /// The I/O role: the thread that takes the io out has it, and puts it back.
    io: Option<Box<KeaIo<T>>>,
    /// The thread that took it out last.
    io_thread: Option<ThreadId>,
    /// A byte is in the wake-up socket.
    woken: bool,
    /// The descriptor for the program's event loop, once it has asked.
    pollable: Option<Pollable>,
}

/// What needs no lock.
pub(crate) struct Fixed {
    info: Arc<ServerInfo>,
    /// Where its clock starts.
    started: Instant,
    /// Written to when the thread with the I/O role is to look again.
    wake: (Socket, Socket),
}

impl<T: Complete> KeaConnection<T> {
    /// Prepares a connection; waiting for it asks the server what it can do.
    ///
    /// # Errors
    /// A name that cannot be looked up, or no descriptors left.
    pub(crate) fn start(
        target: Target,
        on_close: impl FnOnce() + Send + 'static,
    ) -> Result<Arc<Self>, Status> {
        let io = KeaIo::new(&target)?;
        let wake = Socket::pair().map_err(status_of)?;
        let info = ServerInfo::new(target, &PROCESS, std::process::id());
        let kea = Kea {
            session: Session::new(Arc::clone(&info)),
            io: Some(Box::new(io)),
            io_thread: None,
            woken: false,
            pollable: None,
        };
        let fixed = Fixed {
            info,
            started: Instant::now(),
            wake,
        };
        Ok(Arc::new(Self::new(kea, fixed, Box::new(on_close))))
    }

    /// Shows the program's event loop what is in flight. `left` says that no
    /// thread is about to look again.
    fn pollable(&self, st: &mut State<T, Kea<T>>, left: bool) {
        let kea = &mut st.transport;
        if let (Some(pollable), Some(io)) = (&mut kea.pollable, &mut kea.io) {
            pollable.show(io);
            if kea.session.can_start() || (left && !st.callbacks.is_empty()) {
                self.wake(st);
            }
        }
    }

    /// Wakes the thread with the I/O role, and the program's event loop.
    fn wake(&self, st: &mut State<T, Kea<T>>) {
        if !st.transport.woken {
            st.transport.woken = matches!(self.fixed.wake.0.send(&[0]), Ok(1));
        }
    }

    /// The end of the wake-up socket to poll.
    pub(super) fn wakeup(&self) -> &Socket {
        &self.fixed.wake.1
    }

    /// Takes the wake-up byte.
    pub(super) fn awake(&self) {
        let mut st = self.state.lock();
        let _ = self.fixed.wake.1.receive(&mut [0; 8], false);
        st.transport.woken = false;
    }

    /// The server.
    pub(super) fn target(&self) -> &Target {
        &self.fixed.info.target
    }

    /// The time now.
    pub(super) fn moment(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment {
            unix: since.map_or(0, |time| time.as_secs()),
            steady: self.fixed.started.elapsed(),
        }
    }

    /// What may start now.
    pub(super) fn startable(&self) -> Option<Running<T>> {
        let mut st = self.state.lock();
        match st.phase {
            Phase::Closed(_) => None,
            _ => st.transport.session.start(),
        }
    }

    /// A request has ended.
    pub(super) fn ended(&self, running: &Running<T>) {
        self.state.lock().transport.session.ended(running);
    }

    /// The server said what it can do, or why not.
    pub(super) fn probed(&self, running: &Running<T>, status: Status) {
        let mut st = self.state.lock();
        st.transport.session.ended(running);
        if st.phase == Phase::Connecting {
            match status {
                Status::SUCCESS => st.phase = Phase::Ready,
                status => self.close_locked(&mut st, status),
            }
        }
    }

    /// Gives the I/O role back and wakes the waiters.
    pub(super) fn io_returns(
        &self,
        mut io: Box<KeaIo<T>>,
        callbacks: Vec<T::Deferred>,
        stays: bool,
    ) {
        let mut st = self.end_io(callbacks, &io.completed);
        io.completed.clear();
        st.transport.io = Some(io);
        if matches!(st.phase, Phase::Closed(_)) {
            // Left to us when it was closed.
            let tickets = st.transport.abandon();
            lose(&mut st, tickets);
        } else {
            self.pollable(&mut st, !stays);
        }
        Self::io_ended(&mut st, stays);
    }
}

impl<T: Complete> Transport<T> for Kea<T> {
    type Fixed = Fixed;
    type Guard<'c>
        = KeaGuard<'c, T>
    where
        T: 'c;

    const IS_KEA: bool = true;

    fn limit_connecting(&mut self, deadline: Option<Instant>) {
        if let Some(io) = &mut self.io {
            io.limit_connecting(deadline);
        }
    }

    fn socket(_: &KeaConnection<T>) -> Option<Arc<Socket>> {
        None
    }

    fn descriptor(core: &KeaConnection<T>) -> Option<RawFd> {
        if core.is_inherited() {
            return None;
        }
        let mut st = core.state.lock();
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        if st.transport.pollable.is_none() {
            st.transport.pollable = Some(Pollable::new(&core.fixed.wake.1)?);
            match st.transport.io {
                Some(_) => core.pollable(&mut st, true),
                // The thread with the I/O role shows it when it returns.
                None => core.wake(&mut st),
            }
        }
        st.transport
            .pollable
            .as_ref()
            .map(|w| w.as_fd().as_raw_fd())
    }

    fn has_sendable(core: &KeaConnection<T>) -> bool {
        if core.is_inherited() {
            return false;
        }
        let st = core.state.lock();
        st.phase == Phase::Connecting || st.transport.session.has_waiting()
    }

    // Queues a request. It is sent when a thread waits, flushes or
    // dispatches; changes of hosts that are queued together become one
    // change of the configuration.
    fn submit(
        core: &KeaConnection<T>,
        request: &Request<'_>,
        ticket: T,
    ) -> Result<u32, (Status, T)> {
        if core.is_inherited() {
            return Err((Status::CONNECTION_RESET, ticket));
        }
        let mut st = core.state.lock();
        match st.phase {
            Phase::Closed(_) => Err((Status::CONNECTION_RESET, ticket)),
            Phase::Draining => Err((Status::SHUTTING_DOWN, ticket)),
            _ => {
                st.transport.session.submit(request, ticket)?;
                let kea = &st.transport;
                let is_seen = kea.io.is_none() || kea.pollable.is_some();
                // Otherwise it starts when something else ends.
                if is_seen && kea.session.can_start() {
                    core.wake(&mut st);
                }
                Ok(0)
            }
        }
    }

    fn flush(core: &KeaConnection<T>) {
        drop(core.begin_io());
    }

    fn begin_io<'c>(
        core: &'c KeaConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
    ) -> Option<KeaGuard<'c, T>> {
        if matches!(st.phase, Phase::Closed(_)) {
            return None;
        }
        let Some(io) = st.transport.io.take() else {
            // The thread with the I/O role is to look for new requests.
            if st.transport.session.can_start() {
                core.wake(st);
            }
            return None;
        };
        st.transport.io_thread = Some(thread::current().id());
        st.completing += 1;
        let mut guard = KeaGuard::new(core, io);
        MutexGuard::unlocked(st, || guard.start());
        Some(guard)
    }

    fn do_io(mut guard: KeaGuard<'_, T>, deadline: Option<Instant>) {
        guard.stays = true;
        guard.take(deadline);
    }

    fn is_free(&self) -> bool {
        self.io.is_some()
    }

    fn has_outstanding(&self) -> bool {
        self.session.has_outstanding()
    }

    fn disconnect(
        core: &KeaConnection<T>,
        st: &mut MutexGuard<'_, State<T, Self>>,
        how: Disconnect,
    ) {
        // A program's object that ended with its request disconnects, in the
        // middle of a round: there is no other thread to wait for.
        let inside =
            st.transport.io.is_none() && st.transport.io_thread == Some(thread::current().id());
        let may_wait = how == Disconnect::WhenSent && !inside;
        if may_wait && matches!(st.phase, Phase::Ready | Phase::Draining) {
            st.phase = Phase::Draining;
            let limit = Instant::now().checked_add(core.target().options.timeout);
            let done = |st: &State<T, Self>| !st.transport.session.has_changes();
            core.wait_locked(st, waiters::ANYTHING, limit, done);
        }
        core.close_locked(st, Status::CONNECTION_RESET);
        // Another thread with the I/O role gives up what is in flight; it is awake.
        while !inside && st.finished().is_none() {
            Waiters::sleep(st, |st| &mut st.waiters, waiters::ANYTHING, None);
        }
    }

    fn give_up(core: &KeaConnection<T>, st: &mut State<T, Self>) -> Vec<T> {
        // The thread with the I/O role, and one that polls the descriptor that
        // ends here, are to see it.
        core.wake(st);
        st.transport.pollable = None;
        match st.transport.io {
            Some(_) => st.transport.abandon(),
            None => Vec::new(),
        }
    }

    fn forget(&mut self) {
        self.pollable = None;
    }
}

impl<T: Complete> Kea<T> {
    /// Gives everything up, in the order in which it was queued.
    fn abandon(&mut self) -> Vec<T> {
        let mut tickets = match &mut self.io {
            Some(io) => io.give_up(),
            None => Vec::new(),
        };
        tickets.extend(self.session.abandon());
        tickets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Waited;
    use omapi::request::{Deferred, Outcome};
    use rustix::net::{AddressFamily, SocketType};
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    /// These tests make no requests.
    enum Never {}

    impl Complete for Never {
        type Deferred = Self;

        fn complete(self, _: Outcome<'_>) -> Option<Self> {
            match self {}
        }
    }

    impl Deferred for Never {
        fn run(self) {
            match self {}
        }
    }

    /// Answers what connecting asks, until the test process ends.
    fn serve() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(|| answer(stream));
            }
        });
        address
    }

    fn answer(mut stream: TcpStream) {
        let (mut received, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = stream.read(&mut piece) {
            received.extend_from_slice(&piece[..n]);
            let text = String::from_utf8_lossy(&received);
            if !text.ends_with('}') {
                continue;
            }
            let answer = if text.contains("list-commands") {
                r#"[{"result":0,"arguments":["lease4-get","version-get"]}]"#
            } else {
                r#"[{"result":0,"text":"3.0.3"}]"#
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all((head + answer).as_bytes());
            received.clear();
        }
    }

    /// A listener whose queue is full, with those who are in it.
    fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        rustix::net::bind(&socket, &any).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let try_it = || TcpStream::connect_timeout(&address, Duration::from_millis(300)).ok();
        let queue = std::iter::from_fn(try_it).take(100).collect::<Vec<_>>();
        assert!(queue.len() < 100, "the queue is never full");
        (listener, queue, address)
    }

    /// A port where nobody listens.
    fn nobody() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    }

    /// A connection to a server with these addresses.
    fn start(seconds: u32, addresses: &[SocketAddr]) -> Arc<KeaConnection<Never>> {
        let name = format!("kea+http://127.0.0.1/?timeout={seconds}");
        let target = Target::parse(name).unwrap().unwrap();
        let c = KeaConnection::start(target, || {}).unwrap();
        let mut st = c.state.lock();
        st.transport.io.as_mut().unwrap().set_addresses(addresses);
        drop(st);
        c
    }

    fn ready(c: &KeaConnection<Never>) -> Waited {
        c.wait(Some(Instant::now() + LONG), &mut |phase| {
            phase == Phase::Ready
        })
    }

    fn addresses(c: &KeaConnection<Never>) -> Vec<SocketAddr> {
        c.state
            .lock()
            .transport
            .io
            .as_ref()
            .unwrap()
            .addresses()
            .to_vec()
    }

    /// One that is silent leaves time for the next, and the one that worked is
    /// the first to be tried from then on.
    #[test]
    fn several_addresses() {
        let (_listener, _queue, silent) = silent();
        let (good, nobody) = (serve(), nobody());
        for (before, after) in [
            (&[good, silent][..], &[good, silent][..]),
            (&[silent, good], &[good, silent]),
            (
                &[nobody, silent, good, silent],
                &[good, nobody, silent, silent],
            ),
        ] {
            let c = start(2, before);
            assert_eq!(ready(&c), Waited::Done, "{before:?}");
            assert_eq!(addresses(&c), after);
        }
        let c = start(1, &[silent, nobody]);
        assert_eq!(ready(&c), Waited::Closed(Status::CONNECTION_REFUSED));
        let c = start(1, &[nobody, silent, silent]);
        assert_eq!(ready(&c), Waited::Closed(Status::TIMED_OUT));
    }

    /// Whoever connects may have less time than a command.
    #[test]
    fn several_addresses_and_a_deadline() {
        let (_listener, _queue, silent) = silent();
        let c = start(3600, &[silent, serve()]);
        c.limit_connecting(Some(Instant::now() + Duration::from_secs(2)));
        assert_eq!(ready(&c), Waited::Done);
    }
}
