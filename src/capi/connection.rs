//! `omapi_protocol_*`, `omapi_connect*`, `omapi_connection_*`: connections
//! below `dhcpctl_*`, and driving them from a program's own event loop.

use super::{guard, guard_calling, guard_or, object, some, text};
use crate::abi::layout::{
    isc_boolean_t, isc_result_t, omapi_addr_list_t, omapi_addr_t, omapi_object_t,
};
use crate::object::protocol;
use crate::remote::connection::{self, Conn};
use crate::remote::message;
use crate::servers;
use core::ffi::{c_char, c_int, c_uint};
use core::ptr::null_mut;
use engine::{Destination, Phase};
use omapi::status::Status;
use rustix::fd::{AsFd, AsRawFd};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Starts to connect `h`, an object of the program or a generic object: it
/// becomes a connection handle. Wait for it with omapi_wait_for_completion.
///
/// Returns DHCP_R_INCOMPLETE when connecting has begun, otherwise why it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_protocol_connect(
    h: *mut omapi_object_t,
    server_name: *const c_char,
    port: c_uint,
    authinfo: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let h = object(h)?;
        if !authinfo.is_null() {
            object(authinfo)?;
        }
        connection::start(h, destination(server_name, port)?, authinfo)?;
        Err(Status::INCOMPLETE)
    })
}

/// What a server name means: an address, or a Kea server.
///
/// # Safety
/// `server_name` is NULL or a C string.
unsafe fn destination(server_name: *const c_char, port: c_uint) -> Result<Destination, Status> {
    // SAFETY: as the function's.
    let host = unsafe { text(server_name) }?;
    servers::find(OsStr::from_bytes(host.to_bytes()), port as u16)
}

/// Starts to connect the protocol object `c`; other objects have no use for
/// the bytes of a connection, and get ISC_R_NOTIMPLEMENTED.
///
/// Returns DHCP_R_INCOMPLETE when connecting has begun, otherwise why it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connect(
    c: *mut omapi_object_t,
    server_name: *const c_char,
    port: c_uint,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe { connect_protocol(object(c)?, destination(server_name, port)?) })
}

/// As omapi_connect, for the addresses of a list, in turn. A local address is
/// not supported: `local_addr` must be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connect_list(
    c: *mut omapi_object_t,
    remote_addrs: *mut omapi_addr_list_t,
    local_addr: *mut omapi_addr_t,
) -> isc_result_t {
    // SAFETY: the C contract: the list has `count` addresses.
    guard_calling(|| unsafe {
        let (c, list) = (object(c)?, some(remote_addrs)?);
        if !local_addr.is_null() {
            return Err(Status::NOT_IMPLEMENTED);
        }
        let count = (*list).count as usize;
        let mut addresses = Vec::new();
        for i in 0..count {
            addresses.push(socket_address(&*(*list).addresses.add(i))?);
        }
        if addresses.is_empty() {
            return Err(Status::INVALID_ARGUMENT);
        }
        connect_protocol(c, Destination::Omapi(addresses))
    })
}

/// An address as C keeps it; the port is in host byte order.
fn socket_address(a: &omapi_addr_t) -> Result<SocketAddr, Status> {
    let b = a.address;
    let ip = match (a.addrtype as c_int, a.addrlen) {
        (libc::AF_INET, 4) => IpAddr::V4(Ipv4Addr::new(b[0], b[1], b[2], b[3])),
        (libc::AF_INET6, 16) => IpAddr::V6(Ipv6Addr::from(b)),
        _ => return Err(Status::INVALID_ARGUMENT),
    };
    Ok(SocketAddr::new(ip, a.port as u16))
}

/// # Safety
/// `c` is live.
unsafe fn connect_protocol(c: *mut omapi_object_t, destination: Destination) -> Result<(), Status> {
    // SAFETY: live, by the caller's promise; there is no authenticator.
    unsafe { connection::start_protocol(c, destination, null_mut())? };
    Err(Status::INCOMPLETE)
}

