//! Several connections, and a program's descriptors, in one wait.
//!
//! The common case, a thread with one connection, goes straight to the engine.

use super::connection::Conn;
use super::io;
use engine::{Phase, Waited, net};
use omapi::status::Status;
use parking_lot::Mutex;
use rustix::event::PollFd;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How long a thread sleeps at most when it serves several connections and
/// another thread reads one of them.
const SHARED_NAP: Duration = Duration::from_millis(5);

/// Connections that may still have something to do.
static ALL: Mutex<Vec<Weak<Conn>>> = Mutex::new(Vec::new());

thread_local! {
    /// Connections that this thread used last, unless another one has since.
    static MINE: RefCell<Vec<Weak<Conn>>> = const { RefCell::new(Vec::new()) };
    /// Changes when the thread makes a request, perhaps inside a wait.
    static NEWS: Cell<u32> = const { Cell::new(0) };
    static THREAD: u64 = {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

/// Says that the calling thread uses `engine`: it will serve it in its waits.
pub(crate) fn used(engine: &Arc<Conn>) {
    NEWS.set(NEWS.get().wrapping_add(1));
    let me = THREAD.with(|t| *t);
    let before = engine.last_user().swap(me, Ordering::Relaxed);
    if before == me {
        return;
    }
    if before == 0 {
        let mut all = ALL.lock();
        all.retain(|c| c.strong_count() > 0);
        all.push(Arc::downgrade(engine));
    }
    // In a thread that is ending, the list may be gone already.
    let _ = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        let new = Arc::downgrade(engine);
        mine.retain(|c| c.strong_count() > 0 && !Weak::ptr_eq(c, &new));
        mine.push(new);
    });
}

/// The other connections that this thread must serve while it waits.
fn others(primary: &Arc<Conn>) -> Vec<Arc<Conn>> {
    let me = THREAD.with(|t| *t);
    let mine = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.len() < 2 {
            return Vec::new();
        }
        let all: Vec<_> = mine.iter().filter_map(Weak::upgrade).collect();
        mine.retain(|c| {
            let c = all
                .iter()
                .find(|a| std::ptr::addr_eq(c.as_ptr(), Arc::as_ptr(a)));
            c.is_some_and(|c| c.last_user().load(Ordering::Relaxed) == me)
        });
        all
    });
    // Only here, where nothing is borrowed: a connection may die with the last
    // reference, and objects of the program with it.
    let mut mine = mine.unwrap_or_default();
    mine.retain(|c| {
        !Arc::ptr_eq(c, primary) && c.last_user().load(Ordering::Relaxed) == me && c.is_busy()
    });
    mine
}

/// Waits until `done`, driving `primary` and whatever else the thread serves.
pub(crate) fn wait(
    primary: &Arc<Conn>,
    key: usize,
    deadline: Option<Instant>,
    done: &mut dyn FnMut(Phase) -> bool,
) -> Waited {
    let mut tried = false;
    loop {
        let mut connections = others(primary);
        if connections.is_empty() && !io::any() {
            // Callbacks may use another connection, or register a descriptor.
            let news = NEWS.get();
            let mut over = false;
            let waited = primary.wait_about(key, deadline, &mut |phase| {
                over = done(phase);
                over || NEWS.get() != news || io::any()
            });
            if over || waited != Waited::Done {
                return waited;
            }
            tried = true;
            continue;
        }
        connections.push(Arc::clone(primary));
        // Before it is asked whether to go on, because the program's functions
        // may do anything, and before any role is taken.
        let programs = io::interests();
        for c in &connections {
            c.deliver();
        }
        if done(primary.phase()) {
            return Waited::Done;
        }
        if let Some(status) = primary.finished() {
            return Waited::Closed(status);
        }
        if tried && deadline.is_some_and(|d| d <= Instant::now()) {
            return Waited::TimedOut;
        }
        tried = true;
        if let Err(status) = pass(&connections, &programs, deadline) {
            return Waited::Closed(status);
        }
        for c in &connections {
            c.deliver();
        }
    }
}

