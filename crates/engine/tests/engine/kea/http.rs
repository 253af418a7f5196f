//! Over HTTP: connections that are kept, and that the server closes.

use super::server::{Conn, change, finish, look_up, ready, serve_http, start_http, start_named};
use crate::ticket::{Got, LONG};
use engine::{Disconnect, Phase, Waited};
use omapi::status::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};
#[cfg(target_os = "linux")]
use zeroize::Zeroizing;

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
        let waited = c.wait(Some(Instant::now() + LONG), &mut |_| false);
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

/// Of a password that was sent, no copy is left in the process. In a process of
/// its own, because the server has it too.
#[cfg(target_os = "linux")]
#[test]
fn the_password_is_erased() {
    // In base64, "admin:sesame-of-the-scan"; the test has it in disguise only.
    const DISGUISE: u8 = 0x55;
    const SECRET: [u8; 32] = {
        let mut text = *b"YWRtaW46c2VzYW1lLW9mLXRoZS1zY2Fu";
        let mut at = 0;
        while at < text.len() {
            text[at] ^= DISGUISE;
            at += 1;
        }
        text
    };
    let Some(port) = std::env::var_os("DHCPCTL_SCAN") else {
        let port = serve_http(1_000_000, |asked| asked.obey());
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["kea::http::the_password_is_erased", "--exact"])
            .env("DHCPCTL_SCAN", port.to_string())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    };
    let copies = || {
        let is_it = |piece: &[u8]| piece.iter().zip(SECRET).all(|(b, s)| b ^ DISGUISE == s);
        let find = |memory: &[u8]| memory.windows(SECRET.len()).filter(|p| is_it(p)).count();
        pieces_of_memory().map(|piece| find(&piece)).sum::<usize>()
    };
    let port = port.to_str().unwrap();
    let c = start_named(&format!(
        "kea+http://admin:sesame-of-the-scan@127.0.0.1:{port}/"
    ));
    assert_eq!(ready(&c), Waited::Done);
    for i in 0..20 {
        let slot = look_up(&c, i);
        assert_eq!(finish(&c, &slot), Waited::Done);
        assert!(matches!(slot.got(), Some(Got::Object(_))));
    }
    assert!(copies() > 0, "the scan finds what is there");
    assert!(c.disconnect(Disconnect::Now));
    c.deliver_all();
    drop(c);
    assert_eq!(copies(), 0);
}

/// What this process can write to, one mapping after the other.
#[cfg(target_os = "linux")]
fn pieces_of_memory() -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    use std::os::unix::fs::FileExt;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let ranges: Vec<_> = maps
        .lines()
        .filter(|line| line.split(' ').nth(1).is_some_and(|p| p.starts_with("rw")))
        .filter_map(|line| line.split(' ').next()?.split_once('-'))
        .map(|(from, to)| [from, to].map(|t| u64::from_str_radix(t, 16).unwrap()))
        .collect();
    ranges.into_iter().filter_map(move |[from, to]| {
        // Erased, so as not to be found by the next scan.
        let mut piece = Zeroizing::new(vec![0; usize::try_from(to - from).ok()?]);
        let read = memory.read_at(&mut piece, from).ok()?;
        piece.truncate(read);
        Some(piece)
    })
}
