//! Remote objects: what stands for a lease, host, group ... of the server.
//!
//! Behind the C struct, in the same block, an object remembers which requests
//! are outstanding and how finished ones ended, so that a wait after the
//! completion returns at once and waits may come in any order.

use super::callback;
use super::connection::{self, Conn};
use super::data::{self, Datum};
use super::layout::{
    dhcpctl_remote_object_t, isc_result_t, omapi_data_string_t, omapi_object_t,
    omapi_object_type_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use super::refs::{self, ObjectRef};
use super::value::Owned;
use super::{dispatch, generic, stuffing, types};
use crate::capi::data as symbols;
use crate::engine::Waited;
use crate::request::{Complete, Followup, Operation, Outcome, Request};
use crate::status::Status;
use crate::wire::ValueList;
use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// The attribute name that is the object's handle, not an attribute.
const REMOTE_HANDLE: &[u8] = b"remote-handle";

/// A remote object with what C does not see.
#[repr(C)]
pub struct Remote {
    /// The genuine struct; must be first.
    pub c: dhcpctl_remote_object_t,
    completion: Mutex<Completion>,
}

#[derive(Default)]
struct Completion {
    outstanding: u32,
    finished: VecDeque<Finished>,
    connection: Option<Arc<Conn>>,
}

/// How a request ended, until a wait asks.
#[derive(Clone, Copy)]
enum Finished {
    Answered(Status),
    Lost(Status),
}

/// Finished requests that nobody waited for are forgotten beyond this number
/// when the object has a callback: such programs need never wait.
const REMEMBERED_WITH_CALLBACK: usize = 64;

impl Remote {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `Remote`'s size.
    pub(super) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe { (&raw mut (*o.cast::<Self>()).completion).write(Mutex::default()) };
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(super) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe { (&raw mut (*o.cast::<Self>()).completion).drop_in_place() };
    }
}

/// The type, as it is registered.
pub(super) fn remote_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(dhcpctl_remote_set_value),
        get_value: Some(dhcpctl_remote_get_value),
        destroy: Some(dhcpctl_remote_destroy),
        signal_handler: Some(dhcpctl_remote_signal_handler),
        stuff_values: Some(dhcpctl_remote_stuff_values),
        ..types::bare(c"dhcpctl-remote", size_of::<dhcpctl_remote_object_t>())
    }
}

/// `object` as a remote object, if it is one.
///
/// # Safety
/// `object` is live.
unsafe fn from_object<'a>(object: *mut omapi_object_t) -> Option<&'a Remote> {
    // SAFETY: every object of this type was allocated as a `Remote`. The
    // reference is used for the mutex only; C fields go through raw pointers.
    unsafe { types::is(object, &symbols::dhcpctl_remote_type).then(|| &*object.cast::<Remote>()) }
}

/// True when `object` is a remote object.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn is_remote(object: *mut omapi_object_t) -> bool {
    // SAFETY: object is live.
    unsafe { types::is(object, &symbols::dhcpctl_remote_type) }
}

/// The message text of the last answer, which `dhcpctl_remote_object_t` keeps.
fn c_fields(object: *mut omapi_object_t) -> *mut dhcpctl_remote_object_t {
    object.cast()
}

/// A new object of the server's type `object_type`, with a generic object for
/// its attributes inside; owned by the caller.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub fn new(object_type: &CStr) -> Result<*mut omapi_object_t, Status> {
    let t = types::get(&symbols::dhcpctl_remote_type)?;
    let rtype = Owned(data::typed_from(object_type.to_bytes(), true)?);
    // SAFETY: t is registered; the new objects are live and unlinked.
    unsafe {
        let attributes = ObjectRef::from_raw(generic::new()?);
        let object = refs::allocate(t, size_of::<dhcpctl_remote_object_t>())?;
        (*c_fields(object)).rtype = rtype.into_raw();
        refs::join(object, attributes.as_ptr());
        Ok(object)
    }
}

/// What to ask of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Open with these flags.
    Open(u32),
    /// Update.
    Update,
    /// Refresh.
    Refresh,
    /// Remove.
    Remove,
}

