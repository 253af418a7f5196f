//! Waiting, dispatching, disconnecting below `dhcpctl_*`. Times are absolute
//! here, by the clock of gettimeofday, as in the original.

use super::{guard_calling, object};
use crate::abi::layout::{isc_result_t, omapi_object_t};
use crate::environment::default_deadline;
use crate::remote::{completion, connection, dispatch};

use core::ffi::c_int;
use libc::timeval;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The moment on the monotonic clock that an absolute time means now.
///
/// # Safety
/// `t` is NULL or readable.
unsafe fn absolute(t: *const timeval) -> Option<Instant> {
    if t.is_null() {
        return None;
    }
    // SAFETY: not NULL, so readable, by the C contract.
    let (seconds, micros) = unsafe { ((*t).tv_sec as i128, (*t).tv_usec as i128) };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_micros() as i128);
    let left = (seconds * 1_000_000 + micros - now).clamp(0, 1 << 53);
    Instant::now().checked_add(Duration::from_micros(left as u64))
}

/// Waits until a request of `object` is answered, at most until `t` (absolute,
/// NULL for no limit).
///
/// Returns 0, ISC_R_TIMEDOUT, DHCP_R_CONNRESET, or ISC_R_NOMORE when there is
/// nothing to wait for. Without an object it serves everything, as
/// omapi_dispatch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_wait_for_completion(
    o: *mut omapi_object_t,
    t: *mut timeval,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe {
        let deadline = absolute(t).or_else(default_deadline);
        if o.is_null() {
            return dispatch::forever(deadline).ok();
        }
        completion::wait(object(o)?, deadline).map(|_| ())
    })
}

/// Waits until any connection or registered descriptor is ready, at most until
/// `t` (absolute, NULL for no limit), and serves it: answers are taken in,
/// callbacks run.
///
/// Returns 0, ISC_R_TIMEDOUT, or ISC_R_NOMORE when there is nothing to serve.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_one_dispatch(
    _wo: *mut omapi_object_t,
    t: *mut timeval,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe { dispatch::once(absolute(t)).ok() })
}

/// Serves all connections and registered descriptors until `t` (absolute, NULL
/// for no limit).
///
/// Returns ISC_R_TIMEDOUT, or ISC_R_NOMORE when nothing is left to serve.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_dispatch(t: *mut timeval) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe { dispatch::forever(absolute(t)).ok() })
}

/// Closes the connection of the connection object `connection`: the `outer` of
/// the `outer` of a connection handle. See dhcpctl_disconnect.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn omapi_disconnect(
    connection: *mut omapi_object_t,
    force: c_int,
) -> isc_result_t {
    // SAFETY: the C contract.
    guard_calling(|| unsafe { connection::disconnect(object(connection)?, force != 0).ok() })
}
