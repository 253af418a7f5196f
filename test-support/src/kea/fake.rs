//! Servers that are no Kea, or stand between us and one.

use super::raw_command;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Reads one command: up to the brace that closes it.
fn read_command(stream: &mut impl Read) -> Vec<u8> {
    let (mut command, mut depth, mut string, mut escaped) = (Vec::new(), 0, false, false);
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {
        command.push(byte[0]);
        match byte[0] {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => string = !string,
            b'{' | b'[' if !string => depth += 1,
            b'}' | b']' if !string => depth -= 1,
            _ => {}
        }
        if depth == 0 && !command.is_empty() {
            break;
        }
    }
    command
}

/// A server behind a UNIX socket; `answer` gets each command and the
/// connection.
pub struct Fake {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Listens there until it is dropped.
    pub fn start(
        path: &Path,
        mut answer: impl FnMut(&str, &mut UnixStream) + Send + 'static,
    ) -> Self {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.unwrap();
                let command = String::from_utf8_lossy(&read_command(&mut stream)).into_owned();
                answer(&command, &mut stream);
            }
        });
        Self {
            path: path.to_owned(),
            stop,
            thread: Some(thread),
        }
    }

    /// What every Kea server answers first: enough to be connected to.
    pub fn probe(command: &str) -> Option<&'static str> {
        if command.contains("list-commands") {
            Some(
                r#"{"result":0,"arguments":["lease4-get","lease4-update","status-get","config-get"]}"#,
            )
        } else if command.contains("version-get") {
            Some(r#"{"result":0,"text":"2.2.0"}"#)
        } else {
            None
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = UnixStream::connect(&self.path);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// HTTP in front of a Kea server's UNIX socket, as kea-ctrl-agent does it: keeps
/// connections, wants a password, answers with a list.
pub struct Agent {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Connections so far.
    pub connections: Arc<AtomicUsize>,
}

impl Agent {
    /// Closes each connection after so many requests.
    pub fn start(kea: PathBuf, close_after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (stream, kea) = (stream.unwrap(), kea.clone());
                std::thread::spawn(move || serve(stream, &kea, close_after));
            }
        });
        Self { port, connections }
    }
}

/// A request: its head, in small letters, and its body.
fn request(reader: &mut impl BufRead) -> Option<(Vec<String>, Vec<u8>)> {
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_lowercase();
        if let Some(n) = line.strip_prefix("content-length: ") {
            length = n.parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn respond(stream: &mut impl Write, status: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: application/json\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

fn serve(mut stream: TcpStream, kea: &Path, close_after: usize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    for _ in 0..close_after {
        let (head, command) = request(&mut reader)?;
        // admin:pw
        if !head.contains(&"authorization: basic ywrtaw46chc=".to_owned()) {
            let body = b"{\"result\":401,\"text\":\"Unauthorized\"}";
            respond(&mut stream, "401 Unauthorized", body).ok()?;
            continue;
        }
        assert!(String::from_utf8_lossy(&command).contains(r#""service":["dhcp4"]"#));
        let answer = raw_command(kea, &command).ok()?;
        let body = [&b"[ "[..], &answer, b" ]"].concat();
        respond(&mut stream, "200 OK", &body).ok()?;
    }
    None
}

/// Something on TCP that counts connections: bytes go to another port and back.
pub struct Counter {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Connections so far.
    pub connections: Arc<AtomicUsize>,
}

impl Counter {
    /// Passes everything on to that port of 127.0.0.1.
    pub fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let Ok(to) = TcpStream::connect(("127.0.0.1", to)) else {
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                pass_on(from.try_clone().unwrap(), to.try_clone().unwrap());
                pass_on(to, from);
            }
        });
        Self { port, connections }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}

/// An HTTP server that answers what every Kea server is asked first, and everything
/// else with these bytes and the end of the connection.
pub fn says(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let bytes = bytes.clone();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some((_, command)) = request(&mut reader) {
                    let command = String::from_utf8_lossy(&command).into_owned();
                    let Some(answer) = Fake::probe(&command) else {
                        let _ = stream.write_all(&bytes);
                        break;
                    };
                    let _ = respond(&mut stream, "200 OK", format!("[{answer}]").as_bytes());
                }
            });
        }
    });
    port
}
