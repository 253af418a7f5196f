//! How connections end.

use crate::server::serve;
use crate::ticket::{
    Got, How, LONG, ask, ask_with, connect, finish, ready, try_ask, try_ask_as, value_of,
};
use engine::{Destination, Disconnect, Phase, Waited};
use omapi::status::Status;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

const LOST: Option<Got> = Some(Got::Lost(Status::CONNECTION_RESET));

#[test]
fn disconnect_with_ten_thousand_outstanding() {
    let address = serve(|peer| {
        peer.introduce();
        peer.listen();
    });
    for flushed in [false, true] {
        let closed = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&closed);
        let c = engine::connect(Destination::Omapi(vec![address]), 1, None, move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .expect("a connection");
        assert_eq!(ready(&c, LONG), Waited::Done);
        let slots: Vec<_> = (0..10_000).map(|_| ask(&c)).collect();
        if flushed {
            c.flush();
        }
        assert!(c.disconnect(Disconnect::Now));
        c.deliver_all();
        assert!(!c.disconnect(Disconnect::Now), "it is over already");
        c.deliver_all();
        for slot in &slots {
            assert_eq!((slot.completed(), slot.followed()), (1, 1));
            assert_eq!(slot.got(), LOST);
        }
        assert_eq!(closed.load(Ordering::SeqCst), 1);
        assert_eq!(try_ask(&c, &[], None).err(), Some(Status::CONNECTION_RESET));
    }
}

#[test]
fn the_server_hangs_up() {
    let address = serve(|peer| {
        peer.introduce();
        for _ in 0..3 {
            let id = peer.request().map_or(0, |r| r.id);
            peer.answer(id, 4);
        }
        peer.request();
        peer.flush();
    });
    let c = connect(address);
    let slots: Vec<_> = (0..10).map(|_| ask(&c)).collect();
    for slot in slots.iter().rev() {
        assert_eq!(finish(&c, slot), Waited::Done);
    }
    for (i, slot) in slots.iter().enumerate() {
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
        assert_eq!(slot.got() == LOST, i >= 3, "{i}: {:?}", slot.got());
    }
    assert_eq!(c.phase(), Phase::Closed(Status::CONNECTION_RESET));
}

/// A defect while an answer is taken in: the connection ends, because nobody
/// would ever know of that request; nobody waits for ever.
#[test]
fn a_panic_while_reading() {
    let c = connect(serve(|peer| peer.obey()));
    let defect = try_ask_as(&c, &[], None, How::Panics).expect("a request");
    let behind: Vec<_> = (0..20).map(|_| ask(&c)).collect();
    let waits = std::panic::AssertUnwindSafe(|| finish(&c, &behind[19]));
    assert!(std::panic::catch_unwind(waits).is_err());
    c.deliver_all();
    assert_eq!(c.phase(), Phase::Closed(Status::UNEXPECTED));
    assert_eq!(defect.completed(), 0);
    for slot in &behind {
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
    }
}

/// The second answer to a request, and one to a request that was never made.
#[test]
fn answers_that_nobody_asked_for() {
    for twice in [true, false] {
        let address = serve(move |peer| {
            peer.introduce();
            let Some(r) = peer.request() else { return };
            peer.answer(r.id, 4);
            peer.answer(if twice { r.id } else { r.id + 1000 }, 4);
            peer.flush();
            peer.listen();
        });
        let c = connect(address);
        let first = ask(&c);
        let second = ask(&c);
        assert_eq!(finish(&c, &second), Waited::Done);
        assert_eq!((first.completed(), first.followed()), (1, 1));
        assert!(matches!(first.got(), Some(Got::Object(_))));
        assert_eq!((second.completed(), second.followed()), (1, 1));
        assert_eq!(second.got(), LOST);
        assert_eq!(c.phase(), Phase::Closed(Status::PROTOCOL_ERROR));
    }
}

