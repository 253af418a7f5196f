//! `dhcpctl_*`: connections, objects of the server, their attributes.

use super::{guard, guard_calling, initialize, object, some, text, vacant};
use crate::abi::layout::{
    dhcpctl_data_string, dhcpctl_handle, dhcpctl_status, isc_result_t, omapi_typed_data_t,
};
use crate::environment::default_deadline;
use crate::object::data::Datum;
use crate::object::value::Owned;
use crate::object::{auth_key, data, types};
use crate::remote::{callback, completion, connection, remote_object};
use crate::servers;
use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};
use core::ptr::null_mut;
use libc::timeval;
use omapi::status::Status;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// Prepares the library; the first call of every program. Calling it again
/// changes nothing but reads DHCPCTL_TIMEOUT anew. It touches neither signals
/// nor files.
///
/// Returns 0.
#[unsafe(no_mangle)]
pub extern "C" fn dhcpctl_initialize() -> dhcpctl_status {
    guard(initialize)
}

/// Connects to a DHCP server: `*connection` becomes a handle, to be given back
/// with `dhcpctl_disconnect`. It must be NULL before and stays NULL on failure.
///
/// `server_name` is a name or an IPv4 or IPv6 address, `port` usually 7911.
/// `authinfo` is NULL or an authenticator; all messages are signed then. The
/// environment variable DHCPCTL_TIMEOUT (seconds) limits the call.
///
/// Returns 0, DHCP_R_HOSTUNKNOWN, ISC_R_CONNREFUSED or another reason of the
/// system, or the server's code when it does not accept the authenticator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_connect(
    connection: *mut dhcpctl_handle,
    server_name: *const c_char,
    port: c_int,
    authinfo: dhcpctl_handle,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        connect(connection, server_name, port, authinfo, default_deadline())
    })
}

/// As dhcpctl_connect, but gives up with ISC_R_TIMEDOUT when `t` (relative,
/// NULL for no limit) has passed. Looking up a name is not limited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_timed_connect(
    connection: *mut dhcpctl_handle,
    server_name: *const c_char,
    port: c_int,
    authinfo: dhcpctl_handle,
    t: *mut timeval,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        some(connection)?;
        let deadline = match relative(t) {
            Some(left) if left.is_zero() => return Err(Status::TIMED_OUT),
            left => deadline_of(left),
        };
        connect(connection, server_name, port, authinfo, deadline)
    })
}

unsafe fn connect(
    connection: *mut dhcpctl_handle,
    server_name: *const c_char,
    port: c_int,
    authinfo: dhcpctl_handle,
    deadline: Option<Instant>,
) -> Result<(), Status> {
    // SAFETY: the C contract.
    unsafe {
        let slot = vacant(connection)?;
        let host = OsStr::from_bytes(text(server_name)?.to_bytes());
        if !authinfo.is_null() {
            object(authinfo)?;
        }
        let destination = servers::find(host, port as u16)?;
        *slot = connection::connect(destination, authinfo, deadline)?;
    }
    Ok(())
}

/// A relative time: `None` for NULL, zero for none left. Microseconds may be
/// a million or more.
///
/// # Safety
/// `t` is NULL or readable.
unsafe fn relative(t: *const timeval) -> Option<Duration> {
    if t.is_null() {
        return None;
    }
    // SAFETY: not NULL, so readable.
    let (seconds, micros) = unsafe { ((*t).tv_sec as i128, (*t).tv_usec as i128) };
    let total = seconds * 1_000_000 + micros;
    // Centuries are as good as for ever, and do not overflow the clock.
    let total = total.clamp(0, 1 << 53);
    Some(Duration::from_micros(total as u64))
}

/// The moment when a relative time has passed; without one, the default.
fn deadline_of(left: Option<Duration>) -> Option<Instant> {
    match left {
        Some(d) => Instant::now().checked_add(d),
        None => default_deadline(),
    }
}

/// Closes the connection and clears `*connection`. With `force` at once;
/// without, requests that are queued are sent first. Requests without answer
/// complete with DHCP_R_CONNRESET, and their callbacks run before it returns,
/// when the connection is closed by then.
///
/// Returns 0, or DHCP_R_INVALIDARG (and keeps the handle) when it is not
/// connected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_disconnect(
    connection: *mut dhcpctl_handle,
    force: c_int,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let slot = some(connection)?;
        object(*slot)?;
        connection::disconnect_handle(slot, force != 0)
    })
}

