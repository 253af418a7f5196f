//! A Kea that does what a test's script says, over a UNIX socket or HTTP, and
//! requests to it.

use crate::ticket::{How, LONG, Slot, Ticket, Work, attribute};
use engine::{Connection, Destination, Phase, Waited};
use kea::Target;
use omapi::request::{Operation, Request};
use omapi::status::Status;
use omapi::wire::ValueList;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A folder of its own; removed at the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dhcpctl-engine-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("kea")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// One command, from the server's side.
pub(super) struct Asked {
    pub command: String,
    pub arguments: Value,
    stream: Stream,
}

enum Stream {
    Unix(UnixStream),
    Http(TcpStream),
}

impl Asked {
    pub(super) fn answer(&mut self, json: &str) {
        let _ = match &mut self.stream {
            Stream::Unix(stream) => stream.write_all(json.as_bytes()),
            Stream::Http(stream) => {
                let length = json.len() + 2;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
                let whole = format!("{head}Content-Length: {length}\r\n\r\n[{json}]");
                stream.write_all(whole.as_bytes())
            }
        };
    }

    /// Half of an answer, and the end of the connection.
    pub(super) fn answer_half(&mut self) {
        let _ = match &mut self.stream {
            Stream::Unix(stream) => stream.write_all(b"{\"result\":0,"),
            Stream::Http(stream) => stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n[{\"result\"")
                .and_then(|()| stream.shutdown(Shutdown::Both)),
        };
    }

    /// A lease with the address that was asked for, or what connecting asks.
    pub(super) fn obey(&mut self) {
        let answer = match &*self.command {
            "list-commands" => {
                r#"{"result":0,"arguments":["lease4-get","leases-reclaim"]}"#.to_owned()
            }
            "version-get" => r#"{"result":0,"text":"3.0.3"}"#.to_owned(),
            "lease4-get" => {
                let address = self.arguments["ip-address"].as_str().unwrap_or("10.0.0.1");
                format!(
                    r#"{{"result":0,"arguments":{{"ip-address":"{address}","hw-address":"00:01:02:03:04:05","subnet-id":1,"cltt":1000,"valid-lft":4000,"state":0}}}}"#
                )
            }
            _ => r#"{"result":0,"text":"done"}"#.to_owned(),
        };
        self.answer(&answer);
    }

    /// True for what a connection begins with.
    pub(super) fn is_probe(&self) -> bool {
        matches!(&*self.command, "list-commands" | "version-get")
    }

    /// Waits for the client to go.
    pub(super) fn until_closed(&mut self) {
        let mut piece = [0; 64];
        while match &mut self.stream {
            Stream::Unix(stream) => stream.read(&mut piece),
            Stream::Http(stream) => stream.read(&mut piece),
        }
        .is_ok_and(|n| n > 0)
        {}
    }
}

/// Plays a script on every connection, each in a thread of its own.
pub(super) struct Server {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(path: &Path, script: impl Fn(&mut Asked) + Send + Sync + 'static) -> Self {
        Self::with_queue(path, 1000, script)
    }

    /// As [`start`](Self::start), with so much room for clients that are not
    /// accepted yet.
    pub(super) fn with_queue(
        path: &Path,
        room: i32,
        script: impl Fn(&mut Asked) + Send + Sync + 'static,
    ) -> Self {
        let _ = std::fs::remove_file(path);
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
        rustix::net::listen(&socket, room).unwrap();
        let listener = UnixListener::from(socket);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let script = Arc::new(script);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let script = Arc::clone(&script);
                thread::spawn(move || {
                    if let Some(mut asked) = read(stream) {
                        script(&mut asked);
                    }
                });
            }
        });
        Self {
            path: path.to_owned(),
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    /// As a Kea server that ends: the socket's file goes too.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = UnixStream::connect(&self.path);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

fn read(mut stream: UnixStream) -> Option<Asked> {
    let mut command = Vec::new();
    loop {
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => command.extend_from_slice(&piece[..n]),
            _ => return None,
        }
        if let Ok(mut whole) = serde_json::from_slice::<Value>(&command) {
            return Some(Asked {
                command: whole["command"].as_str()?.to_owned(),
                arguments: whole["arguments"].take(),
                stream: Stream::Unix(stream),
            });
        }
    }
}

/// Plays a script over HTTP, until the test process ends: each connection takes
/// `commands` and is then closed behind the last answer.
pub(super) fn serve_http(
    commands: u32,
    script: impl Fn(&mut Asked) + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = Arc::new(script);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            thread::spawn(move || {
                for _ in 0..commands {
                    match read_http(stream.try_clone().unwrap()) {
                        Some(mut asked) => script(&mut asked),
                        None => return,
                    }
                }
            });
        }
    });
    port
}

