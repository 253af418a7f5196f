//! Connection handles. A handle is a generic object whose `outer` is the
//! protocol object, whose `outer` is the connection object, whose `outer` is
//! the io object; programs walk these links, and pass the connection object to
//! `omapi_disconnect`. The engine sits behind the connection object.

use super::layout::{
    omapi_connection_object_t, omapi_connection_state_t, omapi_io_object_t, omapi_object_t,
    omapi_object_type_t, omapi_protocol_object_t, omapi_protocol_state_t,
};
use super::refs::{self, ObjectRef};
use super::ticket::Ticket;
use super::{auth_key, dispatch, generic, protocol, types};
use crate::capi::data as symbols;
use core::ffi::c_long;
use core::mem::size_of;
use engine::{AnyConnection, Destination, Disconnect, Waited};
use omapi::status::Status;
use omapi::wire;
use parking_lot::Mutex;
use rustix::fd::{AsFd, AsRawFd};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

unsafe extern "C" {
    /// POSIX; the libc crate declares it for some systems only.
    fn random() -> c_long;
}

/// The engine's connection, with our tickets.
pub type Conn = AnyConnection<Ticket>;

/// The io objects of all connections that are not yet closed.
static OPEN: Mutex<Vec<ObjectRef>> = Mutex::new(Vec::new());

/// The io objects of all connections that are not yet closed.
#[must_use]
pub fn open() -> Vec<ObjectRef> {
    OPEN.lock().clone()
}

/// A connection object with what C does not see.
#[repr(C)]
pub struct ConnectionObject {
    /// The genuine struct; must be first.
    pub c: omapi_connection_object_t,
    engine: Option<Arc<Conn>>,
    /// True when a wait has said that the connection can be used.
    announced: AtomicBool,
}

impl ConnectionObject {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `ConnectionObject`'s size.
    pub(super) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe {
            let this = o.cast::<Self>();
            (*this).c.socket = -1;
            (&raw mut (*this).engine).write(None);
            (&raw mut (*this).announced).write(AtomicBool::new(false));
        }
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(super) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe { (&raw mut (*o.cast::<Self>()).engine).drop_in_place() };
    }
}

/// The engine of a connection handle.
///
/// # Safety
/// `handle` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is no connection handle, or no longer connected.
pub unsafe fn engine_of(handle: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    // Another thread may be taking the chain apart.
    let _chain = refs::structure();
    // SAFETY: linked objects are live while the lock is held.
    unsafe {
        let protocol = refs::link(&raw mut (*handle).outer)
            .filter(|&o| types::is(o, &symbols::omapi_type_protocol))
            .ok_or(Status::INVALID_ARGUMENT)?;
        let object = refs::link(&raw mut (*protocol).outer).ok_or(Status::INVALID_ARGUMENT)?;
        engine_locked(object)
    }
}

/// The engine of a protocol object.
///
/// # Safety
/// `protocol` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is none, or not connected.
pub unsafe fn engine_of_protocol(protocol: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    let _chain = refs::structure();
    // SAFETY: as the function's; linked objects are live under the lock.
    unsafe {
        if !types::is(protocol, &symbols::omapi_type_protocol) {
            return Err(Status::INVALID_ARGUMENT);
        }
        engine_locked(refs::link(&raw mut (*protocol).outer).ok_or(Status::INVALID_ARGUMENT)?)
    }
}

/// The connection object around a protocol object, or around that of a
/// connection handle: `stuff_values` handlers of programs are given it.
///
/// # Safety
/// `inner` is live.
#[must_use]
pub unsafe fn around(inner: *mut omapi_object_t) -> Option<ObjectRef> {
    let _chain = refs::structure();
    let mut o = inner;
    // SAFETY: linked objects are live while the lock is held.
    unsafe {
        while let Some(outer) = refs::link(&raw mut (*o).outer) {
            if types::is(outer, &symbols::omapi_type_connection) {
                return Some(ObjectRef::new(outer));
            }
            o = outer;
        }
    }
    None
}

/// The engine of a connection object.
///
/// # Safety
/// `object` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is none, or not connected.
pub unsafe fn engine_of_object(object: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    let _chain = refs::structure();
    // SAFETY: as the function's.
    unsafe { engine_locked(object) }
}

/// # Safety
/// `object` is live.
unsafe fn engine_locked(object: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    // SAFETY: every object of this type was allocated as a ConnectionObject;
    // the engine is set before the object is linked, and never changed.
    unsafe {
        if !types::is(object, &symbols::omapi_type_connection) {
            return Err(Status::INVALID_ARGUMENT);
        }
        (*object.cast::<ConnectionObject>())
            .engine
            .clone()
            .ok_or(Status::INVALID_ARGUMENT)
    }
}

