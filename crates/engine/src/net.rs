//! Sockets: the only place that talks to the kernel about the network.
//!
//! Sockets are in blocking mode once connected; calls that must not block say
//! so with `MSG_DONTWAIT`. That lets a waiter without deadline sleep in `recv`
//! itself instead of in `poll` and then `recv`. No call here raises SIGPIPE.

use crate::errno::status_of;
use omapi::status::Status;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{self, RecvFlags, SendFlags, SocketAddrUnix, SocketType, sockopt};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::time::Instant;

/// The addresses of a host, in the resolver's order. Numeric IPv4 and IPv6
/// addresses (see [`address`]) ask no name server. A name is resolved by the
/// system and may take as long as the system's resolver is configured to.
///
/// # Errors
/// `DHCP_R_HOSTUNKNOWN` when there is no such name, or it is empty.
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Status> {
    if let Some(ip) = address(host) {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let addresses: Vec<_> = match host {
        "" => Vec::new(),
        // A mistyped address is not worth the time that name servers take.
        _ if is_numbers_and_dots(host) => return Err(Status::HOST_UNKNOWN),
        _ => (host, port)
            .to_socket_addrs()
            .map_err(|_| Status::HOST_UNKNOWN)?
            .collect(),
    };
    if addresses.is_empty() {
        return Err(Status::HOST_UNKNOWN);
    }
    Ok(addresses)
}

/// The address that a text is: IPv6 without a zone, or IPv4 in any of the forms
/// of `inet_aton`, such as `127.1`.
#[must_use]
pub fn address(host: &str) -> Option<IpAddr> {
    let usual = host.parse().ok();
    usual.or_else(|| numbers_and_dots(host).map(IpAddr::V4))
}

/// Whether a text can only be meant as an IPv4 address.
#[must_use]
pub fn is_numbers_and_dots(host: &str) -> bool {
    host.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

/// An address as `inet_aton` reads it: one to four numbers, octal after a
/// leading zero and hexadecimal after `0x`, of which the last has all the bytes
/// that are left.
fn numbers_and_dots(host: &str) -> Option<Ipv4Addr> {
    let number = |text: &str| {
        let (digits, radix) = match text.as_bytes() {
            b"0" => ("0", 10),
            [b'0', b'x' | b'X', ..] => (&text[2..], 16),
            [b'0', ..] => (&text[1..], 8),
            _ => (text, 10),
        };
        let right = digits.bytes().all(|b| b.is_ascii_alphanumeric());
        u32::from_str_radix(digits, radix).ok().filter(|_| right)
    };
    let mut parts = host.split('.').map(number).collect::<Option<Vec<_>>>()?;
    let last = parts.pop()?;
    if parts.len() > 3 || parts.iter().any(|&p| p > 255) {
        return None;
    }
    let left = 32 - 8 * parts.len() as u32;
    if u64::from(last) >> left != 0 {
        return None;
    }
    let first = parts.iter().fold(0_u32, |all, p| all << 8 | p);
    let high = (u64::from(first) << left) as u32;
    Some(Ipv4Addr::from_bits(high | last))
}

/// A stream socket.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Socket {
    /// Starts to connect. The attempt has begun when this returns, and
    /// is finished, one way or the other, when the socket becomes writable:
    /// then call [`finish_connect`](Self::finish_connect).
    ///
    /// # Errors
    /// What the system answers at once.
    pub fn start_connect(address: &SocketAddr) -> Result<Self, Errno> {
        let family = match address {
            SocketAddr::V4(_) => net::AddressFamily::INET,
            SocketAddr::V6(_) => net::AddressFamily::INET6,
        };
        let fd = new_socket(family)?;
        rustix::io::ioctl_fionbio(&fd, true)?;
        match net::connect(&fd, address) {
            Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(Self(fd)),
            Err(e) => Err(e),
        }
    }

    /// A socket for [`connect_unix`](Self::connect_unix).
    ///
    /// # Errors
    /// No descriptors left.
    pub fn unix() -> Result<Self, Errno> {
        #[cfg(not(target_vendor = "apple"))]
        {
            let flags = net::SocketFlags::CLOEXEC | net::SocketFlags::NONBLOCK;
            net::socket_with(net::AddressFamily::UNIX, SocketType::STREAM, flags, None).map(Self)
        }
        #[cfg(target_vendor = "apple")]
        {
            let fd = new_socket(net::AddressFamily::UNIX)?;
            rustix::io::ioctl_fionbio(&fd, true)?;
            Ok(Self(fd))
        }
    }

    /// Connects to a UNIX socket, or fails at once: with `EAGAIN` when the
    /// server's queue is full.
    ///
    /// # Errors
    /// Why it failed.
    pub fn connect_unix(&self, address: &SocketAddrUnix) -> Result<(), Errno> {
        loop {
            match net::connect(&self.0, address) {
                Err(Errno::INTR) => {}
                other => return other,
            }
        }
    }

    /// Two that are connected with each other.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn pair() -> Result<(Self, Self), Errno> {
        let (a, b) = net::socketpair(
            net::AddressFamily::UNIX,
            SocketType::STREAM,
            net::SocketFlags::empty(),
            None,
        )?;
        for fd in [&a, &b] {
            rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?;
            #[cfg(target_vendor = "apple")]
            sockopt::set_socket_nosigpipe(fd, true)?;
        }
        Ok((Self(a), Self(b)))
    }

    /// Result of the connection attempt; sets the options that every
    /// connection wants.
    ///
    /// # Errors
    /// Why the attempt failed.
    pub fn finish_connect(&self) -> Result<(), Errno> {
        sockopt::socket_error(&self.0)??;
        rustix::io::ioctl_fionbio(&self.0, false)?;
        // Requests are coalesced by us; Nagle would hold the last one back.
        sockopt::set_tcp_nodelay(&self.0, true)?;
        // A server that vanished without a word is noticed in the end. Not
        // worth failing for.
        let _ = sockopt::set_socket_keepalive(&self.0, true);
        self.quick_ack();
        Ok(())
    }

    /// Acknowledges without delay what was received. dhcpd leaves Nagle on: the
    /// last part of a long answer waits for our acknowledgement, which the
    /// kernel delays by 40 ms. So this is called whenever more is expected and
    /// nothing is sent that would carry the acknowledgement. Elsewhere a
    /// smaller window avoids the stall.
    pub fn quick_ack(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = sockopt::set_tcp_quickack(&self.0, true);
    }

    /// Sends what fits without blocking; `Ok(0)` when nothing does.
    ///
    /// # Errors
    /// The connection's error.
    pub fn send(&self, bytes: &[u8]) -> Result<usize, Errno> {
        loop {
            match net::send(&self.0, bytes, SendFlags::DONTWAIT | no_signal()) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                other => return other,
            }
        }
    }

    /// Receives; `None` when nothing is there (only without `block`),
    /// `Some(0)` at the end of the stream.
    ///
    /// # Errors
    /// The connection's error.
    pub fn receive(&self, buf: &mut [u8], block: bool) -> Result<Option<usize>, Errno> {
        let flags = if block {
            RecvFlags::empty()
        } else {
            RecvFlags::DONTWAIT
        };
        loop {
            match net::recv(&self.0, &mut *buf, flags) {
                Err(Errno::INTR) => {}
                // The program may have made the descriptor non-blocking, for an
                // event loop of its own.
                Err(Errno::AGAIN) if block => {
                    poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None)?;
                }
                Err(Errno::AGAIN) => return Ok(None),
                Ok((n, _)) => return Ok(Some(n)),
                Err(e) => return Err(e),
            }
        }
    }

    /// Ends both directions; wakes a thread that blocks in `receive`.
    pub fn shut_down(&self) {
        let _ = net::shutdown(&self.0, net::Shutdown::Both);
    }
}

