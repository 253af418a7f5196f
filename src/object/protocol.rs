//! Protocol objects: what stands between a connection handle and its connection
//! object, and lists the authenticators in use.

use super::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_object_type_t,
    omapi_protocol_object_t, omapi_remote_auth_t, omapi_typed_data_t,
};
use super::refs::{self, ObjectRef};
use super::{data, passing, types};
use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use omapi::status::Status;
use parking_lot::Mutex;

/// Protects the lists of authenticators of all protocol objects. A leaf lock.
static AUTH_LISTS: Mutex<()> = Mutex::new(());

/// A protocol object with what C does not see.
#[repr(C)]
pub struct ProtocolObject {
    /// The genuine struct; must be first.
    pub c: omapi_protocol_object_t,
    /// The io object of the connection that has ended, with its connection
    /// object. Programs walk from a handle to these, and keep what they find.
    retired: Mutex<Option<ObjectRef>>,
}

impl ProtocolObject {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `ProtocolObject`'s size.
    pub(super) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe { (&raw mut (*o.cast::<Self>()).retired).write(Mutex::new(None)) };
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(super) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: as the function's.
        unsafe { (&raw mut (*o.cast::<Self>()).retired).drop_in_place() };
    }
}

/// The type of protocol objects, as it is registered.
pub(super) fn protocol_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(protocol_set),
        destroy: Some(protocol_destroy),
        ..passing::passing(types::bare(
            c"protocol",
            size_of::<omapi_protocol_object_t>(),
        ))
    }
}

/// Keeps the io object of a connection that has ended for as long as the
/// protocol object lives, or until the next one ends.
///
/// # Safety
/// `protocol` is a live protocol object.
pub(super) unsafe fn retire(protocol: *mut omapi_object_t, io: ObjectRef) {
    // SAFETY: as the function's; every object of this type was allocated as a
    // ProtocolObject.
    let before = unsafe {
        (*protocol.cast::<ProtocolObject>())
            .retired
            .lock()
            .replace(io)
    };
    // Not under the lock: destroy handlers may be the program's.
    drop(before);
}

/// True when messages of the protocol object are signed.
///
/// # Safety
/// `p` is live.
#[must_use]
pub unsafe fn is_authenticated(p: *mut omapi_protocol_object_t) -> bool {
    let _list = AUTH_LISTS.lock();
    // SAFETY: as the function's.
    unsafe { !(*p).default_auth.is_null() }
}

/// Makes `auth` the default authenticator of the protocol object.
///
/// # Safety
/// Both are live.
pub(super) unsafe fn remember_auth(p: *mut omapi_protocol_object_t, auth: *mut omapi_object_t) {
    let entry: *mut omapi_remote_auth_t =
        data::allocate_block(size_of::<omapi_remote_auth_t>()).cast();
    if entry.is_null() {
        return;
    }
    // SAFETY: a fresh zeroed block; p and auth are live.
    unsafe {
        refs::reference(&raw mut (*entry).a, auth);
        let _list = AUTH_LISTS.lock();
        (*entry).next = (*p).remote_auth_list;
        (*p).remote_auth_list = entry;
        (*p).default_auth = entry;
    }
}

/// Empties the list of authenticators.
///
/// # Safety
/// `p` is live.
pub(super) unsafe fn forget_auth(p: *mut omapi_protocol_object_t) {
    // SAFETY: as the function's; entries are from malloc, and out of everybody's
    // reach when they are freed: without the lock, because that may run code of
    // the program.
    unsafe {
        let mut entry = {
            let _list = AUTH_LISTS.lock();
            (*p).default_auth = null_mut();
            core::mem::replace(&mut (*p).remote_auth_list, null_mut())
        };
        while !entry.is_null() {
            let next = (*entry).next;
            refs::dereference(&raw mut (*entry).a);
            libc::free(entry.cast());
            entry = next;
        }
    }
}

/// "default-authenticator" chooses among the authenticators of the connection.
unsafe extern "C" fn protocol_set(
    h: *mut omapi_object_t,
    id: *mut omapi_object_t,
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> isc_result_t {
    // SAFETY: the dispatcher passes live objects of this type.
    unsafe {
        if data::data_string_bytes(name) != b"default-authenticator" {
            return types::set_inner(h, id, name, value).0;
        }
        let wanted = match value.is_null() {
            true => data::Datum::Other,
            false => data::view(value),
        };
        let data::Datum::Object(wanted) = wanted else {
            return Status::INVALID_ARGUMENT.0;
        };
        let p = h.cast::<omapi_protocol_object_t>();
        let _list = AUTH_LISTS.lock();
        let mut entry = (*p).remote_auth_list;
        while !entry.is_null() {
            if (*entry).a == wanted {
                (*p).default_auth = entry;
                return Status::SUCCESS.0;
            }
            entry = (*entry).next;
        }
        Status::NOT_FOUND.0
    }
}

unsafe extern "C" fn protocol_destroy(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the object is dying, so its list is ours.
    unsafe { forget_auth(h.cast()) };
    Status::SUCCESS.0
}
