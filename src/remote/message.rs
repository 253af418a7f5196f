//! Messages that a program builds itself: header fields in the struct, message
//! values in the generic object inside, the object that it is about beside.

use super::connection::{self, Conn};
use super::pending_request::PendingRequest;
use super::{completion, dispatch};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_message_object_t, omapi_object_t, omapi_object_type_t,
    omapi_typed_data_t, omapi_value_t, va_list,
};
use crate::abi::symbols;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::data::{self, Datum};
use crate::object::refs::{self, ObjectRef};
use crate::object::value::{self, Owned};
use crate::object::{generic, handles, outgoing, types};
use core::ffi::{c_char, c_int, c_uint};
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;
use omapi::request::{Operation, Request};
use omapi::status::Status;
use omapi::wire::ValueList;
use parking_lot::Mutex;
use std::sync::Arc;

/// Protects the fields of all messages. Held for copying only.
static FIELDS: Mutex<()> = Mutex::new(());

/// Messages whose answers the program expects.
static REGISTERED: Mutex<Vec<ObjectRef>> = Mutex::new(Vec::new());

/// The type, as it is registered.
pub(crate) fn message_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(set_handler),
        get_value: Some(get_handler),
        destroy: Some(destroy_handler),
        signal_handler: Some(signal_handler),
        stuff_values: Some(stuff_handler),
        ..types::bare(c"message", size_of::<omapi_message_object_t>())
    }
}

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for omapi_message_object_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_message
    }
}

/// `object` as a message, if it is one.
///
/// # Safety
/// `object` is NULL or live.
#[must_use]
pub(crate) unsafe fn from_object(
    object: *mut omapi_object_t,
) -> Option<*mut omapi_message_object_t> {
    // SAFETY: as the function's.
    unsafe { Checked::new(object).map(Checked::as_ptr) }
}

/// A message without a generic object inside, owned by the caller.
///
/// # Errors
/// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
pub(crate) fn allocate() -> Result<TypedRef<omapi_message_object_t>, Status> {
    TypedRef::allocate()
}

/// A message with a generic object for its message values inside, owned by the
/// caller.
///
/// # Errors
/// As [`allocate`].
pub(crate) fn new() -> Result<*mut omapi_object_t, Status> {
    let message = allocate()?;
    // SAFETY: the new objects are live, unlinked, and nobody else knows them.
    unsafe {
        let values = ObjectRef::from_raw(generic::new()?);
        refs::link_new(message.as_ptr(), values);
    }
    Ok(message.into_object().into_raw())
}

/// Says that the answer to the message is expected: the library keeps it until
/// it is answered or unregistered.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn register(object: *mut omapi_object_t) -> Status {
    // SAFETY: live, by the caller's promise.
    unsafe {
        if from_object(object).is_none() {
            return Status::INVALID_ARGUMENT;
        }
        let mut list = REGISTERED.lock();
        if list.iter().any(|m| m.as_ptr() == object) {
            return Status::INVALID_ARGUMENT;
        }
        list.push(ObjectRef::new(object));
    }
    Status::SUCCESS
}

/// Undoes [`register`].
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn unregister(object: *mut omapi_object_t) -> Status {
    let found = {
        let mut list = REGISTERED.lock();
        let at = list.iter().position(|m| m.as_ptr() == object);
        at.map(|at| list.swap_remove(at))
    };
    match found {
        Some(_) => Status::SUCCESS,
        None => Status::INVALID_ARGUMENT,
    }
}

