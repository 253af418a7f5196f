//! How connections to Kea end.

use super::server::{
    Conn, Folder, Server, change, connect, finish, look_up, look_up_as, look_up_with, until,
};
use crate::ticket::{Got, How, LONG};
use engine::{Disconnect, Phase, Waited};
use omapi::status::Status;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const LOST: Option<Got> = Some(Got::Lost(Status::CONNECTION_RESET));

/// A server that is connected to and then says nothing; how many ask.
fn silent(folder: &Folder) -> (Server, Arc<AtomicU32>) {
    let asking = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asking);
    let server = Server::start(&folder.socket(), move |asked| {
        if asked.is_probe() {
            return asked.obey();
        }
        count.fetch_add(1, Ordering::SeqCst);
        asked.until_closed();
    });
    (server, asking)
}

/// When the call returns, every request has ended, in the order in which they
/// were queued, though another thread serves.
#[test]
fn disconnect_while_another_thread_serves() {
    let folder = Folder::new();
    let (_server, asking) = silent(&folder);
    for round in 0..30 {
        let c = connect(&folder.socket());
        asking.store(0, Ordering::SeqCst);
        let (tell, told) = mpsc::channel();
        let slots: Vec<_> = (0..40)
            .map(|i| {
                let tell = tell.clone();
                look_up_with(&c, i, Box::new(move || tell.send(i).unwrap()))
            })
            .collect();
        thread::scope(|s| {
            let waits: Vec<_> = [0, 20, 39]
                .map(|i| {
                    let (c, slots) = (&c, &slots);
                    s.spawn(move || finish(c, &slots[i]))
                })
                .into();
            if round % 2 == 0 {
                until("they ask", || asking.load(Ordering::SeqCst) >= 8);
            }
            assert!(c.disconnect(Disconnect::Now));
            assert!(slots.iter().all(|s| s.completed() == 1 && s.got() == LOST));
            c.deliver_all();
            for wait in waits {
                assert_eq!(wait.join().unwrap(), Waited::Done);
            }
        });
        assert!(slots.iter().all(|s| s.followed() == 1));
        let mut order: Vec<_> = told.try_iter().collect();
        if round % 2 == 1 {
            // Two threads may have told them.
            order.sort_unstable();
        }
        assert_eq!(order.len(), 40);
        assert_eq!(c.phase(), Phase::Closed(Status::CONNECTION_RESET));
    }
}

/// The order of the losses, told by one thread.
#[test]
fn the_oldest_loss_is_told_first() {
    let folder = Folder::new();
    let (_server, asking) = silent(&folder);
    let c = connect(&folder.socket());
    let (tell, told) = mpsc::channel();
    for i in 0..30 {
        let tell = tell.clone();
        look_up_with(&c, i, Box::new(move || tell.send(i).unwrap()));
    }
    let soon = Some(Instant::now() + Duration::from_millis(1));
    assert_eq!(c.wait(soon, &mut |_| false), Waited::TimedOut);
    until("they ask", || asking.load(Ordering::SeqCst) >= 8);
    assert!(c.disconnect(Disconnect::Now));
    c.deliver_all();
    let order: Vec<_> = told.try_iter().collect();
    assert_eq!(order, (0..30).collect::<Vec<_>>());
}

/// Changes are done before the end, whoever else disconnects meanwhile, from
/// another thread or from a callback.
#[test]
fn changes_are_done_first() {
    for inside in [false, true] {
        let folder = Folder::new();
        let slow = Arc::new(AtomicBool::new(false));
        let is_slow = Arc::clone(&slow);
        let done = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&done);
        let _server = Server::start(&folder.socket(), move |asked| {
            if asked.command == "leases-reclaim" {
                is_slow.store(true, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(100));
                count.fetch_add(1, Ordering::SeqCst);
            }
            asked.obey();
        });
        let c = connect(&folder.socket());
        let again = {
            let c = Arc::clone(&c);
            move || {
                c.disconnect(Disconnect::WhenSent);
            }
        };
        let first = if inside {
            look_up_with(&c, 1, Box::new(again))
        } else {
            look_up(&c, 1)
        };
        let changes = [change(&c), change(&c)];
        thread::scope(|s| {
            let other = (!inside).then(|| {
                let (c, slow) = (&c, &slow);
                s.spawn(move || {
                    until("it is at it", || slow.load(Ordering::SeqCst));
                    c.disconnect(Disconnect::WhenSent);
                })
            });
            assert!(c.disconnect(Disconnect::WhenSent));
            c.deliver_all();
            if let Some(other) = other {
                other.join().unwrap();
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 2);
        for slot in changes.iter().chain([&first]) {
            assert_eq!((slot.completed(), slot.followed()), (1, 1));
            assert_ne!(slot.got(), LOST);
        }
        assert_eq!(c.phase(), Phase::Closed(Status::CONNECTION_RESET));
    }
}

/// A callback ends the connection for the rest.
#[test]
fn a_followup_that_disconnects() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let work = {
        let c = Arc::clone(&c);
        move || {
            c.disconnect(Disconnect::Now);
            c.deliver_all();
        }
    };
    let first = look_up_with(&c, 0, Box::new(work));
    let slots: Vec<_> = (1..200).map(|i| look_up(&c, i)).collect();
    assert_eq!(finish(&c, &slots[198]), Waited::Done);
    assert_eq!((first.completed(), first.followed()), (1, 1));
    let lost = slots.iter().filter(|s| s.got() == LOST).count();
    assert!(lost > 0);
    assert!(
        slots
            .iter()
            .all(|s| (s.completed(), s.followed()) == (1, 1))
    );
}

