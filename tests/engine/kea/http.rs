//! Over HTTP: connections that are kept, and that the server closes.

use super::server::{Conn, change, finish, look_up, ready, serve_http, start_http};
use crate::ticket::{Got, LONG};
use engine::{Disconnect, Phase, Waited};
use omapi::status::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

fn connect(port: u16) -> Conn {
    let c = start_http(port);
    assert_eq!(ready(&c), Waited::Done);
    c
}

/// Every connection ends after a few commands; nothing is lost by that, whether
/// the end is noticed before the next command or behind it.
#[test]
fn kept_connections_that_end() {
    for commands in [1, 2, 3, 1_000_000] {
        let port = serve_http(commands, |asked| asked.obey());
        let c = connect(port);
        thread::scope(|s| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    s.spawn(|| {
                        for i in 0..50 {
                            let slots = [look_up(&c, i), look_up(&c, i + 1)];
                            for slot in &slots {
                                assert_eq!(finish(&c, slot), Waited::Done);
                                assert_eq!(slot.completed(), 1);
                                let got = slot.got();
                                assert!(matches!(got, Some(Got::Object(_))), "{got:?}");
                            }
                        }
                    })
                })
                .collect();
            for t in threads {
                t.join().unwrap();
            }
        });
    }
}

/// A change whose connection ends without an answer is not sent again.
#[test]
fn a_change_is_sent_once() {
    let changes = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&changes);
    let port = serve_http(1_000_000, move |asked| match &*asked.command {
        "leases-reclaim" => {
            count.fetch_add(1, Ordering::SeqCst);
            // Half of an answer, on a connection that was used before.
            asked.answer_half();
        }
        _ => asked.obey(),
    });
    let c = connect(port);
    let slot = look_up(&c, 1);
    assert_eq!(finish(&c, &slot), Waited::Done);
    let slot = change(&c);
    assert_eq!(finish(&c, &slot), Waited::Done);
    let lost = slot.got();
    assert!(
        matches!(
            lost,
            Some(Got::Lost(Status::CONNECTION_RESET) | Got::Status(Status::CONNECTION_RESET))
        ),
        "{lost:?}"
    );
    assert_eq!(changes.load(Ordering::SeqCst), 1);
    assert_eq!(c.phase(), Phase::Ready);
    let slot = look_up(&c, 1);
    assert_eq!(finish(&c, &slot), Waited::Done);
    assert!(matches!(slot.got(), Some(Got::Object(_))));
}

/// The end while a connection is being made, commands are under way and others
/// wait.
#[test]
fn disconnect_at_any_moment() {
    let port = serve_http(3, |asked| asked.obey());
    for round in 0..60 {
        let c = start_http(port);
        let slots: Vec<_> = (0..20).map(|i| look_up(&c, i)).collect();
        thread::scope(|s| {
            let waits = [0, 7, 19].map(|i| {
                let (c, slots) = (&c, &slots);
                s.spawn(move || finish(c, &slots[i]))
            });
            thread::sleep(Duration::from_micros(50 * round));
            c.disconnect(Disconnect::Now);
            c.deliver_all();
            for wait in waits {
                assert_eq!(wait.join().unwrap(), Waited::Done);
            }
        });
        assert!(slots.iter().all(|s| s.completed() == 1));
        let waited = c.wait(Some(Instant::now() + LONG), |_| false);
        assert_eq!(waited, Waited::Closed(Status::CONNECTION_RESET));
    }
}

/// What a server sends of its own accord, at once or late, is no answer to the
/// next command.
#[test]
fn what_nobody_asked_for() {
    for late in [false, true] {
        let port = serve_http(1_000_000, move |asked| {
            let twice =
                asked.command == "lease4-get" && asked.arguments["ip-address"] == "10.0.0.1";
            asked.obey();
            if twice {
                if late {
                    thread::sleep(Duration::from_millis(20));
                }
                // A miss.
                asked.answer(r#"{"result":3}"#);
            }
        });
        let c = connect(port);
        let slot = look_up(&c, 1);
        assert_eq!(finish(&c, &slot), Waited::Done);
        thread::sleep(Duration::from_millis(100));
        let slot = look_up(&c, 2);
        assert_eq!(finish(&c, &slot), Waited::Done);
        assert!(
            matches!(slot.got(), Some(Got::Object(_))),
            "{:?}",
            slot.got()
        );
    }
}