/// Sends a message on the connection of the protocol object `protocol`.
///
/// `id` is NULL or the object whose local handle goes into the header; `to` is
/// NULL or the message that this one answers.
///
/// # Safety
/// `protocol` and `message` are live; `id` and `to` are NULL or live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for the wrong kinds, or without a connection.
pub(crate) unsafe fn send(
    protocol: *mut omapi_object_t,
    id: *mut omapi_object_t,
    message: *mut omapi_object_t,
    to: *mut omapi_object_t,
) -> Result<(), Status> {
    // SAFETY: the protocol object is live, by the caller's promise.
    let engine = unsafe { connection::engine_of_protocol(protocol) }?;
    // SAFETY: the message is live, by the caller's promise.
    let m = unsafe { from_object(message) }.ok_or(Status::INVALID_ARGUMENT)?;
    let to = if to.is_null() {
        None
    } else {
        // SAFETY: not NULL, so live.
        Some(unsafe { from_object(to) }.ok_or(Status::INVALID_ARGUMENT)?)
    };
    // SAFETY: both are live messages: they were looked at.
    let header = unsafe { Header::copy(m, to) };
    // SAFETY: the caller's objects are live, what the message is about is by the
    // copied reference, and no lock is held.
    let (values, attributes) = unsafe {
        let values = collect(protocol, id, message)?;
        let about = header.about.as_ref();
        let attributes = about.map(|about| collect(protocol, id, about.as_ptr()));
        (values, attributes.transpose()?.unwrap_or_default())
    };
    let request = Request {
        operation: Operation::Message {
            op: header.op,
            rid: header.rid,
            values: ValueList::from_bytes(&values),
        },
        // SAFETY: NULL or live, by the caller's promise.
        handle: match unsafe { number(id) } {
            0 => header.handle,
            of_id => of_id,
        },
        attributes: ValueList::from_bytes(&attributes),
    };
    let ticket = PendingRequest {
        notify: header.notify,
        about: header.about,
        // SAFETY: the message is live, by the caller's promise.
        message: Some(unsafe { ObjectRef::new(message) }),
    };
    let sent = submit(&engine, &request, ticket)?;
    // SAFETY: message and protocol object are the caller's, and still live.
    unsafe {
        set_number(&raw mut (*m).id, sent);
        replace_protocol(m, protocol);
    }
    Ok(())
}

/// What a request needs of a message.
struct Header {
    op: c_uint,
    rid: c_uint,
    handle: c_uint,
    about: Option<ObjectRef>,
    /// Missing when it is the same as `about`.
    notify: Option<ObjectRef>,
}

impl Header {
    /// A copy with references, because another thread may change the message.
    ///
    /// # Safety
    /// The message is live, and so is the one that it answers.
    unsafe fn copy(
        m: *mut omapi_message_object_t,
        to: Option<*mut omapi_message_object_t>,
    ) -> Self {
        let held = |object: *mut omapi_object_t| {
            // SAFETY: a member that is not NULL is a counted reference, which
            // is not given up while the lock is held.
            (!object.is_null()).then(|| unsafe { ObjectRef::new(object) })
        };
        let _guard = FIELDS.lock();
        // SAFETY: live, by the caller's promise; the members are locked.
        unsafe {
            let (about, notify) = ((*m).object, (*m).notify_object);
            Self {
                op: (*m).op,
                rid: to.map_or((*m).rid, |to| (*to).id),
                handle: (*m).h,
                about: held(about),
                notify: held(notify).filter(|_| notify != about),
            }
        }
    }
}

/// What the handlers of `object` have to send on the connection of `protocol`.
///
/// # Safety
/// `protocol` and `object` are live, `id` is NULL or live; no lock is held.
unsafe fn collect(
    protocol: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object: *mut omapi_object_t,
) -> Result<Vec<u8>, Status> {
    // SAFETY: the caller's promise, word for word; the connection object is held
    // by a reference of ours.
    unsafe { outgoing::collect(connection::around(protocol).as_ref(), id, object) }
}

/// The local handle of `id`, 0 without one.
///
/// # Safety
/// `id` is NULL or live.
unsafe fn number(id: *mut omapi_object_t) -> c_uint {
    if id.is_null() {
        return 0;
    }
    // SAFETY: not NULL, so live.
    unsafe { handles::number(id) }
}

/// Queues a request, for which the objects of the ticket may be waited from now
/// on. Returns its id.
///
/// # Errors
/// Those of the engine; the objects have no further request then.
fn submit(
    engine: &Arc<Conn>,
    request: &Request<'_>,
    ticket: PendingRequest,
) -> Result<u32, Status> {
    let objects: Vec<ObjectRef> = ticket.about.iter().chain(&ticket.notify).cloned().collect();
    for object in &objects {
        drop(completion::with_held(object, |c| c.begin(engine)));
    }
    dispatch::used(engine);
    engine.submit(request, ticket).map_err(|(status, _)| {
        for object in &objects {
            completion::with_held(object, completion::Completion::take_back);
        }
        status
    })
}

