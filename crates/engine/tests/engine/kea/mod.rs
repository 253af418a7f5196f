//! Kea's engine with a scripted server.

mod ends;
mod http;
mod server;
mod threads;
mod watch;

use crate::ticket::{Got, LONG};
use engine::{Phase, Waited};
use omapi::status::Status;
use server::{
    Folder, Server, connect, finish, look_up, look_up_group, look_up_with, ready, refresh, start,
    until,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn at_most_eight_at_once() {
    let folder = Folder::new();
    let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = (Arc::clone(&now), Arc::clone(&most));
    let _server = Server::start(&folder.socket(), move |asked| {
        if !asked.is_probe() {
            let before = counts.0.fetch_add(1, Ordering::SeqCst);
            counts.1.fetch_max(before + 1, Ordering::SeqCst);
            // All that may come are here.
            thread::sleep(Duration::from_millis(20));
            counts.0.fetch_sub(1, Ordering::SeqCst);
        }
        asked.obey();
    });
    let c = connect(&folder.socket());
    let slots: Vec<_> = (0..100).map(|i| look_up(&c, i)).collect();
    for slot in slots.iter().rev() {
        assert_eq!(finish(&c, slot), Waited::Done);
    }
    for slot in &slots {
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
        assert!(matches!(slot.got(), Some(Got::Object(_))));
    }
    assert_eq!(most.load(Ordering::SeqCst), 8);
}

/// Requests that fail at once are as many as they like: the stack lasts, and
/// the connection is as good as before when the server is back.
#[test]
fn the_server_is_gone_and_comes_back() {
    const MANY: usize = 100_000;
    let folder = Folder::new();
    let serve = || Server::start(&folder.socket(), |asked| asked.obey());
    let server = serve();
    let c = connect(&folder.socket());
    drop(server);
    let refused = {
        let c = Arc::clone(&c);
        move || {
            let slots: Vec<_> = (0..MANY).map(|i| look_up(&c, i as u8)).collect();
            assert_eq!(finish(&c, &slots[MANY - 1]), Waited::Done);
            for slot in &slots {
                assert_eq!((slot.completed(), slot.followed()), (1, 1));
                assert_eq!(slot.got(), Some(Got::Status(Status::CONNECTION_REFUSED)));
            }
        }
    };
    let thread = thread::Builder::new().stack_size(512 << 10);
    thread.spawn(refused).unwrap().join().unwrap();
    assert_eq!(c.phase(), Phase::Ready);
    let _server = serve();
    let slot = look_up(&c, 1);
    assert_eq!(finish(&c, &slot), Waited::Done);
    assert!(matches!(slot.got(), Some(Got::Object(_))));
}

/// The handle of an object is good over another connection too, after the one
/// that found it has ended.
#[test]
fn handles_outlive_connections() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| match &*asked.command {
        "config-get" => asked.answer(
            r#"{"result":0,"arguments":{"Dhcp4":{"client-classes":[{"name":"omapi-group-g"}]}}}"#,
        ),
        _ => asked.obey(),
    });
    let c = connect(&folder.socket());
    let found = look_up_group(&c, "g");
    assert_eq!(finish(&c, &found), Waited::Done);
    let expected = found.got();
    assert!(matches!(expected, Some(Got::Object(_))));
    drop(c);
    let c = connect(&folder.socket());
    for (handle, expected) in [
        (found.handle(), expected),
        (u32::MAX >> 8, Some(Got::Status(Status::NOT_FOUND))),
    ] {
        let again = refresh(&c, handle);
        assert_eq!(finish(&c, &again), Waited::Done);
        assert_eq!(again.got(), expected);
    }
}

/// A server that has no room for more clients is tried again.
#[test]
fn the_queue_is_full() {
    let folder = Folder::new();
    let _server = Server::with_queue(&folder.socket(), 0, |asked| {
        thread::sleep(Duration::from_millis(1));
        asked.obey();
    });
    let others: Vec<_> = (0..3).map(|_| connect(&folder.socket())).collect();
    thread::scope(|s| {
        for c in &others {
            s.spawn(|| {
                let slots: Vec<_> = (0..100).map(|i| look_up(c, i)).collect();
                for slot in &slots {
                    assert_eq!(finish(c, slot), Waited::Done);
                    assert!(matches!(slot.got(), Some(Got::Object(_))));
                }
            });
        }
    });
}

/// One that never accepts is given up, like one that never answers.
#[test]
fn nobody_accepts_or_answers() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| {
        if asked.is_probe() {
            asked.obey()
        } else {
            asked.until_closed()
        }
    });
    let c = start(&folder.socket(), "timeout=1");
    assert_eq!(ready(&c), Waited::Done);
    let slot = look_up(&c, 1);
    assert_eq!(finish(&c, &slot), Waited::Done);
    assert_eq!(slot.got(), Some(Got::Status(Status::TIMED_OUT)));
    assert_eq!(c.phase(), Phase::Ready);

    let deaf = Folder::new();
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    let address = rustix::net::SocketAddrUnix::new(deaf.socket()).unwrap();
    rustix::net::bind(&socket, &address).unwrap();
    rustix::net::listen(&socket, 0).unwrap();
    let all: Vec<_> = (0..3).map(|_| start(&deaf.socket(), "timeout=1")).collect();
    for c in &all {
        c.flush();
    }
    for c in &all {
        assert_eq!(ready(c), Waited::Closed(Status::TIMED_OUT));
    }
}

