//! Additions for Kea servers, which the genuine library does not have.

use super::{guard, guard_calling, object, some, text};
use crate::abi::layout::{dhcpctl_data_string, dhcpctl_handle, dhcpctl_status, omapi_object_t};
use crate::environment::default_deadline;
use crate::object::data::{self, Datum};
use crate::object::refs::ObjectRef;
use crate::object::types;
use crate::object::value::Owned;
use crate::remote::{completion, connection, remote_object};
use core::ffi::{CStr, c_char};
use core::ptr::null_mut;
use omapi::status::Status;

/// Addition, not in ISC's library. Sends `command` to a Kea server and waits
/// for its answer. `arguments_json` is NULL or the command's arguments in
/// JSON: a map or a list. When Kea answers, `*reply` (unless `reply` is NULL;
/// it must hold NULL before) becomes a new data string with the whole answer
/// in JSON, whatever the result.
///
/// For waits of one's own and callbacks, do the same with an object: make it
/// with dhcpctl_new_object(&h, connection, "kea-command"), set "command" and
/// "arguments", open it with dhcpctl_open_object; when it has completed it has
/// the values "result", "text" and "reply".
///
/// Returns by Kea's result: 0; ISC_R_FAILURE for 1 and unknown ones,
/// ISC_R_NOTIMPLEMENTED for 2, ISC_R_NOTFOUND for 3, ISC_R_EXISTS for 4,
/// ISC_R_IOERROR for 5. Without an answer: DHCP_R_INVALIDARG when the
/// arguments are no JSON, ISC_R_NOTIMPLEMENTED when the connection is to no
/// Kea, ISC_R_CONNREFUSED, DHCP_R_CONNRESET and others; `*reply` is NULL then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_kea_command(
    connection: dhcpctl_handle,
    command: *const c_char,
    arguments_json: *const c_char,
    reply: *mut dhcpctl_data_string,
) -> dhcpctl_status {
    // SAFETY: the C contract: the handle is NULL or live, the texts are NULL or C
    // strings, and `reply` is NULL, or readable and writable.
    guard_calling(|| unsafe {
        let connection = object(connection)?;
        let command = text(command)?;
        if !reply.is_null() && !(*reply).is_null() {
            return Err(Status::INVALID_ARGUMENT);
        }
        if !connection::engine_of(connection)?.is_kea() {
            return Err(Status::NOT_IMPLEMENTED);
        }
        let h = ask(connection, command, arguments_json)?;
        let result = number(h.as_ptr(), c"result")?;
        if !reply.is_null() {
            *reply = whole_answer(h.as_ptr())?;
        }
        meaning(result)
    })
}

/// Sends a command in an object of its own and waits for the answer, which is
/// in the object then.
///
/// # Safety
/// `connection` is live; `arguments` is NULL or a C string.
unsafe fn ask(
    connection: *mut omapi_object_t,
    command: &CStr,
    arguments: *const c_char,
) -> Result<ObjectRef, Status> {
    // SAFETY: as the caller promises; the new object's reference is ours.
    unsafe {
        let h = ObjectRef::from_raw(remote_object::new(c"kea-command")?);
        set(h.as_ptr(), c"command", command)?;
        if !arguments.is_null() {
            let arguments = text(arguments)?;
            if arguments.is_empty() {
                // As a value, it would be none at all.
                return Err(Status::INVALID_ARGUMENT);
            }
            set(h.as_ptr(), c"arguments", arguments)?;
        }
        remote_object::send(h.as_ptr(), connection, remote_object::RequestKind::Open(0)).ok()?;
        completion::wait(h.as_ptr(), default_deadline())?.ok()?;
        Ok(h)
    }
}

/// Kea's answer in a new data string.
///
/// # Safety
/// `h` is live.
unsafe fn whole_answer(h: *mut omapi_object_t) -> Result<dhcpctl_data_string, Status> {
    // SAFETY: live, by the caller's promise. The value is ours, so its datum
    // lives and does not change until the copy is made.
    unsafe {
        let value = types::get_named(h, b"reply")?;
        match data::view(some((*value.0).value)?) {
            Datum::String(b) | Datum::Data(b) => data::data_string_from(b),
            _ => Err(Status::UNEXPECTED),
        }
    }
}

/// Kea's result as a status.
fn meaning(result: i64) -> Result<(), Status> {
    match result {
        0 => Ok(()),
        2 => Err(Status::NOT_IMPLEMENTED),
        3 => Err(Status::NOT_FOUND),
        4 => Err(Status::EXISTS),
        5 => Err(Status::IO_ERROR),
        _ => Err(Status::FAILURE),
    }
}

/// # Safety
/// `h` is live.
unsafe fn set(h: *mut omapi_object_t, name: &CStr, value: &CStr) -> Result<(), Status> {
    // SAFETY: live, by the caller's promise; our own name and value live until
    // the handlers have returned.
    unsafe {
        let name = Owned(data::data_string_from(name.to_bytes())?);
        let value = Owned(data::typed_from(value.to_bytes(), true)?);
        types::set_value(h, null_mut(), name.0, value.0).ok()
    }
}

/// # Safety
/// `h` is live.
unsafe fn number(h: *mut omapi_object_t, name: &CStr) -> Result<i64, Status> {
    // SAFETY: live, by the caller's promise; the value is ours, and so is its
    // datum.
    unsafe {
        let value = types::get_named(h, name.to_bytes())?;
        let number = data::view(some((*value.0).value)?).number();
        number.ok_or(Status::UNEXPECTED)
    }
}

/// Addition, not in ISC's library; Kea servers only. Queues a request for the
/// object behind the one that `h` holds: the lease with the next higher
/// address, or the next host. A new `h` of the type "lease" or "host" gets the
/// first. Attributes that the object does not have become null. Wait for `h`
/// or use a callback, as with dhcpctl_open_object.
///
/// Returns 0 when the request is queued. It completes with ISC_R_NOMORE behind
/// the last object, and with ISC_R_NOTIMPLEMENTED for other types or over
/// OMAPI, which has no such request. Objects that come or go meanwhile may be
/// missed or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_next_object(
    connection: dhcpctl_handle,
    h: dhcpctl_handle,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        remote_object::send(
            object(h)?,
            object(connection)?,
            remote_object::RequestKind::Next,
        )
        .ok()
    })
}