/// Sends an open for the object `about`.
///
/// # Safety
/// `protocol` and `about` are live; `id` is NULL or live.
///
/// # Errors
/// As [`send`].
pub(crate) unsafe fn send_open(
    protocol: *mut omapi_object_t,
    id: *mut omapi_object_t,
    object_type: Option<&[u8]>,
    about: *mut omapi_object_t,
    flags: u32,
) -> Result<(), Status> {
    // SAFETY: all are live, `id` if it is not NULL, by the caller's promise; no
    // lock is held.
    let (engine, attributes, handle, about) = unsafe {
        (
            connection::engine_of_protocol(protocol)?,
            collect(protocol, id, about)?,
            number(id),
            ObjectRef::new(about),
        )
    };
    let request = Request {
        operation: Operation::Open { object_type, flags },
        handle,
        attributes: ValueList::from_bytes(&attributes),
    };
    submit(&engine, &request, PendingRequest::about(about)).map(|_| ())
}

/// # Safety
/// `field` is one of a live message.
unsafe fn set_number(field: *mut c_uint, number: c_uint) {
    let _guard = FIELDS.lock();
    // SAFETY: writable, by the caller's promise, and locked.
    unsafe { *field = number };
}

/// Stores a reference to `object` in a member of a message. What was there
/// before is given up without the lock: objects may die with it.
///
/// # Safety
/// `slot` is a member of a live message, `object` is NULL or live.
unsafe fn replace(slot: *mut *mut omapi_object_t, object: *mut omapi_object_t) {
    let mut new = null_mut();
    // SAFETY: the object is NULL or live, by the caller's promise; the member
    // is NULL or a counted reference, and is exchanged under the lock. What
    // comes out is ours.
    unsafe {
        if !object.is_null() {
            refs::reference(&raw mut new, object);
        }
        let mut old = {
            let _guard = FIELDS.lock();
            slot.replace(new)
        };
        refs::dereference(&raw mut old);
    }
}

/// As [`replace`], for the member of another type.
///
/// # Safety
/// `m` and `protocol` are live.
unsafe fn replace_protocol(m: *mut omapi_message_object_t, protocol: *mut omapi_object_t) {
    // SAFETY: both are live, by the caller's promise; a protocol object begins
    // as an object does, so a pointer to one may be stored as the other.
    unsafe { replace((&raw mut (*m).protocol_object).cast(), protocol) };
}

/// `set_value` of the type: header fields and objects by name; other names are
/// message values.
///
/// # Safety
/// C: `h` and `name` are live; `id` and `value` are NULL or live.
pub(crate) unsafe extern "C" fn set_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the object is NULL or live, and the name live and unchanging, as
    // C promises. The members' addresses are taken of a live message, which the
    // caller holds until this returns.
    unsafe {
        let Some(m) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let field = match data::data_string_bytes(name) {
            b"authenticator" => return set_authenticator(m, value).0,
            b"object" => return set_object(&raw mut (*m).object, value).0,
            b"notify-object" => return set_object(&raw mut (*m).notify_object, value).0,
            b"authid" => &raw mut (*m).authid,
            b"op" => &raw mut (*m).op,
            b"handle" => &raw mut (*m).h,
            b"id" => &raw mut (*m).id,
            b"rid" => &raw mut (*m).rid,
            _ => {
                return match types::set_inner(h, id, name, value) {
                    Status::SUCCESS => Status::SUCCESS.0,
                    _ => Status::NOT_FOUND.0,
                };
            }
        };
        set_field(field, value).0
    }
}

/// # Safety
/// `field` is writable; `value` is NULL or live.
unsafe fn set_field(field: *mut c_uint, value: *mut omapi_typed_data_t) -> Status {
    // SAFETY: a value that is not NULL is live and does not change; the field
    // is one of a live message.
    unsafe {
        if value.is_null() {
            return Status::INVALID_ARGUMENT;
        }
        match data::view(value).number() {
            Some(n) => {
                set_number(field, n as c_uint);
                Status::SUCCESS
            }
            None => Status::INVALID_ARGUMENT,
        }
    }
}

/// # Safety
/// `slot` is a member of a live message; `value` is NULL or live.
unsafe fn set_object(slot: *mut *mut omapi_object_t, value: *mut omapi_typed_data_t) -> Status {
    // SAFETY: a value that is not NULL is live and does not change, and has a
    // reference on the object that it holds.
    unsafe {
        let datum = if value.is_null() {
            Datum::Other
        } else {
            data::view(value)
        };
        let Datum::Object(object) = datum else {
            return Status::INVALID_ARGUMENT;
        };
        if object.is_null() {
            return Status::INVALID_ARGUMENT;
        }
        replace(slot, object);
    }
    Status::SUCCESS
}

