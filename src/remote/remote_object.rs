//! Remote objects: what stands for a lease, host, group ... of the server.
//!
//! Behind the C struct, in the same block, an object remembers which requests
//! are outstanding and how finished ones ended, so that a wait after the
//! completion returns at once and waits may come in any order.

use super::completion::{self, Completion};
use super::connection::{self, Conn};
use super::pending_request::PendingRequest;
use super::{dispatch, handlers};
use crate::abi::layout::{
    dhcpctl_callback_object_t, dhcpctl_remote_object_t, omapi_generic_object_t, omapi_object_t,
    omapi_object_type_t, omapi_typed_data_t, va_list,
};
use crate::abi::memory;
use crate::abi::symbols;
use crate::abi::variadic;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::data::{self, Datum};
use crate::object::links::Links;
use crate::object::refs::{self, ObjectRef};
use crate::object::value::Owned;
use crate::object::{generic, handles, outgoing, types};
use core::ffi::CStr;
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;
use omapi::request::{Operation, Request};
use omapi::status::Status;
use omapi::wire::ValueList;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The attribute name that is the object's handle, not an attribute.
pub(crate) const REMOTE_HANDLE: &[u8] = b"remote-handle";

/// A remote object with what C does not see.
#[repr(C)]
pub(crate) struct Remote {
    /// The genuine struct; must be first.
    pub c: dhcpctl_remote_object_t,
    pub(crate) completion: Mutex<Completion>,
}

// SAFETY: repr(C), the genuine struct first; `refs::allocate` makes every block
// of this type large enough, and nobody else makes objects of it.
unsafe impl Kind for Remote {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::dhcpctl_remote_type
    }
}

impl Checked<Remote> {
    /// What C may look at.
    pub(crate) fn c(self) -> *mut dhcpctl_remote_object_t {
        // SAFETY: the address of a member; nothing is read.
        unsafe { &raw mut (*self.as_ptr()).c }
    }

    /// What the object remembers of its requests. (A reference to the whole
    /// struct would span what other threads change meanwhile.)
    ///
    /// # Safety
    /// The object is live for as long as the result is used.
    pub(crate) unsafe fn completion<'a>(self) -> &'a Mutex<Completion> {
        // SAFETY: live, by the caller's promise; the member was made valid by
        // `prepare`, and nobody makes a unique reference to it before `finish`.
        unsafe { &(*self.as_ptr()).completion }
    }
}

impl Remote {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `Remote`'s size.
    pub(crate) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: a fresh block with room for the whole struct, the caller's
        // alone: what was in the member is zero, and is not dropped.
        unsafe { (&raw mut (*Checked::<Self>::block(o)).completion).write(Mutex::default()) };
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(crate) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: the member was made valid by `prepare`, and is not used
        // again.
        unsafe { (&raw mut (*Checked::<Self>::block(o)).completion).drop_in_place() };
    }
}

/// The type, as it is registered.
pub(crate) fn remote_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(handlers::dhcpctl_remote_set_value),
        get_value: Some(handlers::dhcpctl_remote_get_value),
        destroy: Some(handlers::dhcpctl_remote_destroy),
        signal_handler: Some(handlers::dhcpctl_remote_signal_handler),
        stuff_values: Some(handlers::dhcpctl_remote_stuff_values),
        ..types::bare(c"dhcpctl-remote", size_of::<dhcpctl_remote_object_t>())
    }
}

/// `object` as a remote object, if it is one.
///
/// # Safety
/// `object` is NULL or live.
pub(crate) unsafe fn from_object(object: *mut omapi_object_t) -> Option<Checked<Remote>> {
    // SAFETY: as the function's.
    unsafe { Checked::new(object) }
}

/// A copy of the text that came with the last status, which
/// `dhcpctl_remote_object_t` keeps.
///
/// # Safety
/// `object` is live.
#[must_use]
pub(crate) unsafe fn message(object: *mut omapi_object_t) -> Option<Vec<u8>> {
    // SAFETY: object is live; completions change the text under this lock.
    unsafe {
        let remote = from_object(object)?;
        let _guard = remote.completion().lock();
        match (*remote.c()).message {
            m if m.is_null() => None,
            m => match data::view(m) {
                Datum::String(b) | Datum::Data(b) => Some(b.to_vec()),
                _ => None,
            },
        }
    }
}

/// A new object of the server's type `object_type`, with a generic object for
/// its attributes inside; owned by the caller.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub(crate) fn new(object_type: &CStr) -> Result<*mut omapi_object_t, Status> {
    let rtype = Owned(data::typed_from(object_type.to_bytes(), true)?);
    let object = TypedRef::<Remote>::allocate()?;
    // SAFETY: the new objects are live, unlinked, and nobody else knows them.
    unsafe {
        let attributes = ObjectRef::from_raw(generic::new()?);
        (*object.get().c()).rtype = rtype.into_raw();
        refs::link_new(object.as_ptr(), attributes);
    }
    Ok(object.into_object().into_raw())
}