/// Waits that no answer ends.
#[test]
fn the_end_wakes_everybody() {
    let folder = Folder::new();
    let (_server, _) = silent(&folder);
    let over = Waited::Closed(Status::CONNECTION_RESET);
    for round in 0..20 {
        let c = connect(&folder.socket());
        let slot = (round % 2 == 0).then(|| look_up(&c, 1));
        thread::scope(|s| {
            let waits = |key| {
                let c: &Conn = &c;
                s.spawn(move || c.wait_about(key, Some(Instant::now() + LONG), &mut |_| false))
            };
            let waiters = [8, 16, 24, 0].map(waits);
            thread::sleep(Duration::from_millis(round));
            c.disconnect(Disconnect::Now);
            c.deliver_all();
            assert_eq!(waiters.map(|w| w.join().unwrap()), [over; 4]);
        });
        assert!(slot.is_none_or(|s| s.completed() == 1));
    }
}

/// A defect while an answer is taken in ends the connection; nobody waits for
/// ever.
#[test]
fn a_panic_while_serving() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let before: Vec<_> = (0..4).map(|i| look_up(&c, i)).collect();
    let defect = look_up_as(&c, 5, None, How::Panics).expect("a request");
    let behind: Vec<_> = (0..40).map(|i| look_up(&c, i)).collect();
    thread::scope(|s| {
        let waiter = s.spawn(|| finish(&c, &behind[39]));
        let serves = s.spawn(|| {
            let waits = || c.wait(Some(Instant::now() + LONG), &mut |_| false);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(waits));
            caught.is_err()
        });
        // It happens in whichever thread serves.
        let mine = waiter.join();
        let theirs = serves.join().unwrap();
        assert!(mine.is_err() || theirs);
        assert!(mine.is_err() || mine.is_ok_and(|w| w == Waited::Done));
    });
    c.deliver_all();
    assert_eq!(c.phase(), Phase::Closed(Status::UNEXPECTED));
    assert_eq!(defect.completed(), 0);
    for slot in before.iter().chain(&behind) {
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
    }
}

/// One who clears up after a defect elsewhere may use the connection.
#[test]
fn a_panic_elsewhere() {
    struct Last(Conn);
    impl Drop for Last {
        fn drop(&mut self) {
            let slot = look_up(&self.0, 1);
            assert_eq!(finish(&self.0, &slot), Waited::Done);
        }
    }
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let last = Last(Arc::clone(&c));
    let panics = std::panic::AssertUnwindSafe(move || {
        let _last = last;
        panic!("on purpose");
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(c.phase(), Phase::Ready);
}

/// From inside a completion: the end does not wait for its own thread.
#[test]
fn disconnect_while_a_request_is_completed() {
    for how in [Disconnect::Now, Disconnect::WhenSent] {
        let folder = Folder::new();
        let _server = Server::start(&folder.socket(), |asked| asked.obey());
        let c = connect(&folder.socket());
        let (tell, told) = mpsc::channel();
        let waits = {
            let c = Arc::clone(&c);
            thread::spawn(move || {
                let ends = {
                    let c = Arc::clone(&c);
                    Box::new(move || {
                        assert!(c.disconnect(how));
                        c.deliver_all();
                    })
                };
                let first = look_up_as(&c, 1, Some(ends), How::Inside).unwrap();
                let rest: Vec<_> = (0..20).map(|_| change(&c)).collect();
                let waited = finish(&c, &first);
                c.deliver_all();
                tell.send((waited, first, rest)).unwrap();
            })
        };
        let (waited, first, rest) = told.recv_timeout(LONG).expect("it waits for itself");
        waits.join().unwrap();
        assert_eq!(waited, Waited::Done);
        assert_eq!(first.completed(), 1);
        assert!(rest.iter().all(|s| s.completed() == 1 && s.followed() == 1));
        assert!(rest.iter().all(|s| s.got() == LOST));
        assert_eq!(c.phase(), Phase::Closed(Status::CONNECTION_RESET));
    }
}
