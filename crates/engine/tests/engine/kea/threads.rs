//! Several threads on connections to Kea.

use super::server::{
    Conn, Folder, Server, change, connect, finish, look_up, look_up_as, ready, until,
};
use crate::ticket::{Dice, Got, How, LONG};
use engine::{Disconnect, Waited};
use omapi::status::Status;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// As in `crate::threads`.
fn at_once(number: usize, work: impl Fn() + Sync) {
    thread::scope(|s| {
        let threads: Vec<_> = (0..number).map(|_| s.spawn(&work)).collect();
        for t in threads {
            t.join().unwrap();
        }
    });
}

#[test]
fn one_connection_for_all_threads() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    at_once(4, || {
        for i in 0..200 {
            let slot = look_up(&c, i);
            assert_eq!(finish(&c, &slot), Waited::Done);
            assert_eq!(slot.completed(), 1);
            assert!(matches!(slot.got(), Some(Got::Object(_))));
        }
    });
}

/// The thread that serves leaves at its deadline; one that slept goes on.
#[test]
fn the_one_who_serves_leaves() {
    let folder = Folder::new();
    let leaves = Arc::new(AtomicBool::new(false));
    let left = Arc::clone(&leaves);
    let _server = Server::start(&folder.socket(), move |asked| {
        if !asked.is_probe() {
            until("it left", || left.load(Ordering::SeqCst));
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    let slot = look_up(&c, 1);
    thread::scope(|s| {
        let serves = s.spawn(|| {
            let soon = Instant::now() + Duration::from_millis(100);
            let waited = c.wait(Some(soon), &mut |_| false);
            leaves.store(true, Ordering::SeqCst);
            waited
        });
        thread::sleep(Duration::from_millis(30));
        let sleeper = s.spawn(|| c.wait(None, &mut |_| slot.completed() > 0));
        assert_eq!(serves.join().unwrap(), Waited::TimedOut);
        assert_eq!(sleeper.join().unwrap(), Waited::Done);
    });
}

/// A sleeper keeps its deadline although another thread serves.
#[test]
fn a_deadline_while_another_thread_serves() {
    let folder = Folder::new();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let _server = Server::start(&folder.socket(), move |asked| {
        if !asked.is_probe() {
            until("stopped", || stopped.load(Ordering::SeqCst));
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    let slot = look_up(&c, 1);
    thread::scope(|s| {
        let serves = s.spawn(|| finish(&c, &slot));
        let waits = [0, 1, 30, 100].map(|millis| {
            let c: &Conn = &c;
            s.spawn(move || {
                let before = Instant::now();
                let limit = Duration::from_millis(millis);
                let waited = c.wait(Some(before + limit), &mut |_| false);
                assert!(before.elapsed() >= limit);
                waited
            })
        });
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Waited::TimedOut);
        }
        assert_eq!(slot.completed(), 0);
        stop.store(true, Ordering::SeqCst);
        assert_eq!(serves.join().unwrap(), Waited::Done);
    });
}

/// A thread that only queues, while another polls for an answer that comes when
/// the second command is there.
#[test]
fn queued_while_another_thread_serves() {
    let folder = Folder::new();
    let asked_for = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked_for);
    let _server = Server::start(&folder.socket(), move |asked| {
        if !asked.is_probe() {
            count.fetch_add(1, Ordering::SeqCst);
            until("two", || count.load(Ordering::SeqCst) >= 2);
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    let first = look_up(&c, 1);
    thread::scope(|s| {
        let serves = s.spawn(|| finish(&c, &first));
        until("one", || asked_for.load(Ordering::SeqCst) == 1);
        let second = look_up(&c, 2);
        assert_eq!(serves.join().unwrap(), Waited::Done);
        assert_eq!(finish(&c, &second), Waited::Done);
    });
}

/// As over OMAPI: handlers that one thread runs end what another waits for.
#[test]
fn handlers_in_another_thread_end_it() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let work = || thread::sleep(Duration::from_millis(200));
    let slot = look_up_as(&c, 1, Some(Box::new(work)), How::Later).expect("a request");
    at_once(2, || {
        assert_eq!(finish(&c, &slot), Waited::Done);
        assert_eq!(slot.completed(), 1);
    });
}

/// What changes something has nothing beside it, whoever queues what.
#[test]
fn changes_are_alone() {
    let folder = Folder::new();
    let (now, wrong) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = (Arc::clone(&now), Arc::clone(&wrong));
    let _server = Server::start(&folder.socket(), move |asked| {
        let alone = asked.command == "leases-reclaim";
        let beside = counts
            .0
            .fetch_add(if alone { 1000 } else { 1 }, Ordering::SeqCst);
        if beside >= 1000 || (alone && beside > 0) {
            counts.1.fetch_add(1, Ordering::SeqCst);
        }
        thread::yield_now();
        counts
            .0
            .fetch_sub(if alone { 1000 } else { 1 }, Ordering::SeqCst);
        asked.obey();
    });
    let c = connect(&folder.socket());
    at_once(4, || {
        for i in 0..50 {
            let slots = [
                look_up(&c, i),
                look_up(&c, i + 1),
                change(&c),
                look_up(&c, i),
            ];
            for slot in &slots {
                assert_eq!(finish(&c, slot), Waited::Done);
                assert_eq!(slot.completed(), 1);
            }
        }
    });
    assert_eq!(wrong.load(Ordering::SeqCst), 0);
}

/// One worker of the stress test; see `crate::threads`.
fn worker(pool: &[parking_lot::Mutex<Conn>], path: &Path, seed: u64, end: Instant) -> u64 {
    let mut dice = Dice(seed);
    let mut ended = 0;
    while Instant::now() < end {
        let at = dice.below(pool.len() as u64) as usize;
        let c = Arc::clone(&pool[at].lock());
        let how = |dice: &mut Dice| match dice.below(8) {
            0 => How::Later,
            _ => How::Plain,
        };
        let asked: Vec<_> = (0..dice.below(20))
            .map_while(|i| look_up_as(&c, i as u8, None, how(&mut dice)).ok())
            .collect();
        match dice.below(20) {
            0 => {
                c.disconnect(match dice.below(2) {
                    0 => Disconnect::Now,
                    _ => Disconnect::WhenSent,
                });
                c.deliver_all();
            }
            1 | 2 => {
                let soon = Instant::now() + Duration::from_micros(dice.below(300));
                c.wait(Some(soon), &mut |_| false);
            }
            // In an event loop.
            3 => drop(c.descriptor()),
            4 => {
                if let Some(io) = c.begin_io() {
                    io.poll_once(Some(Instant::now()));
                }
            }
            _ => {}
        }
        for slot in &asked {
            let waited = finish(&c, slot);
            assert_ne!(waited, Waited::TimedOut, "stuck");
            until("it has ended", || slot.completed() == 1);
            match slot.got() {
                Some(Got::Object(_)) => {}
                // Cut off by the server, or by us.
                other => assert!(
                    matches!(
                        other,
                        Some(Got::Status(Status::CONNECTION_RESET))
                            | Some(Got::Lost(Status::CONNECTION_RESET))
                    ),
                    "{other:?}"
                ),
            }
            ended += 1;
        }
        c.deliver_all();
        let mut place = pool[at].lock();
        if place.finished().is_some() && Arc::ptr_eq(&place, &c) {
            *place = connect(path);
        }
    }
    ended
}

/// Many threads, several connections, random ends on both sides.
#[test]
fn stress() {
    let folder = Folder::new();
    let number = Arc::new(AtomicU64::new(1));
    let _server = Server::start(&folder.socket(), move |asked| {
        let mut dice = Dice(number.fetch_add(1, Ordering::SeqCst) * 7919);
        match dice.below(50) {
            0 if !asked.is_probe() => asked.answer_half(),
            1 => {
                thread::sleep(Duration::from_millis(dice.below(5)));
                asked.obey();
            }
            _ => asked.obey(),
        }
    });
    let seconds = std::env::var("DHCPCTL_STRESS").ok();
    let seconds = seconds.and_then(|s| s.parse().ok()).unwrap_or(2);
    let end = Instant::now() + Duration::from_secs(seconds);
    let path = folder.socket();
    let pool: Vec<_> = (0..3)
        .map(|_| parking_lot::Mutex::new(connect(&path)))
        .collect();
    let total: u64 = thread::scope(|s| {
        let workers: Vec<_> = (0..8)
            .map(|i| {
                let (pool, path) = (&pool[..], &path);
                s.spawn(move || worker(pool, path, 1000 + i, end))
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    println!("{total} requests ended once each");
    assert!(total > 100, "only {total} requests in all");
    for c in &pool {
        let c = c.lock();
        if c.finished().is_none() {
            assert_eq!(ready(&c), Waited::Done);
            let slot = look_up(&c, 1);
            assert_eq!(
                c.wait(Some(Instant::now() + LONG), &mut |_| slot.completed() == 1),
                Waited::Done
            );
        }
    }
}
