//! `omapi_message_*`: messages that a program builds itself.

use super::{guard, object, some, vacant};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_message_object_t, omapi_object_t, omapi_typed_data_t,
    omapi_value_t,
};
use crate::object::refs;
use crate::remote::message;
use core::ffi::{c_char, c_int};
use omapi::status::Status;

/// Makes a message with room for message values. `*o` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_new(
    o: *mut *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(o)?;
        *slot = message::new()?;
        Ok(())
    })
}

/// Makes a message without room for message values. `*p` must be NULL before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_allocate(
    p: *mut *mut omapi_message_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = vacant(p)?;
        *slot = message::allocate()?.into_raw();
        Ok(())
    })
}

/// As omapi_object_reference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_reference(
    p: *mut *mut omapi_message_object_t,
    m: *mut omapi_message_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; a message starts as an object does.
    guard(|| unsafe { refs::reference(p.cast(), m.cast()).ok() })
}

/// As omapi_object_dereference.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_dereference(
    p: *mut *mut omapi_message_object_t,
    file: *const c_char,
    line: c_int,
) -> isc_result_t {
    // SAFETY: the C contract; a message starts as an object does.
    guard(|| unsafe { refs::dereference_at(p.cast(), file, line).ok() })
}

/// Says that the program expects an answer to the message. The library holds a
/// reference until the answer is there, or omapi_message_unregister.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_register(mo: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { message::register(object(mo)?).ok() })
}

/// Undoes omapi_message_register.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_unregister(mo: *mut omapi_object_t) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { message::unregister(object(mo)?).ok() })
}

/// `set_value` of the type: "op", "handle", "id", "rid", "authid" are numbers
/// of the header, "object", "notify-object" the objects that it is about;
/// every other name is a message value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_set_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { Status(message::set_handler(object(h)?, id, some(name)?, value)).ok() })
}

/// `get_value` of the type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_message_get_value(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut *mut omapi_value_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        Status(message::get_handler(
            object(h)?,
            id,
            some(name)?,
            some(value)?,
        ))
        .ok()
    })
}