/// Makes a handle for an object of the server: a lease, host, group ... It
/// needs no connection. Give it back with `omapi_object_dereference`.
///
/// Returns 0, or DHCP_R_INVALIDARG when `*h` is not NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_new_object(
    h: *mut dhcpctl_handle,
    _connection: dhcpctl_handle,
    object_type: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(h)?;
        let object_type = text(object_type)?;
        *slot = remote_object::new(object_type)?;
        Ok(())
    })
}

/// Makes an authenticator for `dhcpctl_connect`. `secret` is binary, not
/// base64. A short `algorithm` such as "hmac-sha256" is completed. What `*h`
/// held before is not looked at.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_new_authenticator(
    h: *mut dhcpctl_handle,
    name: *const c_char,
    algorithm: *const c_char,
    secret: *const c_uchar,
    secret_len: c_uint,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = some(h)?;
        let (name, algorithm) = (text(name)?, text(algorithm)?);
        *slot = auth_key::new(name, algorithm, bytes(secret, secret_len)?)?;
        Ok(())
    })
}

/// Bytes with their length; NULL is fine when there are none.
///
/// # Safety
/// `p` is NULL or readable for `len` bytes, and outlives the use.
unsafe fn bytes<'a>(p: *const c_uchar, len: c_uint) -> Result<&'a [u8], Status> {
    if len == 0 {
        return Ok(&[]);
    }
    if p.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    // SAFETY: not NULL, so readable for `len` bytes.
    Ok(unsafe { core::slice::from_raw_parts(p, len as usize) })
}

/// Queues a request to find the object that the attributes of `h` describe,
/// and with DHCPCTL_CREATE, DHCPCTL_UPDATE, DHCPCTL_EXCL in `flags` to make or
/// change it. Nothing is sent before the program waits or dispatches.
///
/// Returns 0 when the request is queued; its result comes with the wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_open_object(
    h: dhcpctl_handle,
    connection: dhcpctl_handle,
    flags: c_int,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe {
        send(
            h,
            connection,
            remote_object::RequestKind::Open(flags as u32),
        )
    }
}

/// Queues a request to change the server's object: sends the attributes that
/// were set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_object_update(
    connection: dhcpctl_handle,
    h: dhcpctl_handle,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe { send(h, connection, remote_object::RequestKind::Update) }
}

/// Queues a request for the present attributes of the server's object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_object_refresh(
    connection: dhcpctl_handle,
    h: dhcpctl_handle,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe { send(h, connection, remote_object::RequestKind::Refresh) }
}

/// Queues a request to remove the server's object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_object_remove(
    connection: dhcpctl_handle,
    h: dhcpctl_handle,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe { send(h, connection, remote_object::RequestKind::Remove) }
}

unsafe fn send(
    h: dhcpctl_handle,
    connection: dhcpctl_handle,
    ask: remote_object::RequestKind,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe { remote_object::send(object(h)?, object(connection)?, ask).ok() })
}

/// Waits until a request of `h` is answered, and stores its result in
/// `*status`; without an answer, why there is none. A request that was
/// answered during another wait returns at once. The environment variable
/// DHCPCTL_TIMEOUT (seconds) limits the wait.
///
/// Returns 0, DHCP_R_CONNRESET when the connection was lost, or ISC_R_NOMORE
/// when there is no request to wait for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_wait_for_completion(
    h: dhcpctl_handle,
    status: *mut dhcpctl_status,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe { wait(h, status, default_deadline()) }
}

/// As dhcpctl_wait_for_completion, but returns ISC_R_TIMEDOUT when `t`
/// (relative, NULL for no limit) has passed. The request stays: a later wait
/// may still see its answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_timed_wait_for_completion(
    h: dhcpctl_handle,
    status: *mut dhcpctl_status,
    t: *mut timeval,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    unsafe { wait(h, status, deadline_of(relative(t))) }
}

unsafe fn wait(
    h: dhcpctl_handle,
    status: *mut dhcpctl_status,
    deadline: Option<Instant>,
) -> dhcpctl_status {
    let mut answer = Status::SUCCESS;
    // SAFETY: the C contract; status is NULL or writable.
    let result = guard_calling(|| unsafe {
        answer = completion::wait(object(h)?, deadline)?;
        Ok(())
    });
    if result != Status::SUCCESS.0 {
        answer = Status(result);
    }
    if !status.is_null() {
        // SAFETY: not NULL, so writable.
        unsafe { *status = answer.0 };
    }
    result
}

/// Has `function` called with `h`, the result and `data` each time a request of
/// `h` completes: once for each, while the program waits or dispatches. A
/// second call replaces the function. It may call any function of the library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_callback(
    h: dhcpctl_handle,
    data: *mut c_void,
    function: Option<unsafe extern "C" fn(dhcpctl_handle, dhcpctl_status, *mut c_void)>,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let function = function.ok_or(Status::INVALID_ARGUMENT)?;
        callback::set(object(h)?, data, function).ok()
    })
}