/// Connects and waits until the connection can be used; the handle is owned by
/// the caller.
///
/// # Safety
/// `auth` is NULL or live.
///
/// # Errors
/// `DHCP_R_HOSTUNKNOWN`, the system's reason, `ISC_R_TIMEDOUT`, or the server's
/// code when it refuses the authenticator.
pub unsafe fn connect(
    destination: Destination,
    auth: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Result<*mut omapi_object_t, Status> {
    // SAFETY: auth is NULL or live, the handle is ours.
    unsafe {
        let handle = ObjectRef::from_raw(generic::new()?);
        start(handle.as_ptr(), destination, auth)?;
        match wait(handle.as_ptr(), deadline) {
            Some(Ok(_)) => Ok(handle.into_raw()),
            Some(Err(status)) => {
                if let Ok(engine) = engine_of(handle.as_ptr()) {
                    engine.disconnect(Disconnect::Now);
                    engine.deliver_all();
                }
                Err(status)
            }
            None => Err(Status::UNEXPECTED),
        }
    }
}

/// Starts to connect `handle`, an object without outer object: it becomes a
/// connection handle.
///
/// # Safety
/// `handle` is live; `auth` is NULL or live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for the wrong kind, or the system's reason.
pub unsafe fn start(
    handle: *mut omapi_object_t,
    destination: Destination,
    auth: *mut omapi_object_t,
) -> Result<(), Status> {
    // SAFETY: as the function's; the new object is live and unlinked.
    unsafe {
        if refs::link(&raw mut (*handle).outer).is_some() {
            return Err(Status::INVALID_ARGUMENT);
        }
        let protocol = new_object(
            &symbols::omapi_type_protocol,
            size_of::<omapi_protocol_object_t>(),
        )?;
        start_protocol(protocol.as_ptr(), destination, auth)?;
        if refs::join(protocol.as_ptr(), handle) {
            return Ok(());
        }
        // Another thread was first.
        let engine = engine_of_protocol(protocol.as_ptr())?;
        engine.disconnect(Disconnect::Now);
        engine.deliver_all();
    }
    Err(Status::INVALID_ARGUMENT)
}

/// Starts to connect a protocol object without outer object.
///
/// # Safety
/// As [`start`].
///
/// # Errors
/// As [`start`].
pub unsafe fn start_protocol(
    protocol: *mut omapi_object_t,
    destination: Destination,
    auth: *mut omapi_object_t,
) -> Result<(), Status> {
    // SAFETY: auth is NULL or live; the new objects are live and unlinked.
    // random() has no preconditions.
    unsafe {
        let credentials = match auth.is_null() {
            true => None,
            false => {
                let key = auth_key::from_object(auth).ok_or(Status::INVALID_ARGUMENT)?;
                Some(auth_key::credentials(key))
            }
        };
        if refs::link(&raw mut (*protocol).outer).is_some() {
            return Err(Status::INVALID_ARGUMENT);
        }
        let object = new_object(
            &symbols::omapi_type_connection,
            size_of::<omapi_connection_object_t>(),
        )?;
        let io = new_object(
            &symbols::omapi_type_io_object,
            size_of::<omapi_io_object_t>(),
        )?;
        // The genuine first id: libc's random(), unseeded in most programs.
        // It also advances the program's own sequence as the original does.
        // With a key it must not be guessed: a recorded conversation would fit
        // another connection.
        let first_id = match credentials {
            None => random() as u32,
            Some(_) => RandomState::new().hash_one(0) as u32,
        };
        // The reference that an open connection has on its own chain.
        let own = io.clone();
        let engine = Conn::start(destination, first_id, credentials, move || {
            disconnected(own);
        })?;
        (*object.as_ptr().cast::<ConnectionObject>()).engine = Some(Arc::clone(&engine));
        if !auth.is_null() {
            protocol::remember_auth(protocol.cast(), auth);
        }
        refs::join(io.as_ptr(), object.as_ptr());
        if !refs::join(object.as_ptr(), protocol) {
            // Another thread was first.
            engine.disconnect(Disconnect::Now);
            engine.deliver_all();
            return Err(Status::INVALID_ARGUMENT);
        }
        OPEN.lock().push(io);
        dispatch::used(&engine);
    }
    Ok(())
}

/// Waits until the connection of a handle can be used: once, as the genuine
/// wait does. `None` when `handle` is no connection handle.
///
/// # Safety
/// `handle` is live.
pub unsafe fn wait(
    handle: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Option<Result<Status, Status>> {
    // SAFETY: as the function's.
    unsafe {
        let (engine, protocol, object) = {
            let _chain = refs::structure();
            let protocol = refs::link(&raw mut (*handle).outer)
                .filter(|&o| types::is(o, &symbols::omapi_type_protocol))?;
            let Some(object) = refs::link(&raw mut (*protocol).outer) else {
                return Some(Err(Status::NO_MORE));
            };
            match engine_locked(object) {
                Ok(engine) => (engine, ObjectRef::new(protocol), ObjectRef::new(object)),
                Err(_) => return Some(Err(Status::NO_MORE)),
            }
        };
        let announced = &(*object.as_ptr().cast::<ConnectionObject>()).announced;
        if announced.load(Ordering::Acquire) {
            return Some(Err(Status::NO_MORE));
        }
        Some(match dispatch::wait_ready(&engine, deadline) {
            Waited::TimedOut => Err(Status::TIMED_OUT),
            Waited::Closed(status) => Err(status),
            Waited::Done => {
                if !announced.swap(true, Ordering::AcqRel) {
                    show(object.as_ptr(), protocol.as_ptr(), &engine);
                }
                Ok(Status::SUCCESS)
            }
        })
    }
}

/// # Safety
/// The symbol's type has objects of that size.
unsafe fn new_object(
    symbol: &core::sync::atomic::AtomicPtr<omapi_object_type_t>,
    size: usize,
) -> Result<ObjectRef, Status> {
    // SAFETY: a registered type; the new reference is ours.
    unsafe {
        Ok(ObjectRef::from_raw(refs::allocate(
            types::get(symbol)?,
            size,
        )?))
    }
}

/// Fills what C may look at, unless the connection has ended meanwhile.
///
/// # Safety
/// `object` is a live connection object, `protocol` a live protocol object.
unsafe fn show(object: *mut omapi_object_t, protocol: *mut omapi_object_t, engine: &Conn) {
    let socket = engine.socket();
    // The lock orders this and `disconnected`.
    let _chain = refs::structure();
    // SAFETY: as the function's.
    unsafe {
        if refs::link(&raw mut (*protocol).outer) != Some(object) {
            return;
        }
        let c = object.cast::<omapi_connection_object_t>();
        let p = protocol.cast::<omapi_protocol_object_t>();
        if let Some(socket) = socket {
            (*c).socket = socket.as_fd().as_raw_fd();
        }
        (*c).state = omapi_connection_state_t::omapi_connection_connected;
        (*p).protocol_version = wire::VERSION;
        (*p).header_size = wire::HEADER_LEN as u32;
        (*p).state = omapi_protocol_state_t::omapi_protocol_header_wait;
    }
}

/// The connection ended: takes the handle and the protocol object off the
/// connection object. The reference that the open connection had on its own
/// chain goes to the protocol object: the program may still have the connection
/// object in its event loop.
fn disconnected(io: ObjectRef) {
    OPEN.lock().retain(|o| o.as_ptr() != io.as_ptr());
    // SAFETY: our reference keeps io, and so what is linked to it, alive; a
    // reference on the protocol object is taken before it is unlinked.
    unsafe {
        let (object, protocol) = {
            let _chain = refs::structure();
            let Some(object) = refs::link(&raw mut (*io.as_ptr()).inner) else {
                return;
            };
            let protocol = refs::link(&raw mut (*object).inner).map(|p| ObjectRef::new(p));
            (object, protocol)
        };
        if let Some(protocol) = &protocol {
            refs::part(object, protocol.as_ptr());
        }
        {
            let _chain = refs::structure();
            let c = object.cast::<omapi_connection_object_t>();
            (*c).state = omapi_connection_state_t::omapi_connection_closed;
            (*c).socket = -1;
        }
        if let Some(protocol) = protocol
            && types::is(protocol.as_ptr(), &symbols::omapi_type_protocol)
        {
            protocol::forget_auth(protocol.as_ptr().cast());
            protocol::retire(protocol.as_ptr(), io);
        }
    }
}

/// Disconnects the connection object `object`.
///
/// # Safety
/// `object` is live; no lock is held.
pub unsafe fn disconnect(object: *mut omapi_object_t, force: bool) -> Status {
    // SAFETY: as the function's.
    match unsafe { engine_of_object(object) } {
        Ok(engine) => {
            engine.disconnect(how(force));
            engine.deliver_all();
            Status::SUCCESS
        }
        Err(status) => status,
    }
}

/// Disconnects the connection handle in `*slot` and gives up that reference.
///
/// # Safety
/// `*slot` is live; no lock is held.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is no connection handle, or no longer connected.
pub unsafe fn disconnect_handle(slot: *mut *mut omapi_object_t, force: bool) -> Result<(), Status> {
    // SAFETY: as the function's.
    unsafe {
        let engine = engine_of(*slot)?;
        engine.disconnect(how(force));
        // Callbacks that look at the program's variable see that it is over.
        let given_up = refs::dereference(slot);
        engine.deliver_all();
        given_up.ok()
    }
}

fn how(force: bool) -> Disconnect {
    if force {
        Disconnect::Now
    } else {
        Disconnect::WhenSent
    }
}
