//! Remote objects: what stands for a lease, host, group ... of the server.
//!
//! Behind the C struct, in the same block, an object remembers which requests
//! are outstanding and how finished ones ended, so that a wait after the
//! completion returns at once and waits may come in any order.

use super::completion::{self, Completion};
use super::connection::{self, Conn};
use super::data::{self, Datum};
use super::layout::{
    dhcpctl_remote_object_t, isc_result_t, omapi_data_string_t, omapi_object_t,
    omapi_object_type_t, omapi_typed_data_t, omapi_value_t, va_list,
};
use super::refs::{self, ObjectRef};
use super::ticket::{self, Ticket};
use super::value::Owned;
use super::{dispatch, generic, handles, stuffing, types};
use crate::capi::data as symbols;
use crate::capi::variadic;
use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use omapi::request::{Operation, Request};
use omapi::status::Status;
use omapi::wire::ValueList;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The attribute name that is the object's handle, not an attribute.
pub(super) const REMOTE_HANDLE: &[u8] = b"remote-handle";

/// A remote object with what C does not see.
#[repr(C)]
pub struct Remote {
    /// The genuine struct; must be first.
    pub c: dhcpctl_remote_object_t,
    pub(super) completion: Mutex<Completion>,
}

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
        set_value: Some(set_handler),
        get_value: Some(get_handler),
        destroy: Some(destroy_handler),
        signal_handler: Some(signal_handler),
        stuff_values: Some(stuff_handler),
        ..types::bare(c"dhcpctl-remote", size_of::<dhcpctl_remote_object_t>())
    }
}

/// `object` as a remote object, if it is one.
///
/// # Safety
/// `object` is live.
pub(super) unsafe fn from_object<'a>(object: *mut omapi_object_t) -> Option<&'a Remote> {
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

/// A copy of the text that came with the last status.
///
/// # Safety
/// `object` is live.
#[must_use]
pub unsafe fn message(object: *mut omapi_object_t) -> Option<Vec<u8>> {
    // SAFETY: object is live; completions change the text under this lock.
    unsafe {
        let remote = from_object(object)?;
        let _guard = remote.completion.lock();
        match (*c_fields(object)).message {
            m if m.is_null() => None,
            m => match data::view(m) {
                Datum::String(b) | Datum::Data(b) => Some(b.to_vec()),
                _ => None,
            },
        }
    }
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
        refs::join_new(object, attributes);
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
    /// The object behind this one.
    Next,
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
        match connection::engine_of(handle)
            .and_then(|engine| submit(object, remote, handle, &engine, ask))
        {
            Ok(()) => Status::SUCCESS,
            Err(status) => status,
        }
    }
}

/// # Safety
/// `object` is live and `remote` its Rust view; `handle` is live and has
/// `engine`.
unsafe fn submit(
    object: *mut omapi_object_t,
    remote: &Remote,
    handle: *mut omapi_object_t,
    engine: &Arc<Conn>,
    ask: Ask,
) -> Result<(), Status> {
    // SAFETY: object is live; its C fields are read through raw pointers, and
    // rtype is not changed after creation.
    unsafe {
        let c = c_fields(object);
        let attributes = match ask {
            Ask::Open(_) | Ask::Update => changed_attributes(object, handle)?,
            Ask::Refresh | Ask::Remove | Ask::Next => Vec::new(),
        };
        let object_type = match (*c).rtype {
            t if t.is_null() => None,
            t => match data::view(t) {
                Datum::String(b) | Datum::Data(b) => Some(b),
                _ => return Err(Status::INVALID_ARGUMENT),
            },
        };
        let (operation, handle) = match ask {
            Ask::Open(flags) => (
                Operation::Open { object_type, flags },
                handles::number(object),
            ),
            Ask::Update => (Operation::Update, remote_handle(c)),
            Ask::Refresh => (Operation::Refresh, remote_handle(c)),
            Ask::Remove => (Operation::Remove, remote_handle(c)),
            Ask::Next => (Operation::Next { object_type }, remote_handle(c)),
        };
        let request = Request {
            operation,
            handle,
            attributes: ValueList::from_bytes(&attributes),
        };
        let before = remote.completion.lock().begin(engine);
        drop(before);
        dispatch::used(engine);
        let ticket = Ticket::about(ObjectRef::new(object));
        let result = engine.submit(&request, ticket);
        stuffing::give_back(attributes);
        result.map(|_| ()).map_err(|(status, ticket)| {
            remote.completion.lock().take_back();
            drop(ticket);
            status
        })
    }
}