/// What to ask of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
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
pub(crate) unsafe fn send(
    object: *mut omapi_object_t,
    handle: *mut omapi_object_t,
    ask: RequestKind,
) -> Status {
    // SAFETY: both are live, by the caller's promise, and the engine is that of
    // the handle.
    unsafe {
        let Some(remote) = from_object(object) else {
            return Status::INVALID_ARGUMENT;
        };
        match connection::engine_of(handle).and_then(|engine| submit(remote, handle, &engine, ask))
        {
            Ok(()) => Status::SUCCESS,
            Err(status) => status,
        }
    }
}

/// # Safety
/// `remote` is live; `handle` is live and has `engine`.
unsafe fn submit(
    remote: Checked<Remote>,
    handle: *mut omapi_object_t,
    engine: &Arc<Conn>,
    ask: RequestKind,
) -> Result<(), Status> {
    let attributes = match ask {
        // SAFETY: both are live, by the caller's promise.
        RequestKind::Open(_) | RequestKind::Update => unsafe {
            changed_attributes(remote, handle)?
        },
        RequestKind::Refresh | RequestKind::Remove | RequestKind::Next => Vec::new(),
    };
    // SAFETY: the object is live, by the caller's promise, until this returns.
    let (operation, handle) = unsafe { operation(remote, ask) }?;
    let request = Request {
        operation,
        handle,
        attributes: ValueList::from_bytes(&attributes),
    };
    // SAFETY: as above; the result is not used beyond this function.
    let completion = unsafe { remote.completion() };
    let before = completion.lock().begin(engine);
    drop(before);
    dispatch::used(engine);
    // SAFETY: as above.
    let ticket = PendingRequest::about(unsafe { ObjectRef::new(remote.object()) });
    let result = engine.submit(&request, ticket);
    outgoing::give_back(attributes);
    result.map(|_| ()).map_err(|(status, ticket)| {
        completion.lock().take_back();
        drop(ticket);
        status
    })
}

/// What to ask of the server, and about which object of its.
///
/// # Safety
/// `remote` is live for as long as the result is used.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for an object whose type is no text.
unsafe fn operation<'a>(
    remote: Checked<Remote>,
    ask: RequestKind,
) -> Result<(Operation<'a>, u32), Status> {
    // SAFETY: live, by the caller's promise.
    let object_type = unsafe { object_type(remote) }?;
    let operation = match ask {
        RequestKind::Open(flags) => Operation::Open { object_type, flags },
        RequestKind::Update => Operation::Update,
        RequestKind::Refresh => Operation::Refresh,
        RequestKind::Remove => Operation::Remove,
        RequestKind::Next => Operation::Next { object_type },
    };
    // SAFETY: as above.
    let handle = unsafe {
        match ask {
            RequestKind::Open(_) => handles::number(remote.object()),
            _ => remote_handle(remote.c()),
        }
    };
    Ok((operation, handle))
}

/// The server's type, if it is known.
///
/// # Safety
/// `remote` is live for as long as the result is used.
unsafe fn object_type<'a>(remote: Checked<Remote>) -> Result<Option<&'a [u8]>, Status> {
    // SAFETY: the member is set before anybody else knows the object, and stays
    // what it is until the object dies; it is NULL or a counted reference.
    unsafe {
        match (*remote.c()).rtype {
            t if t.is_null() => Ok(None),
            t => match data::view(t) {
                Datum::String(b) | Datum::Data(b) => Ok(Some(b)),
                _ => Err(Status::INVALID_ARGUMENT),
            },
        }
    }
}

/// The server's handle of the object.
///
/// # Safety
/// `c` is live.
unsafe fn remote_handle(c: *mut dhcpctl_remote_object_t) -> u32 {
    // SAFETY: live, by the caller's promise; the library accesses the member
    // atomically only.
    unsafe { memory::shared(&raw mut (*c).remote_handle).load(Ordering::Relaxed) }
}

/// Notes the server's handle of the object.
///
/// # Safety
/// `remote` is live.
pub(crate) unsafe fn set_remote_number(remote: Checked<Remote>, handle: u32) {
    // SAFETY: live, by the caller's promise; the library accesses the member
    // atomically only.
    unsafe {
        memory::shared(&raw mut (*remote.c()).remote_handle).store(handle, Ordering::Relaxed)
    };
}