/// Queues a request about `object` on the connection of `handle`.
///
/// # Safety
/// Both are live.
pub unsafe fn send(object: *mut omapi_object_t, handle: *mut omapi_object_t, ask: Ask) -> Status {
    // SAFETY: as the function's.
    unsafe {
        let Some(remote) = from_object(object) else {
            return Status::INVALID_ARGUMENT;
        };
        match connection::engine_of(handle).and_then(|engine| submit(object, remote, &engine, ask))
        {
            Ok(()) => Status::SUCCESS,
            Err(status) => status,
        }
    }
}

/// # Safety
/// `object` is live and `remote` its Rust view.
unsafe fn submit(
    object: *mut omapi_object_t,
    remote: &Remote,
    engine: &Arc<Conn>,
    ask: Ask,
) -> Result<(), Status> {
    // SAFETY: object is live; its C fields are read through raw pointers, and
    // rtype is not changed after creation.
    unsafe {
        let c = c_fields(object);
        let attributes = match ask {
            Ask::Open(_) | Ask::Update => changed_attributes(object)?,
            Ask::Refresh | Ask::Remove => Vec::new(),
        };
        let object_type = match (*c).rtype {
            t if t.is_null() => None,
            t => match data::view(t) {
                Datum::String(b) | Datum::Data(b) => Some(b),
                _ => return Err(Status::INVALID_ARGUMENT),
            },
        };
        let (operation, handle) = match ask {
            Ask::Open(flags) => (Operation::Open { object_type, flags }, (*object).handle),
            Ask::Update => (Operation::Update, (*c).remote_handle),
            Ask::Refresh => (Operation::Refresh, (*c).remote_handle),
            Ask::Remove => (Operation::Remove, (*c).remote_handle),
        };
        let request = Request {
            operation,
            handle,
            attributes: ValueList::from_bytes(&attributes),
        };
        remote.completion.lock().begin(engine);
        dispatch::used(engine);
        let ticket = Ticket(ObjectRef::new(object));
        engine.submit(&request, ticket).map_err(|(status, ticket)| {
            remote.completion.lock().outstanding -= 1;
            drop(ticket);
            status
        })
    }
}

/// The attributes to send, in wire form. Handlers of program-defined objects
/// in the chain take part.
///
/// # Safety
/// `object` is a live remote object.
unsafe fn changed_attributes(object: *mut omapi_object_t) -> Result<Vec<u8>, Status> {
    // SAFETY: as the function's.
    unsafe {
        match plain_attributes(object) {
            Some(g) => {
                let mut out = Vec::new();
                generic::append_changed(g, &mut out)?;
                Ok(out)
            }
            None => stuffing::collect(|| types::stuff_values(null_mut(), null_mut(), object)),
        }
    }
}

/// The generic object of a chain that has only the library's own types, which
/// needs no handler dispatch; `None` when a program has added to the chain.
///
/// # Safety
/// `object` is a live remote object.
unsafe fn plain_attributes(
    object: *mut omapi_object_t,
) -> Option<*mut super::layout::omapi_generic_object_t> {
    // SAFETY: links keep their targets alive.
    unsafe {
        if refs::link(&raw mut (*object).outer).is_some() {
            return None;
        }
        let inner = refs::link(&raw mut (*object).inner)?;
        let g = generic::from_object(inner)?;
        match refs::link(&raw mut (*inner).inner) {
            None => Some(g),
            Some(next) => (types::is(next, &symbols::dhcpctl_callback_type)
                && refs::link(&raw mut (*next).inner).is_none())
            .then_some(g),
        }
    }
}

impl Completion {
    /// A request is about to be queued.
    fn begin(&mut self, engine: &Arc<Conn>) {
        if self.outstanding == 0 {
            // Nobody waited for these; a wait now means the new request.
            self.finished.clear();
        }
        self.outstanding += 1;
        if !self
            .connection
            .as_ref()
            .is_some_and(|c| Arc::ptr_eq(c, engine))
        {
            self.connection = Some(Arc::clone(engine));
        }
    }

    fn end(&mut self, how: Finished, has_callback: bool) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if has_callback && self.finished.len() >= REMEMBERED_WITH_CALLBACK {
            self.finished.pop_front();
        }
        self.finished.push_back(how);
    }
}

