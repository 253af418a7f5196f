//! What the library has behind the C structs of some types' objects, in the
//! same block, where C does not see it; and what else it remembers of objects.
//! The types' owners say it once, when the types are registered.

use crate::abi::layout::{omapi_object_t, omapi_object_type_t};
use std::sync::OnceLock;

/// What is behind the C structs of one type's objects.
pub(crate) struct Extension {
    /// Bytes of a whole object, the C struct first.
    pub(crate) size: usize,
    /// Makes the part behind the C struct valid, in a fresh zeroed block of
    /// `size` bytes.
    pub(crate) prepare: unsafe fn(*mut omapi_object_t),
    /// Ends that part of an object that was prepared and is not used any more.
    pub(crate) finish: unsafe fn(*mut omapi_object_t),
}

/// The extensions of all types.
pub(crate) struct Extensions {
    /// By the type's address. There are few: looking through them is quickest.
    pub(crate) by_type: Vec<(usize, Extension)>,
    /// Called for every object that is destroyed, of any type, before its destroy handler
    /// runs: for what is kept by the address of an object.
    pub(crate) forget: fn(*mut omapi_object_t),
}

static ALL: OnceLock<Extensions> = OnceLock::new();

/// Sets the extensions, before a type that has one can be used. Once:
/// a second call changes nothing.
pub(crate) fn set(all: Extensions) {
    // It is set already only if it was set by the same list of types.
    let _ = ALL.set(all);
}

/// The extension of a type. Its objects can be made by `refs::allocate` only.
#[must_use]
pub(crate) fn of(t: *mut omapi_object_type_t) -> Option<&'static Extension> {
    let all = &ALL.get()?.by_type;
    all.iter()
        .find_map(|(of, extension)| (*of == t as usize).then_some(extension))
}

/// Tells those who remember objects by address that this one dies.
pub(crate) fn forget(object: *mut omapi_object_t) {
    if let Some(all) = ALL.get() {
        (all.forget)(object);
    }
}
