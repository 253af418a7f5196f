//! Connection handles. A handle is a generic object whose `outer` is the
//! protocol object, whose `outer` is the connection object, whose `outer` is
//! the io object; programs walk these links, and pass the connection object to
//! `omapi_disconnect`. The engine sits behind the connection object.

use super::dispatch;
use super::pending_request::PendingRequest;
use crate::abi::layout::{
    omapi_connection_object_t, omapi_connection_state_t, omapi_io_object_t, omapi_object_t,
    omapi_object_type_t, omapi_protocol_state_t,
};
use crate::abi::symbols;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::links::{self, Links};
use crate::object::protocol::ProtocolObject;
use crate::object::refs::{self, ObjectRef};
use crate::object::{auth_key, generic, protocol};
use core::ffi::c_long;
use core::sync::atomic::AtomicPtr;
use engine::{Connection, Destination, Disconnect, Waited};
use omapi::client::Credentials;
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
pub(crate) type Conn = dyn Connection<PendingRequest>;

/// The io objects of all connections that are not yet closed.
static OPEN: Mutex<Vec<ObjectRef>> = Mutex::new(Vec::new());

/// The io objects of all connections that are not yet closed.
#[must_use]
pub(crate) fn open() -> Vec<ObjectRef> {
    OPEN.lock().clone()
}

/// A connection object with what C does not see.
#[repr(C)]
pub(crate) struct ConnectionObject {
    /// The genuine struct; must be first.
    pub c: omapi_connection_object_t,
    engine: Option<Arc<Conn>>,
    /// True when a wait has said that the connection can be used.
    announced: AtomicBool,
}

// SAFETY: repr(C), the genuine struct first; `refs::allocate` makes every block
// of this type large enough, and nobody else makes objects of it.
unsafe impl Kind for ConnectionObject {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_connection
    }
}

impl Checked<ConnectionObject> {
    /// What C may look at.
    fn c(self) -> *mut omapi_connection_object_t {
        // SAFETY: the address of a member; nothing is read.
        unsafe { &raw mut (*self.as_ptr()).c }
    }
}

impl TypedRef<ConnectionObject> {
    /// Whether a wait has said that the connection can be used.
    fn announced(&self) -> &AtomicBool {
        // SAFETY: the reference keeps the object alive, `prepare` made the
        // member valid, and nobody has a unique reference to it.
        unsafe { &(*self.get().as_ptr()).announced }
    }
}

impl ConnectionObject {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `ConnectionObject`'s size.
    pub(crate) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: a fresh block with room for the whole struct, the caller's
        // alone: what was in the member is zero, and is not dropped.
        unsafe {
            let this = Checked::<Self>::block(o);
            (*this).c.socket = -1;
            (&raw mut (*this).engine).write(None);
            (&raw mut (*this).announced).write(AtomicBool::new(false));
        }
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(crate) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: the member was made valid by `prepare`, and is not used
        // again.
        unsafe { (&raw mut (*Checked::<Self>::block(o)).engine).drop_in_place() };
    }
}

/// The engine of a connection handle.
///
/// # Safety
/// `handle` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is no connection handle, or no longer connected.
pub(crate) unsafe fn engine_of(handle: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    let links = Links::lock();
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        let protocol = protocol_around(&links, handle).ok_or(Status::INVALID_ARGUMENT)?;
        engine_around(&links, protocol)
    }
}

/// The engine of a protocol object.
///
/// # Safety
/// `protocol` is live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` when it is none, or not connected.
pub(crate) unsafe fn engine_of_protocol(
    protocol: *mut omapi_object_t,
) -> Result<Arc<Conn>, Status> {
    let links = Links::lock();
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        let protocol = Checked::new(protocol).ok_or(Status::INVALID_ARGUMENT)?;
        engine_around(&links, protocol)
    }
}

/// The protocol object around a connection handle.
///
/// # Safety
/// `handle` is live.
unsafe fn protocol_around(
    links: &Links,
    handle: *mut omapi_object_t,
) -> Option<Checked<ProtocolObject>> {
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe { links.outer(handle).and_then(|o| Checked::new(o)) }
}