/// The addresses of a server, which are tried one after the other.
pub struct Attempts {
    untried: VecDeque<SocketAddr>,
    present: Option<SocketAddr>,
    limit: Option<Instant>,
    until: Option<Instant>,
}

impl Attempts {
    /// Nothing has been tried. All attempts together are to end by `limit`.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>, limit: Option<Instant>) -> Self {
        Self {
            untried: addresses.into(),
            present: None,
            limit,
            until: None,
        }
    }

    /// Starts to connect to the next address, because the attempt before ended
    /// with `last`.
    ///
    /// # Errors
    /// Why the last address failed that could be tried; `last` without any.
    pub fn start_next(&mut self, mut last: Status) -> Result<Socket, Status> {
        while let Some(address) = self.untried.pop_front() {
            match Socket::start_connect(&address) {
                Ok(socket) => {
                    self.present = Some(address);
                    self.until = self.share();
                    return Ok(socket);
                }
                Err(e) => last = status_of(e),
            }
        }
        Err(last)
    }

    /// All attempts, the present one included, are to end by `limit`.
    pub fn set_limit(&mut self, limit: Option<Instant>) {
        self.limit = limit;
        self.until = self.share();
    }

    /// The address of the present attempt.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.present
    }

    /// When the present attempt has to make room for the next address; `None`
    /// if there is no next one, or no limit: then the system gives it up.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        self.until
    }

    /// A server that does not answer at one address gets no more than its share
    /// of the time, because it may answer at the next.
    fn share(&self) -> Option<Instant> {
        let others = u32::try_from(self.untried.len()).unwrap_or(u32::MAX - 1);
        let limit = self.limit.filter(|_| others > 0)?;
        let now = Instant::now();
        Some(now + limit.saturating_duration_since(now) / (others + 1))
    }
}

