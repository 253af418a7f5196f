//! Messages that a program builds itself: header fields in the struct, message
//! values in the generic object inside, the object that it is about beside.

use super::pending_request::PendingRequest;
use super::{completion, connection, dispatch};
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
    // SAFETY: as the function's.
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
    // SAFETY: as the function's; the message's references keep what it is
    // about alive.
    unsafe {
        let engine = connection::engine_of_protocol(protocol)?;
        let m = from_object(message).ok_or(Status::INVALID_ARGUMENT)?;
        let to = if to.is_null() {
            None
        } else {
            Some(from_object(to).ok_or(Status::INVALID_ARGUMENT)?)
        };
        // Copies, with references: another thread may change the message.
        let fields = FIELDS.lock();
        let rid = to.map_or((*m).rid, |to| (*to).id);
        let (op, m_handle) = ((*m).op, (*m).h);
        let held =
            [(*m).object, (*m).notify_object].map(|o| (!o.is_null()).then(|| ObjectRef::new(o)));
        drop(fields);
        let [about, notify] =
            [&held[0], &held[1]].map(|o| o.as_ref().map_or(null_mut(), ObjectRef::as_ptr));
        let values = outgoing::collect(connection::around(protocol).as_ref(), id, message)?;
        let attributes = if about.is_null() {
            Vec::new()
        } else {
            outgoing::collect(connection::around(protocol).as_ref(), id, about)?
        };
        let handle = if id.is_null() || handles::number(id) == 0 {
            m_handle
        } else {
            handles::number(id)
        };
        let request = Request {
            operation: Operation::Message {
                op,
                rid,
                values: ValueList::from_bytes(&values),
            },
            handle,
            attributes: ValueList::from_bytes(&attributes),
        };
        let ticket = PendingRequest {
            about: (!about.is_null()).then(|| ObjectRef::new(about)),
            notify: (!notify.is_null() && notify != about).then(|| ObjectRef::new(notify)),
            message: Some(ObjectRef::new(message)),
        };
        let all: Vec<ObjectRef> = ticket.about.iter().chain(&ticket.notify).cloned().collect();
        for object in &all {
            drop(completion::with(object.as_ptr(), |c| c.begin(&engine)));
        }
        dispatch::used(&engine);
        match engine.submit(&request, ticket) {
            Ok(sent) => {
                set_number(&raw mut (*m).id, sent);
                replace_protocol(m, protocol);
                Ok(())
            }
            Err((status, _)) => {
                for object in &all {
                    completion::with(object.as_ptr(), completion::Completion::take_back);
                }
                Err(status)
            }
        }
    }
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
    // SAFETY: as the function's.
    unsafe {
        let engine = connection::engine_of_protocol(protocol)?;
        let attributes = outgoing::collect(connection::around(protocol).as_ref(), id, about)?;
        let handle = if id.is_null() { 0 } else { handles::number(id) };
        let request = Request {
            operation: Operation::Open { object_type, flags },
            handle,
            attributes: ValueList::from_bytes(&attributes),
        };
        drop(completion::with(about, |c| c.begin(&engine)));
        dispatch::used(&engine);
        let ticket = PendingRequest::about(ObjectRef::new(about));
        engine
            .submit(&request, ticket)
            .map(|_| ())
            .map_err(|(status, _)| {
                completion::with(about, completion::Completion::take_back);
                status
            })
    }
}

/// # Safety
/// `field` is one of a live message.
unsafe fn set_number(field: *mut c_uint, number: c_uint) {
    let _guard = FIELDS.lock();
    // SAFETY: as the function's.
    unsafe { *field = number };
}

/// Stores a reference to `object` in a member of a message. What was there
/// before is given up without the lock: objects may die with it.
///
/// # Safety
/// `slot` is a member of a live message, `object` is NULL or live.
unsafe fn replace(slot: *mut *mut omapi_object_t, object: *mut omapi_object_t) {
    let mut new = null_mut();
    // SAFETY: as the function's; the member is NULL or a counted reference.
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
    // SAFETY: as the function's; a protocol object begins as an object does.
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
    // SAFETY: as the function's.
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
    // SAFETY: as the function's.
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
    // SAFETY: as the function's.
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
    // SAFETY: as the function's.
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
    // SAFETY: as the function's.
    unsafe {
        let Some(m) = from_object(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        let guard = FIELDS.lock();
        let number = match data::data_string_bytes(name) {
            b"authlen" => (*m).authlen,
            b"authid" => (*m).authid,
            b"op" => (*m).op,
            b"handle" => (*m).h,
            b"id" => (*m).id,
            b"rid" => (*m).rid,
            b"authenticator" => {
                if (*m).authenticator.is_null() {
                    return Status::NOT_FOUND.0;
                }
                let mut datum = null_mut();
                data::reference(&raw mut datum, (*m).authenticator);
                drop(guard);
                let datum = Owned(datum);
                return give(value, name, datum.0).0;
            }
            _ => {
                drop(guard);
                return types::get_inner(h, id, name, value).0;
            }
        };
        drop(guard);
        match data::typed_int(number as c_int).map(Owned) {
            Ok(datum) => give(value, name, datum.0).0,
            Err(status) => status.0,
        }
    }
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
    // SAFETY: as the function's.
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
    // SAFETY: the object is dying: its members are ours.
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
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::signal_inner(h, name, ap) }.0
}

unsafe extern "C" fn stuff_handler(
    c: *mut omapi_object_t,
    id: *mut omapi_object_t,
    h: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects.
    unsafe { types::stuff_inner(c, id, h) }.0
}