/// Waits until a new connection can be used.
pub(crate) fn wait_ready(engine: &Arc<Conn>, deadline: Option<Instant>) -> Waited {
    wait(engine, 0, deadline, &mut |phase| {
        matches!(phase, Phase::Ready | Phase::Draining)
    })
}

/// Waits until `done`, driving all connections: for an object whose requests
/// are on several of them.
pub(crate) fn wait_all(deadline: Option<Instant>, done: &mut dyn FnMut() -> bool) -> Waited {
    loop {
        let result = once(deadline);
        if done() {
            return Waited::Done;
        }
        match result {
            Status::SUCCESS if deadline.is_some_and(|d| d <= Instant::now()) => {
                return Waited::TimedOut;
            }
            Status::SUCCESS => {}
            Status::TIMED_OUT => return Waited::TimedOut,
            status => return Waited::Closed(status),
        }
    }
}

/// One round over all given connections and the program's descriptors: waits
/// for the first to be ready, at most until the deadline. False when nothing
/// was.
fn pass(
    connections: &[Arc<Conn>],
    programs: &[io::Interest],
    deadline: Option<Instant>,
) -> Result<bool, Status> {
    let mut guards = Vec::new();
    let mut shared = false;
    for c in connections {
        shared |= c.is_completing();
        match c.begin_io() {
            Some(guard) => guards.push(guard),
            None => shared |= c.finished().is_none(),
        }
    }
    let mut until = deadline;
    if shared {
        let nap = Instant::now() + SHARED_NAP;
        until = Some(deadline.map_or(nap, |d| d.min(nap)));
    }
    let timers = guards.iter().filter_map(|g| g.wake_at());
    until = timers.chain(until).min();
    let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(guards.len() + programs.len());
    let counts: Vec<usize> = guards.iter().map(|g| g.register(&mut fds)).collect();
    fds.extend(programs.iter().map(io::Interest::poll_fd));
    net::poll(&mut fds, until).map_err(engine::status_of)?;
    let ready: Vec<_> = fds.iter().map(PollFd::revents).collect();
    drop(fds);
    let mut any = false;
    let mut rest = &ready[..];
    for (guard, count) in guards.iter_mut().zip(counts) {
        let (its, others) = rest.split_at(count);
        any |= guard.proceed(its);
        rest = others;
    }
    drop(guards);
    for (interest, &flags) in programs.iter().zip(rest) {
        any |= !flags.is_empty();
        interest.serve(flags);
    }
    io::reap();
    Ok(any)
}

/// All connections that are still open, or have callbacks to run.
fn open_connections() -> Vec<Arc<Conn>> {
    let mut all: Vec<_> = ALL.lock().iter().filter_map(Weak::upgrade).collect();
    // Without the lock: a connection may die with the last reference.
    all.retain(|c| c.finished().is_none() || c.is_busy());
    all
}

/// Serves everything once: waits until something is ready, at most until the
/// deadline. `ISC_R_NOMORE` when there is nothing to serve, `ISC_R_TIMEDOUT`.
pub(crate) fn once(deadline: Option<Instant>) -> Status {
    let connections = open_connections();
    if connections.is_empty() && !io::any() {
        return Status::NO_MORE;
    }
    let result = pass(&connections, &io::interests(), deadline);
    for c in &connections {
        c.deliver();
    }
    match result {
        Ok(true) => Status::SUCCESS,
        Ok(false) if deadline.is_some_and(|d| d <= Instant::now()) => Status::TIMED_OUT,
        Ok(false) => Status::SUCCESS,
        Err(status) => status,
    }
}

/// Serves everything until the deadline, or until nothing is left.
pub(crate) fn forever(deadline: Option<Instant>) -> Status {
    loop {
        match once(deadline) {
            Status::SUCCESS if deadline.is_some_and(|d| d <= Instant::now()) => {
                return Status::TIMED_OUT;
            }
            Status::SUCCESS => {}
            other => return other,
        }
    }
}
