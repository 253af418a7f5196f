//! The objects that C shares with us: the genuine structs, their reference
//! counts, their handlers. The only store of every value that C can see.
//!
//! # Safety, for the whole module
//! A function that takes an object pointer requires that it points to a live
//! object made by this library or initialised by `omapi_object_initialize`,
//! and that the caller owns a reference on it for the duration of the call.
//! NULL is checked at the C boundary (`capi`), not here, unless said.

pub mod auth_key;
pub mod builtin;
pub mod callback;
mod checked;
pub mod completion;
pub mod connection;
pub mod data;
pub mod dispatch;
pub mod extension;
pub mod generic;
pub mod handles;
mod held;
pub mod io;
pub mod layout;
mod lifetime;
mod links;
pub mod message;
pub mod passing;
pub mod protocol;
pub mod refs;
pub mod remote;
pub mod safe;
pub mod servers;
mod slab;
mod slots;
pub mod stuffing;
pub mod ticket;
pub mod types;
pub mod value;