/// What connecting asks for is refused, is no answer, or is cut off.
#[test]
fn no_kea_at_all() {
    for (answer, status) in [
        (r#"{"result":1,"text":"no"}"#, Status::FAILURE),
        (r#"{"result":2,"text":"no"}"#, Status::NOT_IMPLEMENTED),
        (r#"{"result":0}"#, Status::PROTOCOL_ERROR),
        (r#"["no"]"#, Status::PROTOCOL_ERROR),
        (r#"{"result":0,"argu"#, Status::CONNECTION_RESET),
    ] {
        let folder = Folder::new();
        let _server = Server::start(&folder.socket(), move |asked| asked.answer(answer));
        let c = start(&folder.socket(), "");
        // Queued before it is known: lost with the connection.
        let slot = look_up(&c, 1);
        assert_eq!(ready(&c), Waited::Closed(status), "{answer}");
        c.deliver_all();
        assert_eq!((slot.completed(), slot.followed()), (1, 1));
        assert_eq!(
            slot.got(),
            Some(Got::Lost(Status::CONNECTION_RESET)),
            "{answer}"
        );
    }
    let folder = Folder::new();
    let c = start(&folder.socket(), "");
    assert_eq!(ready(&c), Waited::Closed(Status::CONNECTION_REFUSED));
}

/// Callbacks that ask and wait run others inside.
#[test]
fn followups_that_wait() {
    const MANY: usize = 500;
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let slots: Vec<_> = (0..MANY)
        .map(|i| {
            let inner = Arc::clone(&c);
            let work = move || {
                let slot = look_up(&inner, 9);
                assert_eq!(finish(&inner, &slot), Waited::Done);
                assert_eq!(slot.completed(), 1);
            };
            look_up_with(&c, i as u8, Box::new(work))
        })
        .collect();
    let end = Instant::now() + LONG;
    let waited = c.wait(Some(end), &mut |_| slots.iter().all(|s| s.followed() == 1));
    assert_eq!(waited, Waited::Done);
    assert!(slots.iter().all(|s| s.completed() == 1));
}

/// Callbacks connect, ask there, disconnect.
#[test]
fn followups_that_connect() {
    let folder = Folder::new();
    let _server = Server::start(&folder.socket(), |asked| asked.obey());
    let c = connect(&folder.socket());
    let path = folder.socket();
    let slots: Vec<_> = (0..20)
        .map(|i| {
            let path = path.clone();
            let work = move || {
                let other = connect(&path);
                let slot = look_up(&other, i);
                assert_eq!(finish(&other, &slot), Waited::Done);
                assert!(other.disconnect(engine::Disconnect::WhenSent));
                other.deliver_all();
            };
            look_up_with(&c, i, Box::new(work))
        })
        .collect();
    for slot in &slots {
        assert_eq!(finish(&c, slot), Waited::Done);
    }
    c.deliver();
    until("followed", || slots.iter().all(|s| s.followed() == 1));
}

/// Without descriptors requests fail and the connection stays; those that were
/// only kept are given up first. In a process of its own, for the limit.
#[test]
fn without_descriptors() {
    let Some(path) = std::env::var_os("DHCPCTL_FEW") else {
        let folder = Folder::new();
        let _server = Server::start(&folder.socket(), |asked| asked.obey());
        let run = "ulimit -n 40; exec \"$0\" kea::without_descriptors --exact";
        let status = std::process::Command::new("sh")
            .args(["-c", run])
            .arg(std::env::current_exe().unwrap())
            .env("DHCPCTL_FEW", folder.socket())
            .status()
            .unwrap();
        assert!(status.success());
        return;
    };
    let c = connect(path.as_ref());
    let use_up =
        || -> Vec<_> { std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect() };
    let look_up_all = |number| -> Vec<_> {
        let slots: Vec<_> = (0..number).map(|i| look_up(&c, i)).collect();
        let ended = slots.iter().map(|slot| {
            assert_eq!(finish(&c, slot), Waited::Done);
            match slot.got() {
                Some(Got::Object(_)) => Status::SUCCESS,
                Some(Got::Status(status)) => status,
                other => panic!("{other:?}"),
            }
        });
        ended.collect()
    };
    // A socket that lies ready, and one in the place of one that was kept.
    let mut taken = use_up();
    let (good, bad) = (Status::SUCCESS, Status::TOO_MANY_OPEN_FILES);
    assert_eq!(look_up_all(5), [good, good, bad, bad, bad]);
    assert_eq!(c.phase(), Phase::Ready);
    // None lies ready now, but the two of those are kept.
    taken.extend(use_up());
    assert_eq!(look_up_all(1), [good]);
    taken.clear();
    assert_eq!(look_up_all(8), [good; 8]);
}
