//! `omapi_handle_*`: local handles.

use super::{guard, object, some, vacant};
use crate::abi::layout::{isc_result_t, omapi_handle_t, omapi_object_t, omapi_typed_data_t};
use crate::object::data::{self, Datum};
use crate::object::handles;
use omapi::status::Status;

/// Stores the handle of `o` in `*h`: a new one, unless it has one. Handles
/// count from 1 and are not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_object_handle(
    h: *mut omapi_handle_t,
    o: *mut omapi_object_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let slot = some(h)?;
        *slot = handles::of(object(o)?)?;
        Ok(())
    })
}

/// Stores a reference to the object with that handle in `*o`, which must be
/// NULL before.
///
/// Returns 0, or ISC_R_NOTFOUND.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_handle_lookup(
    o: *mut *mut omapi_object_t,
    h: omapi_handle_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe { look_up(o, h) })
}

/// As omapi_handle_lookup, for an integer or four bytes of data (not string)
/// in network byte order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_handle_td_lookup(
    o: *mut *mut omapi_object_t,
    h: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard(|| unsafe {
        let number = match data::view(some(h)?) {
            d @ (Datum::Int(_) | Datum::Data(_)) => d.number(),
            _ => None,
        };
        look_up(o, number.ok_or(Status::INVALID_ARGUMENT)? as omapi_handle_t)
    })
}

/// # Safety
/// `o` is NULL, or valid for reads and writes.
unsafe fn look_up(o: *mut *mut omapi_object_t, h: omapi_handle_t) -> Result<(), Status> {
    // SAFETY: NULL or an out-pointer, by the caller's promise.
    let slot = unsafe { vacant(o) }?;
    let object = handles::lookup(h)?;
    // SAFETY: not NULL, so writable.
    unsafe { *slot = object.into_raw() };
    Ok(())
}

/// Takes the object with that handle out of the table: it has none then.
#[unsafe(no_mangle)]
pub extern "C" fn omapi_handle_clear(h: omapi_handle_t) -> isc_result_t {
    guard(|| handles::clear(h).map(drop))
}