/// # Safety
/// `m` is live; `value` is NULL or live.
unsafe fn set_authenticator(
    m: *mut omapi_message_object_t,
    value: *mut omapi_typed_data_t,
) -> Status {
    let mut new = null_mut();
    // SAFETY: the value is NULL or live; the member is NULL or a counted
    // reference, and is exchanged under the lock. What comes out is ours.
    unsafe {
        let status = data::reference(&raw mut new, value);
        let old = {
            let _guard = FIELDS.lock();
            (&raw mut (*m).authenticator).replace(new)
        };
        drop(Owned(old));
        status
    }
}

/// `get_value` of the type.
///
/// # Safety
/// C: `h` and `name` are live, `value` is writable.
pub(crate) unsafe extern "C" fn get_handler(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: as C promises, the object is NULL or live, the name is live, and
    // the value is stored where the caller has room for it.
    unsafe {
        let Some(m) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let made = match data::data_string_bytes(name) {
            b"authenticator" => authenticator(m),
            field => match header_field(m, field) {
                Some(n) => data::typed_int(n as c_int).map(Owned),
                None => return types::get_inner(h, id, name, value).0,
            },
        };
        match made {
            Ok(datum) => give(value, name, datum.0).0,
            Err(status) => status.0,
        }
    }
}

/// The number that a field of the header holds; `None` for other names.
///
/// # Safety
/// `m` is live.
unsafe fn header_field(m: *mut omapi_message_object_t, name: &[u8]) -> Option<c_uint> {
    let _guard = FIELDS.lock();
    // SAFETY: live, by the caller's promise; the members are locked.
    unsafe {
        Some(match name {
            b"authlen" => (*m).authlen,
            b"authid" => (*m).authid,
            b"op" => (*m).op,
            b"handle" => (*m).h,
            b"id" => (*m).id,
            b"rid" => (*m).rid,
            _ => return None,
        })
    }
}

/// Another reference on the authenticator.
///
/// # Safety
/// `m` is live.
unsafe fn authenticator(
    m: *mut omapi_message_object_t,
) -> Result<Owned<omapi_typed_data_t>, Status> {
    let mut datum = null_mut();
    let _guard = FIELDS.lock();
    // SAFETY: the member of a live message; a datum in it is a counted
    // reference, which is not given up while the lock is held.
    let status = unsafe { data::reference(&raw mut datum, (*m).authenticator) };
    status
        .ok()
        .map(|()| Owned(datum))
        .map_err(|_| Status::NOT_FOUND)
}

/// Stores a new value in `*slot`.
///
/// # Safety
/// `slot` is writable; `name` and `datum` are live.
unsafe fn give(
    slot: *mut *mut omapi_value_t,
    name: *mut omapi_data_string_t,
    datum: *mut omapi_typed_data_t,
) -> Status {
    // SAFETY: all are live, and the slot writable, by the caller's promise; the
    // new value is ours.
    unsafe {
        match value::new(name, datum).map(Owned) {
            Ok(v) => data::reference(slot, v.0),
            Err(status) => status,
        }
    }
}

unsafe extern "C" fn destroy_handler(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the object is dying, so nobody else uses its members, which are
    // NULL or counted references.
    unsafe {
        let Some(m) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        data::dereference(&raw mut (*m).authenticator);
        refs::dereference(&raw mut (*m).object);
        refs::dereference(&raw mut (*m).notify_object);
        refs::dereference(&raw mut (*m).id_object);
        refs::dereference((&raw mut (*m).protocol_object).cast());
    }
    Status::SUCCESS.0
}

unsafe extern "C" fn signal_handler(
    h: *mut omapi_object_t,
    name: *const c_char,
    ap: va_list,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object, and passes a signal's
    // name with its arguments: the dispatcher does, and C must.
    unsafe { types::signal_inner(h, name, ap) }.0
}

unsafe extern "C" fn stuff_handler(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: whoever calls a handler holds the object: the dispatcher does,
    // and C must.
    unsafe { types::stuff_inner(c, id, h) }.0
}
