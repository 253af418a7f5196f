//! Protocol objects: what stands between a connection handle and its connection
//! object, and lists the authenticators in use.

use super::checked::{Checked, Kind};
use super::refs::{self, ObjectRef};
use super::{data, forwarding_types, types};
use crate::abi::layout::{
    isc_result_t, omapi_data_string_t, omapi_object_t, omapi_object_type_t,
    omapi_protocol_object_t, omapi_remote_auth_t, omapi_typed_data_t,
};
use crate::abi::memory;
use crate::abi::symbols;
use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;
use omapi::status::Status;
use parking_lot::Mutex;

/// Protects the lists of authenticators of all protocol objects. A leaf lock.
static AUTH_LISTS: Mutex<()> = Mutex::new(());

/// A protocol object with what C does not see.
#[repr(C)]
pub(crate) struct ProtocolObject {
    /// The genuine struct; must be first.
    pub c: omapi_protocol_object_t,
    /// The io object of the connection that has ended, with its connection
    /// object. Programs walk from a handle to these, and keep what they find.
    retired: Mutex<Option<ObjectRef>>,
}

// SAFETY: repr(C), the genuine struct first; `refs::allocate` makes every block
// of this type large enough, and nobody else makes objects of it.
unsafe impl Kind for ProtocolObject {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_protocol
    }
}

impl Checked<ProtocolObject> {
    /// What C may look at.
    pub(crate) fn c(self) -> *mut omapi_protocol_object_t {
        // SAFETY: the address of a member; nothing is read.
        unsafe { &raw mut (*self.as_ptr()).c }
    }
}

impl ProtocolObject {
    /// Makes the part behind the C struct valid.
    ///
    /// # Safety
    /// `o` is a fresh zeroed block of at least `ProtocolObject`'s size.
    pub(crate) unsafe fn prepare(o: *mut omapi_object_t) {
        // SAFETY: a fresh block with room for the whole struct, the caller's
        // alone: what was in the member is zero, and is not dropped.
        unsafe { (&raw mut (*Checked::<Self>::block(o)).retired).write(Mutex::new(None)) };
    }

    /// Ends the part behind the C struct.
    ///
    /// # Safety
    /// `o` was prepared and is not used any more.
    pub(crate) unsafe fn finish(o: *mut omapi_object_t) {
        // SAFETY: the member was made valid by `prepare`, and is not used
        // again.
        unsafe { (&raw mut (*Checked::<Self>::block(o)).retired).drop_in_place() };
    }
}

/// The type of protocol objects, as it is registered.
pub(crate) fn protocol_type() -> omapi_object_type_t {
    omapi_object_type_t {
        set_value: Some(protocol_set),
        destroy: Some(protocol_destroy),
        ..forwarding_types::forwarding(types::bare(
            c"protocol",
            size_of::<omapi_protocol_object_t>(),
        ))
    }
}

/// Keeps the io object of a connection that has ended for as long as the
/// protocol object lives, or until the next one ends.
///
/// # Safety
/// `protocol` is live.
pub(crate) unsafe fn retire(protocol: Checked<ProtocolObject>, io: ObjectRef) {
    // SAFETY: live, by the caller's promise, for longer than this; the member
    // was made valid by `prepare`.
    let retired = unsafe { &(*protocol.as_ptr()).retired };
    let before = retired.lock().replace(io);
    // Not under the lock: destroy handlers may be the program's.
    drop(before);
}

/// True when messages of the protocol object are signed.
///
/// # Safety
/// `h` is live.
#[must_use]
pub(crate) unsafe fn is_authenticated(h: *mut omapi_object_t) -> bool {
    let _list = AUTH_LISTS.lock();
    // SAFETY: live, by the caller's promise; the member changes under the lock
    // that is held.
    unsafe { Checked::<ProtocolObject>::new(h).is_some_and(|p| !(*p.c()).default_auth.is_null()) }
}

/// Makes `auth` the default authenticator of the protocol object.
///
/// # Safety
/// Both are live.
pub(crate) unsafe fn remember_auth(p: Checked<ProtocolObject>, auth: *mut omapi_object_t) {
    let p = p.c();
    let entry: *mut omapi_remote_auth_t =
        memory::allocate_block(size_of::<omapi_remote_auth_t>()).cast();
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
pub(crate) unsafe fn forget_auth(p: Checked<ProtocolObject>) {
    let p = p.c();
    // SAFETY: as the function's; entries are from malloc, and out of everybody's
    // reach when they are freed: without the lock, because that may run code of
    // the program.
    unsafe {
        let mut entry = {
            let _list = AUTH_LISTS.lock();
            (*p).default_auth = null_mut();
            (&raw mut (*p).remote_auth_list).replace(null_mut())
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
    // SAFETY: whoever calls a handler passes an object that is NULL or live, a
    // live name that does not change, and a value that is NULL or live.
    unsafe {
        let Some(p) = Checked::<ProtocolObject>::new(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        if data::data_string_bytes(name) != b"default-authenticator" {
            return types::set_inner(h, id, name, value).0;
        }
        let wanted = if value.is_null() {
            data::Datum::Other
        } else {
            data::view(value)
        };
        match wanted {
            data::Datum::Object(wanted) => choose_auth(p, wanted).0,
            _ => Status::INVALID_ARGUMENT.0,
        }
    }
}

/// Makes an authenticator that is in the list the default one.
///
/// # Safety
/// `p` is live.
unsafe fn choose_auth(p: Checked<ProtocolObject>, wanted: *mut omapi_object_t) -> Status {
    let p = p.c();
    let _list = AUTH_LISTS.lock();
    // SAFETY: live, by the caller's promise; entries are linked and taken out
    // under the lock, and freed after they were taken out.
    unsafe {
        let mut entry = (*p).remote_auth_list;
        while !entry.is_null() {
            if (*entry).a == wanted {
                (*p).default_auth = entry;
                return Status::SUCCESS;
            }
            entry = (*entry).next;
        }
    }
    Status::NOT_FOUND
}

unsafe extern "C" fn protocol_destroy(
    h: *mut omapi_object_t,
    _file: *const c_char,
    _line: c_int,
) -> isc_result_t {
    // SAFETY: the object is dying, so its list is ours.
    unsafe {
        let Some(p) = Checked::new(h) else {
            return Status::INVALID_ARGUMENT.0;
        };
        forget_auth(p);
    }
    Status::SUCCESS.0
}