/// Gets an attribute as bytes: a new data string in `*result`, which must be
/// NULL before. Integers are four bytes in network byte order.
///
/// Returns 0, or ISC_R_NOTFOUND when there is no such attribute.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_get_value(
    result: *mut dhcpctl_data_string,
    h: dhcpctl_handle,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(result)?;
        let value = types::get_named(object(h)?, text(value_name)?.to_bytes())?;
        let number;
        let content: &[u8] = match datum((*value.0).value)? {
            Datum::String(b) | Datum::Data(b) => b,
            Datum::Int(i) => {
                number = i.to_be_bytes();
                &number
            }
            Datum::Object(o) => {
                number = crate::object::handles::of(object(o)?)?.to_be_bytes();
                &number
            }
            Datum::Other => return Err(Status::UNEXPECTED),
        };
        *slot = data::data_string_from(content)?;
        Ok(())
    })
}

/// # Safety
/// `t` is NULL or live.
unsafe fn datum<'a>(t: *const omapi_typed_data_t) -> Result<Datum<'a>, Status> {
    if t.is_null() {
        return Err(Status::NOT_FOUND);
    }
    // SAFETY: not NULL, so live.
    Ok(unsafe { data::view(t) })
}

/// Gets a four-byte attribute as a number, in the host's byte order. (A
/// boolean of the server is 0 or 1, but any number is returned as it is.)
///
/// Returns 0, ISC_R_NOTFOUND, or ISC_R_UNEXPECTED for another length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_get_boolean(
    result: *mut c_int,
    h: dhcpctl_handle,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let result = some(result)?;
        let value = types::get_named(object(h)?, text(value_name)?.to_bytes())?;
        let number = match datum((*value.0).value)? {
            Datum::Object(o) => i64::from(crate::object::handles::of(object(o)?)?),
            other => other.number().ok_or(Status::UNEXPECTED)?,
        };
        *result = number as c_int;
        Ok(())
    })
}

/// Sets an attribute to a copy of the bytes of `value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_value(
    h: dhcpctl_handle,
    value: dhcpctl_data_string,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let content = data::data_string_bytes(some(value)?);
        set(h, value_name, data::typed_from(content, false))
    })
}

/// Sets an attribute to a copy of `len` bytes; `value` may be NULL when `len`
/// is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_data_value(
    h: dhcpctl_handle,
    value: *const c_char,
    len: c_uint,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        set(
            h,
            value_name,
            data::typed_from(bytes(value.cast(), len)?, false),
        )
    })
}

/// Makes an attribute null: the server removes it with the next update.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_null_value(
    h: dhcpctl_handle,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, value_name, Ok(null_mut())) })
}

/// Sets an attribute to a string, sent without its terminator.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_string_value(
    h: dhcpctl_handle,
    value: *const c_char,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe {
        set(
            h,
            value_name,
            data::typed_from(text(value)?.to_bytes(), true),
        )
    })
}

/// Sets an attribute to a number: the host's byte order here, four bytes in
/// network byte order when it is sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_int_value(
    h: dhcpctl_handle,
    value: c_int,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, value_name, data::typed_int(value)) })
}

/// As dhcpctl_set_int_value: the number is not reduced to 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_set_boolean_value(
    h: dhcpctl_handle,
    value: c_int,
    value_name: *const c_char,
) -> dhcpctl_status {
    // SAFETY: the C contract.
    guard(|| unsafe { set(h, value_name, data::typed_int(value)) })
}

/// Sets an attribute to a new datum, or to null.
///
/// # Safety
/// The C contract.
unsafe fn set(
    h: dhcpctl_handle,
    name: *const c_char,
    datum: Result<*mut omapi_typed_data_t, Status>,
) -> Result<(), Status> {
    // SAFETY: the C contract; name and datum are ours.
    unsafe {
        let datum = Owned(datum?);
        let name = text(name)?.to_bytes();
        if name.len() > usize::from(u16::MAX) {
            // It could never be sent: the wire has 16 bits for its length.
            return Err(Status::INVALID_ARGUMENT);
        }
        let h = object(h)?;
        let name = Owned(data::data_string_from(name)?);
        types::set_value(h, null_mut(), name.0, datum.0).ok()
    }
}

/// Gives up the reference in `*dsp` and clears it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dhcpctl_data_string_dereference(
    dsp: *mut dhcpctl_data_string,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { data::dereference(dsp).ok() })
}
