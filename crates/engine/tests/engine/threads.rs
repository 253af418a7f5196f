//! Several threads on one connection, and many on many.

use crate::server::serve;
use crate::ticket::{
    Conn, Dice, Got, How, LONG, ask, ask_with, connect, finish, ready, try_ask, try_ask_as,
    value_of,
};
use engine::{Disconnect, Waited};
use omapi::status::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Runs the same in several threads. (They are joined one by one: only that is
/// an order for ThreadSanitizer, which does not see into Rust's library.)
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
    let c = connect(serve(|peer| peer.obey()));
    at_once(4, || {
        for _ in 0..2_000 {
            let slot = ask(&c);
            assert_eq!(finish(&c, &slot), Waited::Done);
            assert_eq!(slot.completed(), 1);
            assert!(matches!(slot.got(), Some(Got::Object(_))));
        }
    });
}

/// The thread that reads leaves at its deadline; one that slept reads on.
#[test]
fn the_reader_leaves() {
    let address = serve(|peer| {
        peer.introduce();
        let Some(r) = peer.request() else { return };
        thread::sleep(Duration::from_millis(300));
        peer.answer(r.id, 4);
        peer.flush();
        peer.listen();
    });
    let c = connect(address);
    let slot = ask(&c);
    thread::scope(|s| {
        let reader = s.spawn(|| {
            c.wait(
                Some(Instant::now() + Duration::from_millis(100)),
                &mut |_| false,
            )
        });
        thread::sleep(Duration::from_millis(30));
        let sleeper = s.spawn(|| c.wait(None, &mut |_| slot.completed() > 0));
        assert_eq!(reader.join().unwrap(), Waited::TimedOut);
        assert_eq!(sleeper.join().unwrap(), Waited::Done);
    });
}

/// A thread that only queues, while another blocks in a read that only the
/// queued request can end.
#[test]
fn queued_while_another_thread_reads() {
    let address = serve(|peer| {
        peer.introduce();
        let first = peer.request().map_or(0, |r| r.id);
        let second = peer.request().map_or(0, |r| r.id);
        peer.answer(second, 4);
        peer.answer(first, 4);
        peer.flush();
        peer.listen();
    });
    let c = connect(address);
    let first = ask(&c);
    thread::scope(|s| {
        let reader =
            s.spawn(|| c.wait(Some(Instant::now() + LONG), &mut |_| first.completed() > 0));
        thread::sleep(Duration::from_millis(100));
        let second = ask(&c);
        assert_eq!(reader.join().unwrap(), Waited::Done);
        assert_eq!(second.completed(), 1);
    });
}

/// The reader does not look for room to write; the request of another thread,
/// larger than the socket's buffers, gets out all the same.
#[test]
fn a_large_request_while_another_thread_reads() {
    let c = connect(serve(|peer| peer.obey()));
    let stop = AtomicBool::new(false);
    thread::scope(|s| {
        let reader = s.spawn(|| c.wait(None, &mut |_| stop.load(Ordering::SeqCst)));
        thread::sleep(Duration::from_millis(100));
        let slot = ask_with(&c, &value_of(30_000_000), None);
        let waited = finish(&c, &slot);
        stop.store(true, Ordering::SeqCst);
        // Whatever came of it, the reader is to be let go.
        c.disconnect(Disconnect::Now);
        assert_eq!(waited, Waited::Done);
        assert!(matches!(slot.got(), Some(Got::Object(_))));
        reader.join().unwrap();
    });
}

/// A wait that no answer ends is ended by the end of the connection, whoever
/// was just reading.
#[test]
fn the_end_wakes_everybody() {
    let address = serve(|peer| {
        peer.introduce();
        peer.listen();
    });
    for _ in 0..20 {
        let c = connect(address);
        let over = Waited::Closed(Status::CONNECTION_RESET);
        thread::scope(|s| {
            let waits = |key| {
                let c = &c;
                s.spawn(move || c.wait_about(key, Some(Instant::now() + LONG), &mut |_| false))
            };
            let waiters = [8, 16, 24, 32].map(waits);
            thread::sleep(Duration::from_millis(20));
            c.disconnect(Disconnect::Now);
            c.deliver_all();
            assert_eq!(waiters.map(|w| w.join().unwrap()), [over; 4]);
        });
    }
}

/// Callbacks may take long, and may even need what another thread waits for:
/// somebody reads on.
#[test]
fn somebody_reads_while_callbacks_run() {
    let address = serve(|peer| {
        peer.introduce();
        let ids: Vec<_> = (0..4).map_while(|_| peer.request()).collect();
        thread::sleep(Duration::from_millis(200));
        for r in &ids[..2] {
            peer.answer(r.id, 4);
        }
        peer.flush();
        thread::sleep(Duration::from_millis(200));
        for r in &ids[2..] {
            peer.answer(r.id, 4);
        }
        peer.flush();
        peer.listen();
    });
    let c = connect(address);
    let open = Arc::new((parking_lot::Mutex::new(false), parking_lot::Condvar::new()));
    let in_time = Arc::new(AtomicU64::new(0));
    let slow = || {
        let (open, in_time) = (Arc::clone(&open), Arc::clone(&in_time));
        let work = move || {
            let mut is_open = open.0.lock();
            while !*is_open {
                if open
                    .1
                    .wait_for(&mut is_open, Duration::from_secs(10))
                    .timed_out()
                {
                    return;
                }
            }
            in_time.fetch_add(1, Ordering::SeqCst);
        };
        ask_with(&c, &[], Some(Box::new(work)))
    };
    let first = slow();
    slow();
    let (third, fourth) = (ask(&c), ask(&c));
    thread::scope(|s| {
        let pause = || thread::sleep(Duration::from_millis(30));
        let reader = s.spawn(|| finish(&c, &first));
        pause();
        let other = s.spawn(|| finish(&c, &third));
        pause();
        assert_eq!(finish(&c, &fourth), Waited::Done);
        *open.0.lock() = true;
        open.1.notify_all();
        assert_eq!(reader.join().unwrap(), Waited::Done);
        assert_eq!(other.join().unwrap(), Waited::Done);
    });
    assert_eq!(in_time.load(Ordering::SeqCst), 2);
}