fn new_socket(family: net::AddressFamily) -> Result<OwnedFd, Errno> {
    #[cfg(not(target_vendor = "apple"))]
    {
        net::socket_with(family, SocketType::STREAM, net::SocketFlags::CLOEXEC, None)
    }
    #[cfg(target_vendor = "apple")]
    {
        let fd = net::socket(family, SocketType::STREAM, None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        sockopt::set_socket_nosigpipe(&fd, true)?;
        Ok(fd)
    }
}

fn no_signal() -> SendFlags {
    #[cfg(not(target_vendor = "apple"))]
    {
        SendFlags::NOSIGNAL
    }
    #[cfg(target_vendor = "apple")]
    {
        SendFlags::empty()
    }
}

/// Waits until a descriptor is ready or the deadline passes (`None`: for
/// ever). Signals do not end it. Returns how many are ready, 0 at the deadline.
///
/// # Errors
/// The system's error.
pub fn poll(fds: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<usize, Errno> {
    loop {
        let timeout = deadline.map(|d| {
            let left = d.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            }
        });
        match rustix::event::poll(fds, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Interest in reading, and in writing when `write`.
#[must_use]
pub fn interest(read: bool, write: bool) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, read);
    flags.set(PollFlags::OUT, write);
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn connected() -> (Socket, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let s = Socket::start_connect(&listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        poll(&mut [PollFd::new(&s, PollFlags::OUT)], None).unwrap();
        s.finish_connect().unwrap();
        (s, peer)
    }

    #[test]
    fn numbers_and_dots_ask_no_name_server() {
        for (host, address) in [
            ("10.0.0.1", Some([10, 0, 0, 1])),
            ("010.1.1.1", Some([8, 1, 1, 1])),
            ("127.1", Some([127, 0, 0, 1])),
            ("1.2.772", Some([1, 2, 3, 4])),
            ("2130706433", Some([127, 0, 0, 1])),
            ("0", Some([0, 0, 0, 0])),
            ("0x7f.1", Some([127, 0, 0, 1])),
            ("0X7F000001", Some([127, 0, 0, 1])),
            ("10.0.0.256", None),
            ("300.1.1.1", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("1.2.", None),
            ("09", None),
            ("99999999999", None),
        ] {
            let address = address.map(|a| vec![SocketAddr::new(IpAddr::from(a), 7911)]);
            let expected = address.ok_or(Status::HOST_UNKNOWN);
            assert_eq!(resolve(host, 7911), expected, "{host}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(
            resolve("127.0.0.1", 1).unwrap()[0].to_string(),
            "127.0.0.1:1"
        );
        assert_eq!(resolve("::1", 2).unwrap()[0].to_string(), "[::1]:2");
        assert_eq!(resolve("127.1", 3).unwrap()[0].to_string(), "127.0.0.1:3");
        assert_eq!(resolve("", 1), Err(Status::HOST_UNKNOWN));
        assert_eq!(resolve("no such host", 1), Err(Status::HOST_UNKNOWN));
    }

    #[test]
    fn refused() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let s = match Socket::start_connect(&free) {
            Err(e) => return assert_eq!(e, Errno::CONNREFUSED),
            Ok(s) => s,
        };
        poll(&mut [PollFd::new(&s, PollFlags::OUT)], None).unwrap();
        assert_eq!(s.finish_connect(), Err(Errno::CONNREFUSED));
    }

    #[test]
    fn writing_to_a_closed_peer_is_an_error_and_no_signal() {
        let (s, peer) = connected();
        drop(peer);
        let error = loop {
            match s.send(b"x") {
                Ok(_) => std::thread::yield_now(),
                Err(e) => break e,
            }
        };
        assert!(matches!(error, Errno::PIPE | Errno::CONNRESET), "{error}");
    }

    #[test]
    fn full_socket_does_not_block() {
        let (s, _peer) = connected();
        let block = vec![0; 1 << 20];
        while s.send(&block).unwrap() > 0 {}
        assert_eq!(s.receive(&mut [0; 8], false), Ok(None));
    }
}