/// Deferred work run in the order of what happened, also when the bytes that end
/// the connection come with the last good answer.
#[test]
fn what_came_first_is_told_first() {
    let address = serve(|peer| {
        peer.introduce();
        let Some(r) = peer.request() else { return };
        peer.request();
        peer.answer(r.id, 4);
        peer.answer(r.id, 4);
        peer.flush();
        peer.listen();
    });
    let c = connect(address);
    let (tell, told) = mpsc::channel();
    let slots = [1, 2].map(|n| {
        let tell = tell.clone();
        ask_with(&c, &[], Some(Box::new(move || tell.send(n).unwrap())))
    });
    assert_eq!(finish(&c, &slots[1]), Waited::Done);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [1, 2]);
}

/// Everything queued reaches the server, though it reads slowly and nothing
/// fits into one write.
#[test]
fn closed_when_all_is_sent() {
    const MANY: u32 = 100;
    let seen = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&seen);
    let address = serve(move |peer| {
        peer.introduce();
        std::thread::sleep(Duration::from_millis(50));
        while peer.request().is_some() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let c = connect(address);
    let attributes = value_of(200_000);
    let slots: Vec<_> = (0..MANY).map(|_| ask_with(&c, &attributes, None)).collect();
    assert!(c.disconnect(Disconnect::WhenSent));
    c.deliver_all();
    assert_eq!(c.phase(), Phase::Draining);
    assert!(c.is_busy());
    assert_eq!(try_ask(&c, &[], None).err(), Some(Status::SHUTTING_DOWN));
    assert_eq!(finish(&c, &slots[0]), Waited::Done);
    for slot in &slots {
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
        assert_eq!(slot.got(), LOST);
    }
    let end = Instant::now() + LONG;
    while seen.load(Ordering::SeqCst) < MANY {
        assert!(Instant::now() < end, "{seen:?} requests came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn disconnect_while_another_thread_reads() {
    let address = serve(|peer| {
        peer.introduce();
        peer.listen();
    });
    for pause in [0, 1, 20] {
        let c = connect(address);
        let slot = ask(&c);
        std::thread::scope(|s| {
            let readers: Vec<_> = (0..3)
                .map(|i| {
                    let (c, slot) = (&c, &slot);
                    // One blocks in recv, the others sleep or poll.
                    let deadline = (i > 0).then(|| Instant::now() + LONG);
                    s.spawn(move || c.wait(deadline, &mut |_| slot.completed() > 0))
                })
                .collect();
            std::thread::sleep(Duration::from_millis(pause));
            assert!(c.disconnect(Disconnect::Now));
            c.deliver_all();
            for reader in readers {
                assert_eq!(reader.join().unwrap(), Waited::Done);
            }
        });
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
    }
}

/// A connection attempt that gets no answer can be given up by another thread.
#[test]
fn disconnect_while_connecting() {
    // A listener that accepts nobody, until its queue is full.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let mut pending = Vec::new();
    let stuck = loop {
        let c = engine::connect::<crate::ticket::Ticket>(
            Destination::Omapi(vec![address]),
            1,
            None,
            || {},
        )
        .expect("an attempt");
        let waited = c.wait(
            Some(Instant::now() + Duration::from_millis(200)),
            &mut |phase| phase != Phase::Connecting,
        );
        if waited == Waited::TimedOut {
            break c;
        }
        assert_eq!(waited, Waited::Done);
        pending.push(c);
        assert!(pending.len() < 10_000, "the queue has no end");
    };
    std::thread::scope(|s| {
        let waiter = s.spawn(|| stuck.wait(None, &mut |phase| phase == Phase::Ready));
        std::thread::sleep(Duration::from_millis(50));
        assert!(stuck.disconnect(Disconnect::Now));
        stuck.deliver_all();
        let ended = Waited::Closed(Status::CONNECTION_RESET);
        assert_eq!(waiter.join().unwrap(), ended);
    });
}