/// One request; what follows it is not read, because nothing does before it is
/// answered.
fn read_http(mut stream: TcpStream) -> Option<Asked> {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(n) if n > 0 => request.extend_from_slice(&piece[..n]),
            _ => return None,
        }
        let end = request.windows(4).position(|w| w == b"\r\n\r\n");
        let content = end.map(|at| &request[at + 4..]);
        if let Some(mut whole) = content.and_then(|c| serde_json::from_slice::<Value>(c).ok()) {
            return Some(Asked {
                command: whole["command"].as_str()?.to_owned(),
                arguments: whole["arguments"].take(),
                stream: Stream::Http(stream),
            });
        }
    }
}

pub(super) type Conn = Arc<dyn Connection<Ticket>>;

/// Starts to connect.
pub(super) fn start(path: &Path, options: &str) -> Conn {
    start_named(&format!("kea:{}?{options}", path.display()))
}

/// As [`start`], over HTTP.
pub(super) fn start_http(port: u16) -> Conn {
    start_named(&format!("kea+http://127.0.0.1:{port}/"))
}

pub(super) fn start_named(name: &str) -> Conn {
    let target = Target::parse(name).expect("a name");
    let destination = Destination::Kea(target.expect("the name of a Kea server"));
    engine::connect(destination, 0, None, || {}).expect("a connection")
}

/// A connection that is ready.
pub(super) fn connect(path: &Path) -> Conn {
    let c = start(path, "");
    assert_eq!(ready(&c), Waited::Done);
    c
}

/// Waits until it is ready.
pub(super) fn ready(c: &Conn) -> Waited {
    c.wait(Some(Instant::now() + LONG), &mut |phase| {
        phase == Phase::Ready
    })
}

/// Queues the look-up of a lease.
pub(super) fn look_up(c: &Conn, last: u8) -> Arc<Slot> {
    look_up_as(c, last, None, How::Plain).expect("the connection takes requests")
}

pub(super) fn look_up_with(c: &Conn, last: u8, work: Work) -> Arc<Slot> {
    look_up_as(c, last, Some(work), How::Plain).expect("the connection takes requests")
}

pub(super) fn look_up_as(
    c: &Conn,
    last: u8,
    work: Option<Work>,
    how: How,
) -> Result<Arc<Slot>, Status> {
    let attributes = attribute("ip-address", &[10, 0, 0, last]);
    open(c, b"lease", &attributes, work, how)
}

/// Queues a command that changes something: nothing runs beside it.
pub(super) fn change(c: &Conn) -> Arc<Slot> {
    let attributes = attribute("command", b"leases-reclaim");
    open(c, b"kea-command", &attributes, None, How::Plain).expect("a request")
}

/// Queues the look-up of a group.
pub(super) fn look_up_group(c: &Conn, name: &str) -> Arc<Slot> {
    let attributes = attribute("name", name.as_bytes());
    open(c, b"group", &attributes, None, How::Plain).expect("a request")
}

/// Queues the refresh of an object.
pub(super) fn refresh(c: &Conn, handle: u32) -> Arc<Slot> {
    let request = Request {
        operation: Operation::Refresh,
        handle,
        attributes: ValueList::from_bytes(&[]),
    };
    submit(c, &request, None, How::Plain).expect("a request")
}

fn open(
    c: &Conn,
    kind: &[u8],
    attributes: &[u8],
    work: Option<Work>,
    how: How,
) -> Result<Arc<Slot>, Status> {
    let request = Request {
        operation: Operation::Open {
            object_type: Some(kind),
            flags: 0,
        },
        handle: 0,
        attributes: ValueList::from_bytes(attributes),
    };
    submit(c, &request, work, how)
}

fn submit(
    c: &Conn,
    request: &Request<'_>,
    work: Option<Work>,
    how: How,
) -> Result<Arc<Slot>, Status> {
    let slot = Arc::<Slot>::default();
    match c.submit(request, Ticket::new(&slot, work, how)) {
        Ok(_) => Ok(slot),
        Err((status, _)) => Err(status),
    }
}

/// Waits until that request has ended.
pub(super) fn finish(c: &Conn, slot: &Slot) -> Waited {
    c.wait_about(slot.key(), Some(Instant::now() + LONG), &mut |_| {
        slot.completed() > 0
    })
}

/// Waits for something that another thread does.
pub(super) fn until(what: &str, is: impl Fn() -> bool) {
    let end = Instant::now() + LONG;
    while !is() {
        assert!(Instant::now() < end, "{what}: not so");
        thread::sleep(Duration::from_millis(1));
    }
}