/// True when messages of the protocol object are signed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_protocol_authenticated(h: *mut omapi_object_t) -> isc_boolean_t {
    // SAFETY: the C contract.
    guard_or(false, || unsafe {
        object(h).is_ok_and(|h| protocol::is_authenticated(h))
    })
}

/// Sends the message `mo` on the connection of the protocol object `po`.
/// `id` is NULL or the object whose handle goes with it, `omo` NULL or the
/// message that it answers. The answer goes into the message's "object", or
/// its result to the "notify-object"; wait for either of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_protocol_send_message(
    po: *mut omapi_object_t,
    id: *mut omapi_object_t,
    mo: *mut omapi_object_t,
    omo: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { message::send(object(po)?, id, object(mo)?, omo) })
}

/// Sends an open for `object` of the server's type `type` on the connection of
/// the protocol object `po`, with OMAPI_CREATE, OMAPI_UPDATE, OMAPI_EXCL in
/// `flags`. Wait for `object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_protocol_send_open(
    po: *mut omapi_object_t,
    id: *mut omapi_object_t,
    r#type: *const c_char,
    object: *mut omapi_object_t,
    flags: c_uint,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let about = super::object(object)?;
        let object_type = if r#type.is_null() {
            None
        } else {
            Some(text(r#type)?.to_bytes())
        };
        message::send_open(super::object(po)?, id, object_type, about, flags)
    })
}

/// The engine of a connection object, or of a connection handle.
///
/// # Safety
/// `h` is NULL or live.
unsafe fn engine(h: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    // SAFETY: as the function's.
    unsafe {
        let h = object(h)?;
        connection::engine_of_object(h).or_else(|_| connection::engine_of(h))
    }
}

/// The descriptor to poll for reading: of a connection object (the outer of
/// the outer of a handle) or of a handle; -1 without a connection. For Kea it
/// stands for all the sockets and times of the connection, and is readable
/// also when there is something to send (Linux only, -1 elsewhere). It belongs
/// to the library: poll it, do not read from it or close it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connection_readfd(h: *mut omapi_object_t) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe {
        let descriptor = engine(h).ok().and_then(|e| e.descriptor());
        descriptor.unwrap_or(-1)
    })
}

/// The descriptor to poll for writing, or -1 while there is nothing to write;
/// always -1 for Kea.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connection_writefd(h: *mut omapi_object_t) -> c_int {
    // SAFETY: the C contract.
    guard_or(-1, || unsafe {
        match engine(h) {
            Ok(e) if e.has_sendable() => e.socket().map_or(-1, |s| s.as_fd().as_raw_fd()),
            _ => -1,
        }
    })
}

/// Takes in what the connection's descriptor has, without blocking: answers go
/// into their objects, callbacks run.
///
/// Returns 0, or DHCP_R_CONNRESET when the connection is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connection_reader(h: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let e = engine(h)?;
        if let Some(io) = e.begin_io() {
            io.poll_once(Some(std::time::Instant::now()));
        }
        e.deliver();
        alive(&*e)
    })
}

/// Sends what the connection's descriptor takes, without blocking.
///
/// Returns 0, or DHCP_R_CONNRESET when the connection is lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connection_writer(h: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let e = engine(h)?;
        if e.phase() == Phase::Connecting
            && let Some(io) = e.begin_io()
        {
            io.poll_once(Some(std::time::Instant::now()));
        }
        e.flush();
        e.deliver();
        alive(&*e)
    })
}

fn alive(e: &Conn) -> Result<(), Status> {
    match e.phase() {
        Phase::Closed(_) => Err(Status::CONNECTION_RESET),
        _ => Ok(()),
    }
}

/// Whether the connection still lives; a connection that was to be closed
/// after its output was sent is closed here.
///
/// Returns 0, or ISC_R_NOTCONNECTED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_connection_reaper(h: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let e = engine(h).map_err(|_| Status::NOT_CONNECTED)?;
        e.flush();
        e.deliver_all();
        alive(&*e).map_err(|_| Status::NOT_CONNECTED)
    })
}