/// The engine of the connection object around a protocol object.
///
/// # Safety
/// `protocol` is live.
unsafe fn engine_around(
    links: &Links,
    protocol: Checked<ProtocolObject>,
) -> Result<Arc<Conn>, Status> {
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        let object = links.outer(protocol.object());
        let object = object.and_then(|o| Checked::new(o));
        engine_locked(links, object.ok_or(Status::INVALID_ARGUMENT)?)
    }
}

/// The connection object around a protocol object, or around that of a
/// connection handle: `stuff_values` handlers of programs are given it.
///
/// # Safety
/// `inner` is live.
#[must_use]
pub(crate) unsafe fn around(inner: *mut omapi_object_t) -> Option<ObjectRef> {
    let links = Links::lock();
    let mut o = inner;
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        while let Some(outer) = links.outer(o) {
            if Checked::<ConnectionObject>::new(outer).is_some() {
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
pub(crate) unsafe fn engine_of_object(object: *mut omapi_object_t) -> Result<Arc<Conn>, Status> {
    let links = Links::lock();
    // SAFETY: live, by the caller's promise.
    unsafe {
        engine_locked(
            &links,
            Checked::new(object).ok_or(Status::INVALID_ARGUMENT)?,
        )
    }
}

/// # Safety
/// `object` is live.
unsafe fn engine_locked(
    _links: &Links,
    object: Checked<ConnectionObject>,
) -> Result<Arc<Conn>, Status> {
    // SAFETY: live, by the caller's promise. The member was made valid by
    // `prepare`, is set before others can find the object, and does not change
    // then.
    let engine = unsafe { &(*object.as_ptr()).engine };
    engine.clone().ok_or(Status::INVALID_ARGUMENT)
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
pub(crate) unsafe fn connect(
    destination: Destination,
    auth: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Result<*mut omapi_object_t, Status> {
    // SAFETY: the authenticator is NULL or live, by the caller's promise; we
    // own the only reference on the handle.
    unsafe {
        let handle = ObjectRef::from_raw(generic::new()?);
        start(handle.as_ptr(), destination, auth)?;
        if let Ok(engine) = engine_of(handle.as_ptr()) {
            engine.limit_connecting(deadline);
        }
        match wait(handle.as_ptr(), deadline) {
            Some(Ok(_)) => Ok(handle.into_raw()),
            Some(Err(status)) => {
                if let Ok(engine) = engine_of(handle.as_ptr()) {
                    end_now(&*engine);
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
pub(crate) unsafe fn start(
    handle: *mut omapi_object_t,
    destination: Destination,
    auth: *mut omapi_object_t,
) -> Result<(), Status> {
    // SAFETY: the handle is live and the authenticator NULL or live, by the
    // caller's promise; we own a reference on the new object. No lock is held.
    unsafe {
        if !links::is_outermost(handle) {
            return Err(Status::INVALID_ARGUMENT);
        }
        let protocol = TypedRef::<ProtocolObject>::allocate()?;
        start_protocol(protocol.as_ptr(), destination, auth)?;
        if refs::link(protocol.as_ptr(), handle) {
            return Ok(());
        }
        // Another thread was first.
        end_now(&*engine_of_protocol(protocol.as_ptr())?);
    }
    Err(Status::INVALID_ARGUMENT)
}

/// Starts to connect a protocol object without outer object.
///
/// # Safety
/// As [`start`].
///
/// # Errors
/// As [`start`]; `ISC_R_NOTIMPLEMENTED` for another object.
pub(crate) unsafe fn start_protocol(
    protocol: *mut omapi_object_t,
    destination: Destination,
    auth: *mut omapi_object_t,
) -> Result<(), Status> {
    // SAFETY: the protocol object is live and the authenticator NULL or live, by
    // the caller's promise.
    let (p, credentials) = unsafe {
        let p = Checked::<ProtocolObject>::new(protocol).ok_or(Status::NOT_IMPLEMENTED)?;
        (p, credentials(auth)?)
    };
    // SAFETY: as above.
    if !unsafe { links::is_outermost(protocol) } {
        return Err(Status::INVALID_ARGUMENT);
    }
    let object = TypedRef::<ConnectionObject>::allocate()?;
    let io = TypedRef::<omapi_io_object_t>::allocate()?.into_object();
    // The reference that an open connection has on its own chain.
    let own = io.clone();
    let first_id = first_id(credentials.is_some());
    let engine = engine::connect(destination, first_id, credentials, move || {
        disconnected(own);
    })?;
    // SAFETY: nobody else knows the new object, so nobody reads the member yet.
    unsafe { (*object.get().as_ptr()).engine = Some(Arc::clone(&engine)) };
    if !auth.is_null() {
        // SAFETY: both are live, by the caller's promise.
        unsafe { protocol::remember_auth(p, auth) };
    }
    // SAFETY: we own references on both. Both are new, so they can be linked.
    unsafe { refs::link(io.as_ptr(), object.as_ptr()) };
    // Before other threads can see the connection, and end it.
    OPEN.lock().push(io);
    // SAFETY: we own a reference on one, the caller has one on the other.
    if !unsafe { refs::link(object.as_ptr(), protocol) } {
        // Another thread was first.
        end_now(&*engine);
        return Err(Status::INVALID_ARGUMENT);
    }
    dispatch::used(&engine);
    Ok(())
}

/// What signs the messages of a connection; nothing for NULL.
///
/// # Safety
/// `auth` is NULL or live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another object.
unsafe fn credentials(auth: *mut omapi_object_t) -> Result<Option<Credentials>, Status> {
    if auth.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so live.
    unsafe {
        let key = auth_key::from_object(auth).ok_or(Status::INVALID_ARGUMENT)?;
        Ok(Some(auth_key::credentials(key)))
    }
}

/// The id of a connection's first request. The genuine one is libc's random(),
/// unseeded in most programs, which also advances the program's own sequence.
/// With a key it must not be guessed: a recorded conversation would fit another
/// connection.
fn first_id(signed: bool) -> u32 {
    if signed {
        return RandomState::new().hash_one(0) as u32;
    }
    // SAFETY: random() has no preconditions.
    unsafe { random() as u32 }
}

/// Closes a connection that nobody has seen.
fn end_now(engine: &Conn) {
    engine.disconnect(Disconnect::Now);
    engine.deliver_all();
}

/// Waits until the connection of a handle can be used: once, as the genuine
/// wait does. `None` when `handle` is no connection handle.
///
/// # Safety
/// `handle` is live.
pub(crate) unsafe fn wait(
    handle: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Option<Result<Status, Status>> {
    // SAFETY: live, by the caller's promise.
    let chain = match unsafe { Chain::of(handle) }? {
        Ok(chain) => chain,
        Err(status) => return Some(Err(status)),
    };
    let announced = chain.object.announced();
    if announced.load(Ordering::Acquire) {
        return Some(Err(Status::NO_MORE));
    }
    Some(match dispatch::wait_ready(&chain.engine, deadline) {
        Waited::TimedOut => Err(Status::TIMED_OUT),
        Waited::Closed(status) => Err(status),
        Waited::Done => {
            if !announced.swap(true, Ordering::AcqRel) {
                chain.show();
            }
            Ok(Status::SUCCESS)
        }
    })
}

/// The engine of a connection handle with the objects around the handle.
struct Chain {
    engine: Arc<Conn>,
    protocol: TypedRef<ProtocolObject>,
    object: TypedRef<ConnectionObject>,
}

impl Chain {
    /// `None` when `handle` is no connection handle; `ISC_R_NOMORE` when it is
    /// not connected.
    ///
    /// # Safety
    /// `handle` is live.
    unsafe fn of(handle: *mut omapi_object_t) -> Option<Result<Self, Status>> {
        let links = Links::lock();
        // SAFETY: live, by the caller's promise; what is linked to it is live
        // for as long as the lock is held, and then by the references.
        unsafe {
            let protocol = protocol_around(&links, handle)?;
            let object = links.outer(protocol.object());
            let chain = object.and_then(|o| Checked::new(o)).and_then(|object| {
                Some(Self {
                    engine: engine_locked(&links, object).ok()?,
                    protocol: TypedRef::another(protocol),
                    object: TypedRef::another(object),
                })
            });
            Some(chain.ok_or(Status::NO_MORE))
        }
    }

    /// Fills what C may look at, unless the connection has ended meanwhile.
    fn show(&self) {
        let socket = self.engine.socket();
        let (object, protocol) = (self.object.get(), self.protocol.get());
        // The lock orders this and `disconnected`.
        let links = Links::lock();
        let (c, p) = (object.c(), protocol.c());
        // SAFETY: the references keep both alive; the library writes these
        // members under the lock, and C reads them after the wait.
        unsafe {
            if links.outer(protocol.object()) != Some(object.object()) {
                return;
            }
            if let Some(socket) = socket {
                (*c).socket = socket.as_fd().as_raw_fd();
            }
            (*c).state = omapi_connection_state_t::omapi_connection_connected;
            (*p).protocol_version = wire::VERSION;
            (*p).header_size = wire::HEADER_LEN as u32;
            (*p).state = omapi_protocol_state_t::omapi_protocol_header_wait;
        }
    }
}

/// The connection ended: takes the handle and the protocol object off the
/// connection object. The reference that the open connection had on its own
/// chain goes to the protocol object: the program may still have the connection
/// object in its event loop.
fn disconnected(io: ObjectRef) {
    OPEN.lock().retain(|o| o.as_ptr() != io.as_ptr());
    let Some((object, protocol)) = inside(&io) else {
        return;
    };
    if let Some(protocol) = &protocol {
        // SAFETY: we own references on both.
        unsafe { refs::unlink(object.as_ptr(), protocol.as_ptr()) };
    }
    show_closed(&object);
    if let Some(protocol) = protocol.and_then(TypedRef::<ProtocolObject>::of) {
        // SAFETY: we own a reference on it; no lock is held.
        unsafe {
            protocol::forget_auth(protocol.get());
            protocol::retire(protocol.get(), io);
        }
    }
}

/// The connection object inside an io object, and the protocol object, if there
/// is one, inside that.
fn inside(io: &ObjectRef) -> Option<(TypedRef<ConnectionObject>, Option<ObjectRef>)> {
    let links = Links::lock();
    // SAFETY: the borrowed reference keeps the io object alive; what is linked to
    // it is live for as long as the lock is held, and then by the references.
    unsafe {
        let object = Checked::<ConnectionObject>::new(links.inner(io.as_ptr())?)?;
        let protocol = links.inner(object.object()).map(|p| ObjectRef::new(p));
        Some((TypedRef::another(object), protocol))
    }
}

/// Shows C that the connection has ended.
fn show_closed(object: &TypedRef<ConnectionObject>) {
    let _links = Links::lock();
    let c = object.get().c();
    // SAFETY: the borrowed reference keeps the object alive; the library writes
    // these members under the lock.
    unsafe {
        (*c).state = omapi_connection_state_t::omapi_connection_closed;
        (*c).socket = -1;
    }
}

/// Disconnects the connection object `object`.
///
/// # Safety
/// `object` is live; no lock is held.
pub(crate) unsafe fn disconnect(object: *mut omapi_object_t, force: bool) -> Status {
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
pub(crate) unsafe fn disconnect_handle(
    slot: *mut *mut omapi_object_t,
    force: bool,
) -> Result<(), Status> {
    // SAFETY: the slot is readable and writable, and holds a reference on a
    // live object, by the caller's promise; the engine is held by one of ours.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    /// No other thread sees a connection, and ends it, before it is among those
    /// that are open: it would stay there for ever.
    #[test]
    fn open_before_it_is_seen() {
        crate::builtin::initialize().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let destination = Destination::Omapi(vec![listener.local_addr().unwrap()]);
        let protocol = TypedRef::<ProtocolObject>::allocate().unwrap();
        let ours = protocol.clone().into_object();
        // SAFETY: a counted reference.
        let engine = || unsafe { engine_of_protocol(protocol.as_ptr()) };
        // Nothing becomes one of them now.
        let all = OPEN.lock();
        let starts = thread::spawn(move || {
            // SAFETY: a counted reference, and no authenticator.
            unsafe { start_protocol(ours.as_ptr(), destination, core::ptr::null_mut()) }
        });
        thread::sleep(Duration::from_millis(300));
        let seen = engine().is_ok();
        drop(all);
        starts.join().unwrap().unwrap();
        assert!(!seen);
        let engine = engine().expect("now it is seen");
        assert_eq!(open().len(), 1);
        engine.disconnect(Disconnect::Now);
        engine.deliver_all();
        assert_eq!(open().len(), 0);
    }
}