/// How the last request ended.
///
/// # Safety
/// `remote` is live.
pub(crate) unsafe fn wait_status(remote: Checked<Remote>) -> Status {
    // SAFETY: live, by the caller's promise; the library accesses the member
    // atomically only.
    Status(unsafe { memory::shared(&raw mut (*remote.c()).waitstatus).load(Ordering::Relaxed) })
}

/// Notes how the last request ended.
///
/// # Safety
/// `remote` is live.
pub(crate) unsafe fn set_wait_status(remote: Checked<Remote>, status: Status) {
    // SAFETY: live, by the caller's promise; the library accesses the member
    // atomically only.
    unsafe { memory::shared(&raw mut (*remote.c()).waitstatus).store(status.0, Ordering::Relaxed) };
}

/// Exchanges the text that came with the last status.
///
/// # Safety
/// `remote` is live and its completion locked; `text` is NULL or a reference
/// that is given up.
pub(crate) unsafe fn replace_message(
    remote: Checked<Remote>,
    text: *mut omapi_typed_data_t,
) -> Owned<omapi_typed_data_t> {
    // SAFETY: live, by the caller's promise. The member is NULL or a counted
    // reference, and changes under the lock of the completion, which the caller
    // has.
    Owned(unsafe { (&raw mut (*remote.c()).message).replace(text) })
}

/// The attributes to send, in wire form. Handlers of program-defined objects
/// in the chain take part.
///
/// # Safety
/// `remote` is live, `handle` a live connection handle.
unsafe fn changed_attributes(
    remote: Checked<Remote>,
    handle: *mut omapi_object_t,
) -> Result<Vec<u8>, Status> {
    // SAFETY: both are live, by the caller's promise; the attributes are held
    // by a reference of ours, and no lock is held.
    unsafe {
        match plain_attributes(remote) {
            Some(g) => {
                let mut out = outgoing::spare();
                generic::append_changed(g.get().as_ptr(), &mut out)?;
                Ok(out)
            }
            None => outgoing::collect(
                connection::around(handle).as_ref(),
                null_mut(),
                remote.object(),
            ),
        }
    }
}

/// The generic object of a remote object whose chain has only the library's own
/// types, which needs no handler dispatch; `None` when a program has added to
/// the chain.
///
/// # Safety
/// `remote` is live.
pub(crate) unsafe fn plain_attributes(
    remote: Checked<Remote>,
) -> Option<TypedRef<omapi_generic_object_t>> {
    let object = remote.object();
    let links = Links::lock();
    // SAFETY: the object is live, by the caller's promise; what is linked to it
    // is live while the structure is locked, and then by the reference.
    unsafe {
        if links.outer(object).is_some() {
            return None;
        }
        let g = Checked::new(links.inner(object)?)?;
        let plain = match links.inner(g.object()) {
            None => true,
            Some(next) => {
                Checked::<dhcpctl_callback_object_t>::new(next).is_some()
                    && links.inner(next).is_none()
            }
        };
        plain.then(|| TypedRef::another(g))
    }
}

/// Setting "remote-handle" sets the handle: an integer, or four bytes of data.
///
/// # Safety
/// `remote` is live.
pub(crate) unsafe fn set_remote_handle(remote: Checked<Remote>, value: Datum<'_>) -> Status {
    let number = match value {
        Datum::Int(_) | Datum::Data(_) => value.number(),
        _ => None,
    };
    match number {
        // SAFETY: as the function's.
        Some(n) => unsafe { set_remote_number(remote, n as u32) },
        None => return Status::INVALID_ARGUMENT,
    }
    Status::SUCCESS
}

/// Notes how the last request ended, and the text that came with it.
///
/// # Safety
/// `remote` is live; `ap` is what a handler got with the signal "status".
pub(super) unsafe fn note_status(remote: Checked<Remote>, ap: va_list) {
    let mut shared = null_mut();
    // SAFETY: that signal's text is NULL or live while the signal is sent.
    let status = unsafe {
        let (status, message) = variadic::status_arguments(ap);
        if !message.is_null() {
            data::reference(&raw mut shared, message);
        }
        status
    };
    // SAFETY: the object is live, by the caller's promise; its completion is
    // locked while the text is exchanged, and the reference is given up to it.
    let old = unsafe {
        completion::with(remote.object(), |_| {
            set_wait_status(remote, status);
            replace_message(remote, shared)
        })
    };
    // What was there is given up without the lock.
    drop(old);
}

/// Gives up what a dying object refers to.
///
/// # Safety
/// `remote` is live, and nobody else uses it any more.
pub(super) unsafe fn release_members(remote: Checked<Remote>) {
    let c = remote.c();
    // SAFETY: the members are NULL or counted references, and the caller's alone.
    unsafe {
        data::dereference(&raw mut (*c).rtype);
        data::dereference(&raw mut (*c).message);
    }
}