/// Another thread runs the program's handlers, and only they end the request:
/// whoever waits for it must not sleep until the server says something more.
#[test]
fn handlers_in_another_thread_end_it() {
    let c = connect(serve(|peer| peer.obey()));
    let work = || thread::sleep(Duration::from_millis(200));
    let slot = try_ask_as(&c, &[], Some(Box::new(work)), How::Later).expect("a request");
    at_once(2, || {
        assert_eq!(finish(&c, &slot), Waited::Done);
        assert_eq!(slot.completed(), 1);
    });
}

/// When a wait says that the connection is over, the requests are over too,
/// although another thread is just taking in the last answers.
#[test]
fn over_means_that_every_request_has_ended() {
    let address = serve(|peer| {
        peer.introduce();
        // As many answers as fit, and the end right behind them.
        for _ in 0..100 {
            let Some(r) = peer.request() else { return };
            peer.answer(r.id, 40);
        }
        peer.flush();
    });
    let rounds = if cfg!(debug_assertions) { 300 } else { 1_000 };
    for round in 0..rounds {
        let c = connect(address);
        let slots: Vec<_> = (0..120).map(|_| ask(&c)).collect();
        thread::scope(|s| {
            let waiter = || {
                let waited = c.wait(Some(Instant::now() + LONG), &mut |_| false);
                assert!(matches!(waited, Waited::Closed(_)), "{waited:?}");
                for slot in &slots {
                    assert_eq!(slot.completed(), 1, "round {round}");
                }
            };
            let waiters = [(); 3].map(|()| s.spawn(waiter));
            if round % 3 == 0 {
                thread::yield_now();
                c.disconnect(Disconnect::Now);
                c.deliver_all();
            }
            let _ = waiters.map(|w| w.join().unwrap());
        });
        c.deliver_all();
        assert!(slots.iter().all(|s| s.followed() == 1));
    }
}

/// One worker of the stress test: asks, waits with and without patience, and
/// sometimes ends the connection for everybody.
fn worker(
    pool: &[parking_lot::Mutex<Conn>],
    address: std::net::SocketAddr,
    seed: u64,
    end: Instant,
) -> u64 {
    let mut dice = Dice(seed);
    let mut ended = 0;
    while Instant::now() < end {
        let at = dice.below(pool.len() as u64) as usize;
        let c = Arc::clone(&pool[at].lock());
        let asked: Vec<_> = (0..dice.below(20))
            .map_while(|_| try_ask(&c, &[], None).ok())
            .collect();
        match dice.below(10) {
            0 => {
                c.disconnect(match dice.below(2) {
                    0 => Disconnect::Now,
                    _ => Disconnect::WhenSent,
                });
                c.deliver_all();
            }
            1 => {
                let soon = Instant::now() + Duration::from_micros(dice.below(300));
                c.wait(Some(soon), &mut |_| false);
            }
            _ => {}
        }
        for slot in &asked {
            // `Done` or `Closed`: in either case it has ended, once.
            let waited = finish(&c, slot);
            assert_ne!(waited, Waited::TimedOut, "stuck");
            assert_eq!(slot.completed(), 1);
            match slot.got() {
                Some(Got::Object(_)) => {}
                other => assert_eq!(other, Some(Got::Lost(Status::CONNECTION_RESET))),
            }
            ended += 1;
        }
        c.deliver_all();
        let mut place = pool[at].lock();
        if place.finished().is_some() && Arc::ptr_eq(&place, &c) {
            *place = connect(address);
        }
    }
    ended
}

/// Many threads, several connections, random disconnects on both sides.
#[test]
fn stress() {
    let number = Arc::new(AtomicU64::new(1));
    let address = serve(move |peer| {
        let seed = number.fetch_add(1, Ordering::SeqCst);
        let mut dice = Dice(seed * 7919);
        peer.introduce();
        // Hangs up after a while, or never.
        let mut left = dice.below(2_000);
        while let Some(r) = peer.request() {
            peer.answer(r.id, dice.below(200) as usize);
            left = left.wrapping_sub(1);
            if left == 0 {
                peer.flush();
                return;
            }
        }
    });
    let seconds = std::env::var("DHCPCTL_STRESS").ok();
    let seconds = seconds.and_then(|s| s.parse().ok()).unwrap_or(2);
    let end = Instant::now() + Duration::from_secs(seconds);
    let pool: Vec<_> = (0..3)
        .map(|_| parking_lot::Mutex::new(connect(address)))
        .collect();
    let total: u64 = thread::scope(|s| {
        let workers: Vec<_> = (0..8)
            .map(|i| {
                let pool = &pool[..];
                s.spawn(move || worker(pool, address, 1000 + i, end))
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    println!("{total} requests ended once each");
    assert!(total > 100, "only {total} requests in all");
    // The last state of each connection is a good one.
    for c in &pool {
        let c = c.lock();
        if c.finished().is_none() {
            assert_ne!(ready(&c, LONG), Waited::TimedOut);
        }
    }
}
