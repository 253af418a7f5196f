//! The variables of the C API. The library reads them each time: a program may
//! assign them. All hold NULL until `dhcpctl_initialize` or `omapi_init`.

#![allow(non_upper_case_globals)] // the names are those of the C header

use super::layout::omapi_object_type_t;
use core::ptr::null_mut;
use core::sync::atomic::AtomicPtr;

macro_rules! exported {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            ///
            /// cbindgen:ignore
            #[unsafe(no_mangle)]
            pub static $name: AtomicPtr<omapi_object_type_t> = AtomicPtr::new(null_mut());
        )*
    };
}

exported! {
    /// Type of the objects that stand for a server's.
    dhcpctl_remote_type
    /// Type of the objects that hold a callback.
    dhcpctl_callback_type
    /// All registered types, newest first.
    omapi_object_types
    /// Type of authenticators.
    omapi_type_auth_key
    /// Type of connections.
    omapi_type_connection
    /// Type of plain attribute holders.
    omapi_type_generic
    /// Type of the objects that tie a descriptor to the dispatcher.
    omapi_type_io_object
    /// Type of listeners; there are none.
    omapi_type_listener
    /// Type of messages.
    omapi_type_message
    /// Type of protocol objects.
    omapi_type_protocol
    /// Type of protocol listeners; there are none.
    omapi_type_protocol_listener
    /// Never set, as in the genuine library.
    omapi_type_remote
    /// Type of waiters.
    omapi_type_waiter
}
