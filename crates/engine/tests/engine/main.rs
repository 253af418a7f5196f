//! The engine with a scripted server and tickets that count: who reads, who
//! waits, and that every request ends exactly once.

mod addresses;
mod ends;
#[cfg(feature = "kea")]
mod kea;
mod server;
mod threads;
mod ticket;

use engine::{Destination, Phase, Waited};
use omapi::status::Status;
use server::{nobody, serve};
use std::sync::Arc;
use std::time::{Duration, Instant};
use ticket::{Conn, Dice, Got, LONG, ask, ask_with, connect, finish, ready, value_of};

#[test]
fn answers_out_of_order() {
    let address = serve(|peer| {
        peer.introduce();
        let mut dice = Dice(11);
        loop {
            let mut ids = Vec::new();
            for _ in 0..50 {
                match peer.request() {
                    Some(r) => ids.push(r.id),
                    None => return,
                }
            }
            while !ids.is_empty() {
                let at = dice.below(ids.len() as u64) as usize;
                let id = ids.swap_remove(at);
                peer.answer(id, id as usize % 100);
            }
        }
    });
    let c = connect(address);
    for _ in 0..20 {
        let slots: Vec<_> = (0..50).map(|_| ask(&c)).collect();
        for slot in slots.iter().rev() {
            assert_eq!(finish(&c, slot), Waited::Done);
        }
        for slot in &slots {
            assert_eq!((slot.completed(), slot.followed()), (1, 1));
            assert!(matches!(slot.got(), Some(Got::Object(n)) if n >= 11));
        }
    }
}

#[test]
fn a_hundred_thousand_requests() {
    let c = connect(serve(|peer| peer.obey()));
    let slots: Vec<_> = (0..100_000).map(|_| ask(&c)).collect();
    assert_eq!(finish(&c, &slots[99_999]), Waited::Done);
    for slot in &slots {
        assert_eq!(finish(&c, slot), Waited::Done);
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
    }
}

/// Both sides write more than all buffers hold, and the server reads nothing
/// while it writes.
#[test]
fn large_requests_and_larger_answers() {
    let address = serve(|peer| {
        peer.introduce();
        while let Some(r) = peer.request() {
            peer.answer(r.id, 1_000_000);
            peer.flush();
        }
    });
    let c = connect(address);
    let attributes = value_of(300_000);
    let slots: Vec<_> = (0..150).map(|_| ask_with(&c, &attributes, None)).collect();
    for slot in &slots {
        assert_eq!(finish(&c, slot), Waited::Done);
        assert!(matches!(slot.got(), Some(Got::Object(n)) if n > 1_000_000));
    }
}

/// An answer to a request that nobody waits for goes where it belongs.
#[test]
fn nobody_waits_for_the_first() {
    let c = connect(serve(|peer| peer.obey()));
    let first = ask(&c);
    let second = ask(&c);
    assert_eq!(finish(&c, &second), Waited::Done);
    assert_eq!((first.completed(), first.followed()), (1, 1));
}

#[test]
fn a_server_code_is_the_outcome() {
    let address = serve(|peer| {
        peer.introduce();
        while let Some(r) = peer.request() {
            peer.status(r.id, 23);
        }
    });
    let c = connect(address);
    let slot = ask(&c);
    assert_eq!(finish(&c, &slot), Waited::Done);
    assert_eq!(slot.got(), Some(Got::Status(Status(23))));
}

#[test]
fn the_first_address_refuses() {
    let good = serve(|peer| peer.obey());
    let start = |addresses| {
        engine::connect::<ticket::Ticket>(Destination::Omapi(addresses), 1, None, || {})
    };
    let c = start(vec![nobody(), nobody(), good]).expect("an attempt");
    assert_eq!(ready(&c, LONG), Waited::Done);
    let slot = ask(&c);
    assert_eq!(finish(&c, &slot), Waited::Done);

    // Where all refuse, the reason is the last one's; a refusal may already be
    // known when the attempt starts.
    match start(vec![nobody(), nobody()]) {
        Err(status) => assert_eq!(status, Status::CONNECTION_REFUSED),
        Ok(c) => assert_eq!(ready(&c, LONG), Waited::Closed(Status::CONNECTION_REFUSED)),
    }
}

/// How long a wait without an answer takes, against its limit.
fn runs_out(c: &Conn, limit: Duration) {
    let before = Instant::now();
    let waited = c.wait(Some(before + limit), &mut |_| false);
    let took = before.elapsed();
    assert_eq!(waited, Waited::TimedOut);
    assert!(took >= limit, "{took:?} of {limit:?}");
    assert!(
        took < limit + Duration::from_secs(20),
        "{took:?} of {limit:?}"
    );
}

#[test]
fn deadlines() {
    let address = serve(|peer| {
        peer.introduce();
        peer.listen();
    });
    let c = connect(address);
    let slot = ask(&c);
    for millis in [0, 1, 20, 150] {
        runs_out(&c, Duration::from_millis(millis));
    }
    // A sleeper keeps its limit as the reader does.
    std::thread::scope(|s| {
        for millis in [50, 100, 150] {
            let c = &c;
            s.spawn(move || runs_out(c, Duration::from_millis(millis)));
        }
    });
    assert_eq!(slot.completed(), 0);
}

/// A deadline that is over still allows one look, so that it can be used to
/// poll.
#[test]
fn no_time_is_one_attempt() {
    let c = connect(serve(|peer| peer.obey()));
    let slot = ask(&c);
    let end = Instant::now() + LONG;
    while c.wait(Some(Instant::now()), &mut |_| slot.completed() > 0) == Waited::TimedOut {
        assert!(Instant::now() < end);
        std::thread::yield_now();
    }
    assert_eq!(slot.completed(), 1);
}

/// Deferred work that wait run other deferred work, which wait: the stack must last.
#[test]
fn followups_that_wait_do_not_nest_without_end() {
    const MANY: usize = 5_000;
    let c = connect(serve(|peer| peer.obey()));
    let nested = {
        let c = Arc::clone(&c);
        move || {
            let slots: Vec<_> = (0..MANY)
                .map(|_| {
                    let inner = Arc::clone(&c);
                    let work = move || {
                        let slot = ask(&inner);
                        assert_eq!(finish(&inner, &slot), Waited::Done);
                        assert_eq!(slot.completed(), 1);
                    };
                    ask_with(&c, &[], Some(Box::new(work)))
                })
                .collect();
            let end = Instant::now() + LONG;
            let waited = c.wait(Some(end), &mut |_| slots.iter().all(|s| s.followed() == 1));
            assert_eq!(waited, Waited::Done);
            assert!(slots.iter().all(|s| s.completed() == 1));
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    thread.spawn(nested).unwrap().join().unwrap();
    assert_eq!(c.phase(), Phase::Ready);
}
