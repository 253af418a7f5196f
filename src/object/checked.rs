//! Objects whose type has been looked at. A server, or a program that passes
//! one handle instead of another, must not make the library write where another
//! struct has something else: nothing but this file turns a pointer to an object
//! into a pointer to its whole struct.

use super::refs::{self, ObjectRef};
use super::types;
use crate::abi::layout::{omapi_object_t, omapi_object_type_t};
use core::marker::PhantomData;
use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::AtomicPtr;
use omapi::status::Status;

/// A kind of object of the library, by the struct that its blocks begin with.
///
/// # Safety
/// `Self` is `repr(C)` and begins with the common members. Every object of the
/// type that `symbol` holds is in a block with room for a `Self`.
pub(crate) unsafe trait Kind {
    /// The variable in which C finds the type.
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t>;
}

/// A pointer to an object that is known to be a `T`. It does not keep the
/// object alive.
pub(crate) struct Checked<T>(NonNull<T>);

impl<T> Clone for Checked<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Checked<T> {}

impl<T: Kind> Checked<T> {
    /// `object`, if it is a `T`.
    ///
    /// # Safety
    /// `object` is NULL or live.
    #[must_use]
    pub(crate) unsafe fn new(object: *mut omapi_object_t) -> Option<Self> {
        let object = NonNull::new(object)?;
        // SAFETY: not NULL, so live.
        unsafe { types::is(object.as_ptr(), T::symbol()) }.then(|| Self(object.cast()))
    }

    /// The whole struct. Other threads and C change its members meanwhile:
    /// never make a reference of it, only of a member behind the C struct.
    #[must_use]
    pub(crate) fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }

    /// A block for a `T` that was just allocated, or is about to be freed.
    ///
    /// # Safety
    /// `object` is in a block with room for a `T`, which is the caller's alone.
    #[must_use]
    pub(crate) unsafe fn block(object: *mut omapi_object_t) -> *mut T {
        object.cast()
    }

    /// The object.
    #[must_use]
    pub(crate) fn object(self) -> *mut omapi_object_t {
        self.0.as_ptr().cast()
    }
}

/// A counted reference on an object that is known to be a `T`.
pub(crate) struct TypedRef<T>(ObjectRef, PhantomData<fn() -> T>);

impl<T> Clone for TypedRef<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<T: Kind> TypedRef<T> {
    /// A new object of the type, with one reference; everything behind the
    /// common members is zero.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` before initialisation, `ISC_R_NOMEMORY`.
    pub(crate) fn allocate() -> Result<Self, Status> {
        let t = types::get(T::symbol())?;
        // SAFETY: a registered type; the new object's reference is ours. It has
        // room for a T, whatever the program has made of the variable since.
        unsafe {
            let object = refs::allocate(t, size_of::<T>())?;
            Ok(Self(ObjectRef::from_raw(object), PhantomData))
        }
    }

    /// Takes over a reference, if it is on a `T`.
    #[must_use]
    pub(crate) fn of(object: ObjectRef) -> Option<Self> {
        // SAFETY: a counted reference.
        let checked = unsafe { Checked::<T>::new(object.as_ptr()) };
        checked.map(|_| Self(object, PhantomData))
    }

    /// Another reference on `object`.
    ///
    /// # Safety
    /// `object` is live.
    #[must_use]
    pub(crate) unsafe fn another(object: Checked<T>) -> Self {
        // SAFETY: as the function's.
        Self(unsafe { ObjectRef::new(object.object()) }, PhantomData)
    }

    /// The object as what it is known to be.
    #[must_use]
    pub(crate) fn get(&self) -> Checked<T> {
        // SAFETY: a reference is not NULL. (An object's type never changes.)
        Checked(unsafe { NonNull::new_unchecked(self.0.as_ptr().cast()) })
    }

    /// The object.
    #[must_use]
    pub(crate) fn as_ptr(&self) -> *mut omapi_object_t {
        self.0.as_ptr()
    }

    /// Gives the reference to the caller.
    #[must_use]
    pub(crate) fn into_raw(self) -> *mut T {
        self.0.into_raw().cast()
    }

    /// The reference without the knowledge.
    #[must_use]
    pub(crate) fn into_object(self) -> ObjectRef {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{auth_key, generic};
    use super::*;
    use crate::abi::layout::{omapi_generic_object_t, omapi_io_object_t, omapi_message_object_t};
    use crate::remote::remote_object::Remote;
    use crate::remote::{message, remote_object};
    use core::ptr::null_mut;
    use std::path::Path;

    #[test]
    fn an_object_is_of_its_own_kind_alone() {
        crate::builtin::initialize().unwrap();
        // SAFETY: the objects are this test's.
        unsafe {
            let owned = |o: Result<_, _>| ObjectRef::from_raw(o.unwrap());
            let objects = [
                owned(generic::new()),
                owned(message::new()),
                owned(remote_object::new(c"lease")),
                auth_key::empty().unwrap().into_object(),
                TypedRef::<omapi_io_object_t>::allocate()
                    .unwrap()
                    .into_object(),
            ];
            for (at, o) in objects.iter().enumerate() {
                let o = o.as_ptr();
                assert_eq!(Checked::<omapi_generic_object_t>::new(o).is_some(), at == 0);
                assert_eq!(Checked::<omapi_message_object_t>::new(o).is_some(), at == 1);
                assert_eq!(Checked::<Remote>::new(o).is_some(), at == 2);
                assert_eq!(Checked::<omapi_io_object_t>::new(o).is_some(), at == 4);
            }
            assert!(Checked::<Remote>::new(null_mut()).is_none());
        }
    }

    /// The structs that are longer than the common members.
    const STRUCTS: [&str; 14] = [
        "Remote",
        "ConnectionObject",
        "ProtocolObject",
        "Self",
        "omapi_auth_key_t",
        "omapi_connection_object_t",
        "omapi_generic_object_t",
        "omapi_io_object_t",
        "omapi_listener_object_t",
        "omapi_message_object_t",
        "omapi_protocol_object_t",
        "omapi_protocol_listener_object_t",
        "dhcpctl_callback_object_t",
        "dhcpctl_remote_object_t",
    ];

    /// No file but this one, and the one that makes and frees blocks, may turn
    /// a pointer into one to an object's struct.
    #[test]
    fn nobody_else_casts_objects() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "rs")
                    && !path.ends_with("checked.rs")
                {
                    let text = std::fs::read_to_string(&path).unwrap();
                    for (number, line) in text.lines().enumerate() {
                        let cast = STRUCTS.iter().any(|s| {
                            line.contains(&format!("cast::<{s}>"))
                                || line.contains(&format!("as *mut {s}"))
                                || line.contains(&format!("as *const {s}"))
                        });
                        if cast {
                            found.push(format!("{}:{}: {line}", path.display(), number + 1));
                        }
                    }
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