/// The server's handle of the object.
///
/// # Safety
/// `c` is live.
unsafe fn remote_handle(c: *mut dhcpctl_remote_object_t) -> u32 {
    // SAFETY: as the function's.
    unsafe { data::shared(&raw mut (*c).remote_handle).load(Ordering::Relaxed) }
}

/// Notes the server's handle of the object.
///
/// # Safety
/// `c` is live.
pub(super) unsafe fn set_remote_number(c: *mut dhcpctl_remote_object_t, handle: u32) {
    // SAFETY: as the function's.
    unsafe { data::shared(&raw mut (*c).remote_handle).store(handle, Ordering::Relaxed) };
}

/// Notes how the last request ended.
///
/// # Safety
/// `c` is live.
pub(super) unsafe fn set_wait_status(c: *mut dhcpctl_remote_object_t, status: Status) {
    // SAFETY: as the function's.
    unsafe { data::shared(&raw mut (*c).waitstatus).store(status.0, Ordering::Relaxed) };
}

/// The attributes to send, in wire form. Handlers of program-defined objects
/// in the chain take part.
///
/// # Safety
/// `object` is a live remote object, `handle` a live connection handle.
unsafe fn changed_attributes(
    object: *mut omapi_object_t,
    handle: *mut omapi_object_t,
) -> Result<Vec<u8>, Status> {
    // SAFETY: as the function's.
    unsafe {
        match plain_attributes(object) {
            Some(g) => {
                let mut out = stuffing::spare();
                generic::append_changed(g, &mut out)?;
                Ok(out)
            }
            None => stuffing::collect(handle, null_mut(), object),
        }
    }
}

/// The generic object of a chain that has only the library's own types, which
/// needs no handler dispatch; `None` when a program has added to the chain.
///
/// # Safety
/// `object` is a live remote object.
pub(super) unsafe fn plain_attributes(
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

/// Setting "remote-handle" sets the handle: an integer, or four bytes of data.
///
/// # Safety
/// `object` is a live remote object.
pub(super) unsafe fn set_remote_handle(object: *mut omapi_object_t, value: Datum<'_>) -> Status {
    let number = match value {
        Datum::Int(_) | Datum::Data(_) => value.number(),
        _ => None,
    };
    match number {
        // SAFETY: as the function's.
        Some(n) => unsafe { set_remote_number(c_fields(object), n as u32) },
        None => return Status::INVALID_ARGUMENT,
    }
    Status::SUCCESS
}

/// `set_value` of the type.
///
/// # Safety
/// C: `h` and `name` are live or NULL; `id` and `value` are NULL or live.
pub unsafe extern "C" fn set_handler(
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
pub unsafe extern "C" fn get_handler(
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
pub unsafe extern "C" fn destroy_handler(
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

/// `signal_handler` of the type: "updated" and "status" end a request, which
/// the inner objects hear as "ready".
///
/// # Safety
/// C: `h` and `name` are live or NULL.
pub unsafe extern "C" fn signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: as the function's.
    unsafe {
        if h.is_null() || name.is_null() || !is_remote(h) {
            return Status::INVALID_ARGUMENT.0;
        }
        let c = c_fields(h);
        match CStr::from_ptr(name).to_bytes() {
            b"updated" => {
                set_wait_status(c, Status::SUCCESS);
                ticket::clear_flags(h);
            }
            b"status" => {
                let (status, message) = variadic::status_arguments(ap);
                let mut shared = null_mut();
                if !message.is_null() {
                    data::reference(&raw mut shared, message);
                }
                let old = completion::with(h, |_| {
                    set_wait_status(c, status);
                    core::mem::replace(&mut (*c).message, shared)
                });
                drop(Owned(old));
            }
            _ => return types::signal_inner(h, name, ap).0,
        }
        match refs::link(&raw mut (*h).inner) {
            Some(inner) => variadic::signal_in(inner, c"ready").0,
            None => Status::NOT_FOUND.0,
        }
    }
}

/// `stuff_values` of the type.
///
/// # Safety
/// C: `h` is live or NULL.
pub unsafe extern "C" fn stuff_handler(
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
