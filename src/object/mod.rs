//! The objects that C shares with us: the genuine structs, their reference
//! counts, their handlers. The only store of every value that C can see.
//!
//! # Safety, for the whole module
//! A function that takes an object pointer requires that it points to a live
//! object made by this library or initialised by `omapi_object_initialize`,
//! and that the caller owns a reference on it for the duration of the call.
//! NULL is checked at the C boundary (`capi`), not here, unless said.
//!
//! In a comment, "as the function's" says that the operations need what the
//! function itself demands of its caller under "Safety", and nothing else: a
//! pointer is handed on for the same call, or tested. The members that all
//! objects have in common are read by anybody who has a live object: `type` does
//! not change, the others are accessed atomically once anybody else may know the
//! object. Who reads or writes another member says which lock protects it, or why
//! none is needed.

pub(crate) mod attribute_slots;
pub(crate) mod auth_key;
pub(crate) mod checked;
pub(crate) mod data;
pub(crate) mod extension;
pub(crate) mod forwarding_types;
pub(crate) mod generic;
pub(crate) mod handles;
pub(crate) mod lifetime;
pub(crate) mod links;
pub(crate) mod nested_release;
pub(crate) mod outgoing;
pub(crate) mod protocol;
pub(crate) mod refs;
pub(crate) mod types;
pub(crate) mod value;