/// Waits until a request of `object` has ended: the oldest that no wait has
/// returned yet. Returns the result of waiting, and the status for the caller.
///
/// `ISC_R_NOMORE` when there is nothing to wait for, `ISC_R_TIMEDOUT`,
/// `DHCP_R_CONNRESET` when the connection ended first.
///
/// # Safety
/// `object` is live.
pub unsafe fn wait(
    object: *mut omapi_object_t,
    deadline: Option<Instant>,
) -> Result<Status, Status> {
    // SAFETY: as the function's.
    let remote = unsafe { from_object(object) }.ok_or(Status::NO_MORE)?;
    loop {
        let engine = {
            let mut completion = remote.completion.lock();
            match completion.finished.pop_front() {
                Some(Finished::Answered(status)) => return Ok(status),
                Some(Finished::Lost(status)) => return Err(status),
                None if completion.outstanding == 0 => return Err(Status::NO_MORE),
                None => completion.connection.clone().ok_or(Status::NO_MORE)?,
            }
        };
        let mut ended = || {
            let completion = remote.completion.lock();
            !completion.finished.is_empty() || completion.outstanding == 0
        };
        match dispatch::wait(&engine, deadline, &mut ended) {
            Waited::TimedOut => return Err(Status::TIMED_OUT),
            Waited::Done => {}
            // Every request of a closed connection has ended, so the next
            // round finds it; if it was another thread's wait that took it,
            // there is nothing left to wait for.
            Waited::Closed(_) if ended() => {}
            Waited::Closed(_) => return Err(Status::CONNECTION_RESET),
        }
    }
}

/// What a request of a remote object leaves with the engine.
pub struct Ticket(ObjectRef);

/// What happens after a completion, with no lock held: the program's callback,
/// or first the program's own handlers.
pub struct After {
    object: ObjectRef,
    what: What,
}

enum What {
    /// Run the callback with this status.
    Callback(Status),
    /// Take the answer in through the handlers, then all the rest.
    Apply { handle: u32, attributes: Vec<u8> },
}

impl Complete for Ticket {
    type Followup = After;

    fn complete(self, outcome: Outcome<'_>) -> Option<After> {
        let object = self.0.as_ptr();
        // SAFETY: the ticket owns a reference.
        unsafe {
            match outcome {
                Outcome::Object { handle, attributes } => match plain_attributes(object) {
                    Some(g) => {
                        let status = take_in(object, g, handle, attributes);
                        self.end(Finished::Answered(status), None)
                    }
                    None => Some(After {
                        object: self.0,
                        what: What::Apply {
                            handle,
                            attributes: attributes.as_bytes().to_vec(),
                        },
                    }),
                },
                Outcome::Status { code, message } => self.end(Finished::Answered(code), message),
                Outcome::Lost(status) => self.end(Finished::Lost(status), None),
            }
        }
    }
}

impl Ticket {
    /// Records the end of the request.
    fn end(self, how: Finished, message: Option<&[u8]>) -> Option<After> {
        let object = self.0.as_ptr();
        // SAFETY: the ticket owns a reference on a remote object. The fields
        // are written under the completion lock; C reads them after a wait.
        unsafe {
            let remote = from_object(object)?;
            let status = match how {
                Finished::Answered(status) | Finished::Lost(status) => status,
            };
            let has_callback = callback::of(object).is_some();
            let text = message.and_then(|m| data::typed_from(m, false).ok());
            let old = {
                let mut completion = remote.completion.lock();
                let c = c_fields(object);
                let mut old = null_mut();
                if matches!(how, Finished::Answered(_)) {
                    (*c).waitstatus = status.0;
                    old = core::mem::replace(&mut (*c).message, text.unwrap_or(null_mut()));
                }
                completion.end(how, has_callback);
                Owned(old)
            };
            drop(old);
            has_callback.then_some(After {
                object: self.0,
                what: What::Callback(status),
            })
        }
    }
}

impl Followup for After {
    fn run(self) {
        // SAFETY: we own a reference on a remote object; no lock is held.
        unsafe {
            match self.what {
                What::Callback(status) => callback::run(self.object.as_ptr(), status),
                What::Apply { handle, attributes } => {
                    let list = ValueList::from_bytes(&attributes);
                    let status = take_in_by_handlers(self.object.as_ptr(), handle, list);
                    let after = Ticket(self.object).end(Finished::Answered(status), None);
                    if let Some(after) = after {
                        after.run();
                    }
                }
            }
        }
    }
}

