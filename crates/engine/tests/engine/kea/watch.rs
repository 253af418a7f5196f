//! The descriptor for event loops: whenever there is something to do, it is
//! readable.
#![cfg(any(target_os = "linux", target_os = "android"))]

use super::server::{
    Conn, Folder, Server, connect, finish, look_up, ready, serve_http, start, start_http, until,
};
use crate::ticket::{Got, LONG, Slot};
use engine::net;
use engine::{Disconnect, Phase, Waited};
use omapi::status::Status;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Polls the connection's descriptor.
#[allow(unsafe_code)]
fn is_readable(c: &Conn, limit: Duration) -> bool {
    let fd = c.descriptor().expect("a descriptor");
    // SAFETY: it stays open while the connection does, and no test ends that
    // meanwhile but one, which polls it when the end comes.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    net::poll(&mut fds, Some(Instant::now() + limit)).unwrap() > 0
}

/// What `omapi_connection_reader` does.
fn reader(c: &Conn) {
    if let Some(io) = c.begin_io() {
        io.poll_once(Some(Instant::now()));
    }
    c.deliver();
}

/// Rounds of a program's loop until all have ended.
fn turn_until_done(c: &Conn, slots: &[Arc<Slot>]) {
    while slots.iter().any(|s| s.followed() == 0) {
        assert!(is_readable(c, LONG), "nothing to do, and not done");
        reader(c);
    }
}

/// Nothing is to be done, for now.
fn rests(c: &Conn) {
    // It may say more than there is, once.
    reader(c);
    assert!(!is_readable(c, Duration::from_millis(20)));
}

#[test]
fn a_loop() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = start(&folder.socket(), "");
    while c.phase() == Phase::Connecting {
        assert!(is_readable(&c, LONG), "not connected");
        reader(&c);
    }
    assert_eq!(c.phase(), Phase::Ready);
    rests(&c);
    let descriptor = c.descriptor();
    for round in 0..5 {
        let slots: Vec<_> = (0..100).map(|i| look_up(&c, i)).collect();
        if round % 2 == 0 {
            c.flush();
        }
        turn_until_done(&c, &slots);
        assert!(
            slots
                .iter()
                .all(|s| matches!(s.got(), Some(Got::Object(_))))
        );
        rests(&c);
        // A wait in between changes nothing.
        let slot = look_up(&c, 1);
        assert_eq!(finish(&c, &slot), Waited::Done);
        rests(&c);
    }
    assert_eq!(c.descriptor(), descriptor, "it is the same for ever");
    c.disconnect(Disconnect::Now);
    c.deliver_all();
    assert_eq!(c.descriptor(), None);
}

/// Over HTTP, where connections are kept and taken again.
#[test]
fn kept_connections() {
    let c = start_http(serve_http(7, |asked| asked.obey()));
    while c.phase() == Phase::Connecting {
        assert!(is_readable(&c, LONG), "not connected");
        reader(&c);
    }
    for number in [1, 2, 30, 100, 1] {
        let slots: Vec<_> = (0..number).map(|i| look_up(&c, i)).collect();
        turn_until_done(&c, &slots);
        assert!(
            slots
                .iter()
                .all(|s| matches!(s.got(), Some(Got::Object(_))))
        );
        // Those that the server closes meanwhile are nothing to do.
        rests(&c);
    }
}

/// It is asked for when commands are under way already.
#[test]
fn asked_for_late() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| {
        if !asked.is_probe() {
            thread::sleep(Duration::from_millis(50));
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    let slots: Vec<_> = (0..20).map(|i| look_up(&c, i)).collect();
    c.flush();
    turn_until_done(&c, &slots);
    rests(&c);
}

/// Time alone makes it readable: a command without answer, a full queue.
#[test]
fn time_passes() {
    let folder = Folder::new();
    let server = Server::start(&folder.socket(), |asked| {
        if asked.is_probe() {
            asked.obey()
        } else {
            asked.until_closed()
        }
    });
    let c = start(&folder.socket(), "timeout=1");
    assert_eq!(ready(&c), Waited::Done);
    let slots = [look_up(&c, 1)];
    turn_until_done(&c, &slots);
    assert_eq!(slots[0].got(), Some(Got::Status(Status::TIMED_OUT)));
    rests(&c);
    drop(server);

    let _server = Server::with_queue(&folder.socket(), 0, |asked| {
        thread::sleep(Duration::from_millis(2));
        asked.obey();
    });
    let slots: Vec<_> = (0..50).map(|i| look_up(&c, i)).collect();
    turn_until_done(&c, &slots);
    assert!(
        slots
            .iter()
            .all(|s| matches!(s.got(), Some(Got::Object(_))))
    );
    rests(&c);
}

/// More requests fail at once than are started at a stretch.
#[test]
fn the_server_is_gone() {
    let folder = Folder::new();
    let server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    drop(server);
    let slots: Vec<_> = (0..1000).map(|i| look_up(&c, i as u8)).collect();
    turn_until_done(&c, &slots);
    rests(&c);
}

/// What another thread leaves behind, and the end that it brings.
#[test]
fn other_threads() {
    let folder = Folder::new();
    let answers = Arc::new(AtomicU32::new(0));
    let allowed = Arc::clone(&answers);
    let _server = Server::start(&folder.socket(), move |asked| {
        if !asked.is_probe() {
            until("allowed", || allowed.load(Ordering::SeqCst) > 0);
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    assert!(c.descriptor().is_some());
    let slots: Vec<_> = (0..20).map(|i| look_up(&c, i)).collect();
    thread::scope(|s| {
        // It serves for a while, starts what may start, and leaves.
        s.spawn(|| {
            c.wait(
                Some(Instant::now() + Duration::from_millis(30)),
                &mut |_| false,
            )
        })
        .join()
        .unwrap();
        answers.store(1, Ordering::SeqCst);
        turn_until_done(&c, &slots);
        rests(&c);
        // It queues, we serve.
        let queued: Vec<_> = s
            .spawn(|| (0..20).map(|i| look_up(&c, i)).collect())
            .join()
            .unwrap();
        turn_until_done(&c, &queued);
        rests(&c);
        // It serves while we look.
        let more: Vec<_> = (0..200).map(|i| look_up(&c, i)).collect();
        let (last, same) = (Arc::clone(&more[199]), Arc::clone(&c));
        let other = s.spawn(move || finish(&same, &last));
        turn_until_done(&c, &more);
        assert_eq!(other.join().unwrap(), Waited::Done);
        rests(&c);
        // It ends the connection while we poll.
        let polls = s.spawn(|| is_readable(&c, LONG));
        thread::sleep(Duration::from_millis(100));
        c.disconnect(Disconnect::Now);
        assert!(polls.join().unwrap());
        c.deliver_all();
    });
}