/// Takes an answer into a chain of our own types.
///
/// # Safety
/// `object` is a live remote object with `g` inside.
unsafe fn take_in(
    object: *mut omapi_object_t,
    g: *mut super::layout::omapi_generic_object_t,
    handle: u32,
    attributes: ValueList<'_>,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        for (name, bytes) in attributes {
            let status = if name == REMOTE_HANDLE {
                set_remote_handle(object, Datum::Data(bytes))
            } else {
                generic::set_bytes(g, name, bytes)
            };
            if !status.is_success() {
                return status;
            }
        }
        if handle != 0 {
            (*c_fields(object)).remote_handle = handle;
        }
        generic::clear_flags(g);
    }
    Status::SUCCESS
}

/// Takes an answer into a chain with a program's own objects, through their
/// handlers, outermost first.
///
/// # Safety
/// `object` is a live remote object; no lock is held.
unsafe fn take_in_by_handlers(
    object: *mut omapi_object_t,
    handle: u32,
    attributes: ValueList<'_>,
) -> Status {
    // SAFETY: as the function's.
    unsafe {
        for (name, bytes) in attributes {
            let status = set_from_bytes(object, name, bytes);
            if !status.is_success() && status != Status::UNCHANGED {
                return status;
            }
        }
        if handle != 0 {
            (*c_fields(object)).remote_handle = handle;
        }
        let mut o = object;
        while let Some(inner) = refs::link(&raw mut (*o).inner) {
            if let Some(g) = generic::from_object(inner) {
                generic::clear_flags(g);
            }
            o = inner;
        }
    }
    Status::SUCCESS
}

/// Sets one attribute through the handlers of a chain.
///
/// # Safety
/// `object` is live; no lock is held.
pub(super) unsafe fn set_from_bytes(
    object: *mut omapi_object_t,
    name: &[u8],
    bytes: &[u8],
) -> Status {
    let parts = || {
        let datum = match bytes {
            [] => null_mut(),
            _ => data::typed_from(bytes, false)?,
        };
        Ok((Owned(data::data_string_from(name)?), Owned(datum)))
    };
    match parts() {
        // SAFETY: as the function's.
        Ok((name, datum)) => unsafe { types::set_value(object, null_mut(), name.0, datum.0) },
        Err(status) => status,
    }
}

/// Setting "remote-handle" sets the handle: an integer, or four bytes of data.
///
/// # Safety
/// `object` is a live remote object.
unsafe fn set_remote_handle(object: *mut omapi_object_t, value: Datum<'_>) -> Status {
    let number = match value {
        Datum::Int(_) | Datum::Data(_) => value.number(),
        _ => None,
    };
    match number {
        // SAFETY: as the function's.
        Some(n) => unsafe { (*c_fields(object)).remote_handle = n as u32 },
        None => return Status::INVALID_ARGUMENT,
    }
    Status::SUCCESS
}

/// `set_value` of the type.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `id` and `value` are NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        if data::data_string_bytes(name) == REMOTE_HANDLE {
            let datum = match value.is_null() {
                true => Datum::Other,
                false => data::view(value),
            };
            return set_remote_handle(h, datum).0;
        }
        match types::set_inner(h, id, name, value) {
            Status::SUCCESS => Status::SUCCESS.0,
            _ => Status::NOT_FOUND.0,
        }
    }
}

/// `get_value` of the type: the inner objects have the attributes.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `value` is writable or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || value.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        types::get_inner(h, id, name, value).0
    }
}

/// `destroy` of the type.
///
/// # Safety
/// C: `h` is NULL or live, and nobody else uses it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_destroy(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        let c = c_fields(h);
        data::dereference(&raw mut (*c).rtype);
        data::dereference(&raw mut (*c).message);
    }
    Status::SUCCESS.0
}

/// `signal_handler` of the type. The library records completions itself;
/// signals of a program go to the inner objects.
///
/// # Safety
/// C: `h` and `name` are live or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        types::signal_inner(h, name, ap).0
    }
}

/// `stuff_values` of the type.
///
/// # Safety
/// C: `h` is live or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_remote_stuff_values(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        types::stuff_inner(c, id, h).0
    }
}
