//! Every struct that C sees, field by field, with sizes and offsets asserted
//! against the genuine ones (x86-64: `data/abi/layout.tsv`; `tests/abi`
//! compares the asserts with that table, and the C side with both).
//!
//! Names are C's. Fields that several threads touch are plain here, because
//! cbindgen turns this file into the header; `refs` and `types` access them
//! atomically.

#![allow(non_camel_case_types)] // the names are those of the C header
#![allow(missing_docs)] // fields are documented where their meaning is ours

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

/// Result code: class in the upper 16 bits, 0 is success.
pub type isc_result_t = c_uint;
/// Number of an object: on the wire the server's, locally ours.
pub type omapi_handle_t = c_uint;
/// Result code of a `dhcpctl_*` function.
pub type dhcpctl_status = isc_result_t;
/// Any object: a connection, an authenticator, a lease, host, group ...
pub type dhcpctl_handle = *mut omapi_object_t;
/// True or false, one byte.
pub type isc_boolean_t = bool;
/// Counted bytes.
pub type dhcpctl_data_string = *mut omapi_data_string_t;

/// C's `va_list` as it is passed to a function. Opaque: only `variadic.c`
/// reads it. cbindgen prints it as `va_list`.
///
/// cbindgen:ignore
#[repr(C)]
pub struct va_list_opaque {
    _private: [u8; 0],
}
/// cbindgen:ignore
pub type va_list = *mut va_list_opaque;

/// Object flags of dhcpctl_open_object: make it.
pub const OMAPI_CREATE: c_int = 1;
/// Change it if it exists.
pub const OMAPI_UPDATE: c_int = 2;
/// With OMAPI_CREATE: it must not exist.
pub const OMAPI_EXCL: c_int = 4;
/// For omapi_protocol_send_open: report changes.
pub const OMAPI_NOTIFY_PROTOCOL: c_int = 8;
pub const DHCPCTL_CREATE: c_int = OMAPI_CREATE;
pub const DHCPCTL_UPDATE: c_int = OMAPI_UPDATE;
pub const DHCPCTL_EXCL: c_int = OMAPI_EXCL;

/// Where a server listens unless it was told otherwise.
pub const OMAPI_PROTOCOL_PORT: c_uint = 7911;
pub const OMAPI_PROTOCOL_VERSION: c_uint = 100;

/// Operations of a message.
pub const OMAPI_OP_OPEN: c_uint = 1;
pub const OMAPI_OP_REFRESH: c_uint = 2;
pub const OMAPI_OP_UPDATE: c_uint = 3;
pub const OMAPI_OP_NOTIFY: c_uint = 4;
pub const OMAPI_OP_STATUS: c_uint = 5;
pub const OMAPI_OP_DELETE: c_uint = 6;

// Other libraries' structs, and private ones that a program has no business in:
// C knows only pointers to them. (Without `repr(C)` cbindgen prints no fields.)

// BIND's; always NULL here.
pub struct dns_tsec_t {
    _private: [u8; 0],
}
// BIND's; always NULL here.
pub struct dst_key_t {
    _private: [u8; 0],
}
// BIND's; always NULL here.
pub struct isc_socket_t {
    _private: [u8; 0],
}
// BIND's message catalogue; never looked into.
pub struct isc_msgcat_t {
    _private: [u8; 0],
}
// A piece of a connection's buffer.
pub struct omapi_buffer_t {
    _private: [u8; 0],
}
// The server's side of a connection.
pub struct omapi_listener_object_t {
    _private: [u8; 0],
}

/// What a typed datum holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum omapi_datatype_t {
    omapi_datatype_int,
    omapi_datatype_string,
    omapi_datatype_data,
    omapi_datatype_object,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum omapi_connection_state_t {
    omapi_connection_unconnected,
    omapi_connection_connecting,
    omapi_connection_connected,
    omapi_connection_disconnecting,
    omapi_connection_closed,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum omapi_protocol_state_t {
    omapi_protocol_intro_wait,
    omapi_protocol_header_wait,
    omapi_protocol_signature_wait,
    omapi_protocol_name_wait,
    omapi_protocol_name_length_wait,
    omapi_protocol_value_wait,
    omapi_protocol_value_length_wait,
}

pub type omapi_array_ref_t = Option<
    unsafe extern "C" fn(*mut *mut c_char, *mut c_char, *const c_char, c_int) -> isc_result_t,
>;
pub type omapi_array_deref_t =
    Option<unsafe extern "C" fn(*mut *mut c_char, *const c_char, c_int) -> isc_result_t>;
/// C's own struct; the header takes it from <netinet/in.h>.
///
/// cbindgen:ignore
pub type sockaddr_in = libc::sockaddr_in;

/// Fields that every object starts with. (C: OMAPI_OBJECT_PREAMBLE.)
#[repr(C)]
pub struct omapi_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
}

/// Counted bytes without terminator; the block is as long as `len` demands.
#[repr(C)]
pub struct omapi_data_string_t {
    pub refcnt: c_int,
    pub len: c_uint,
    pub value: [c_uchar; 1],
}

/// The bytes of a string or data datum.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct omapi_typed_data_buffer_t {
    pub len: c_uint,
    pub value: [c_uchar; 1],
}

/// A counted foreign reference; the library never makes one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct omapi_typed_data_ref_t {
    pub ptr: *mut c_void,
    pub reference: Option<
        unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_char, c_int) -> isc_result_t,
    >,
    pub dereference:
        Option<unsafe extern "C" fn(*mut c_void, *const c_char, c_int) -> isc_result_t>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union omapi_typed_data_u {
    pub buffer: omapi_typed_data_buffer_t,
    pub object: *mut omapi_object_t,
    pub r#ref: omapi_typed_data_ref_t,
    pub integer: c_int,
}

/// A datum with its type. The block is only as long as the type demands
/// (12 bytes plus the buffer's length, or 16 for an object): never copy it whole.
#[repr(C)]
pub struct omapi_typed_data_t {
    pub refcnt: c_int,
    pub r#type: omapi_datatype_t,
    pub u: omapi_typed_data_u,
}

/// A name and what it stands for; a NULL `value` is the null value.
#[repr(C)]
pub struct omapi_value_t {
    pub refcnt: c_int,
    pub name: *mut omapi_data_string_t,
    pub value: *mut omapi_typed_data_t,
}

/// A kind of object: its name and handlers, any of which may be NULL.
#[repr(C)]
pub struct omapi_object_type_t {
    pub name: *const c_char,
    pub next: *mut omapi_object_type_t,
    pub set_value: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_data_string_t,
            *mut omapi_typed_data_t,
        ) -> isc_result_t,
    >,
    pub get_value: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_data_string_t,
            *mut *mut omapi_value_t,
        ) -> isc_result_t,
    >,
    pub destroy:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t>,
    pub signal_handler:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *const c_char, va_list) -> isc_result_t>,
    pub stuff_values: Option<
        unsafe extern "C" fn(
            *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_object_t,
        ) -> isc_result_t,
    >,
    pub lookup: Option<
        unsafe extern "C" fn(
            *mut *mut omapi_object_t,
            *mut omapi_object_t,
            *mut omapi_object_t,
        ) -> isc_result_t,
    >,
    pub create:
        Option<unsafe extern "C" fn(*mut *mut omapi_object_t, *mut omapi_object_t) -> isc_result_t>,
    pub remove:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *mut omapi_object_t) -> isc_result_t>,
    pub freer:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t>,
    pub allocator: Option<
        unsafe extern "C" fn(*mut *mut omapi_object_t, *const c_char, c_int) -> isc_result_t,
    >,
    pub sizer: Option<unsafe extern "C" fn(usize) -> isc_result_t>,
    pub size: usize,
    pub rc_flag: c_int,
    pub initialize:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *const c_char, c_int) -> isc_result_t>,
}

#[repr(C)]
pub struct omapi_addr_t {
    pub addrtype: c_uint,
    pub addrlen: c_uint,
    pub address: [c_uchar; 16],
    pub port: c_uint,
}

/// One block: `addresses` points right behind the header.
#[repr(C)]
pub struct omapi_addr_list_t {
    pub refcnt: c_int,
    pub count: c_uint,
    pub addresses: *mut omapi_addr_t,
}

/// An authenticator: key name, full algorithm name, binary secret.
#[repr(C)]
pub struct omapi_auth_key_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub name: *mut c_char,
    pub algorithm: *mut c_char,
    pub key: *mut omapi_data_string_t,
    pub tsec_key: *mut dns_tsec_t,
}

#[repr(C)]
pub struct omapi_array_t {
    pub data: *mut *mut c_char,
    pub r#ref: omapi_array_ref_t,
    pub deref: omapi_array_deref_t,
    pub count: c_int,
    pub max: c_int,
}

/// Innermost in the chain of an object that has a callback.
#[repr(C)]
pub struct dhcpctl_callback_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub object: *mut omapi_object_t,
    pub data: *mut c_void,
    pub callback: Option<unsafe extern "C" fn(dhcpctl_handle, dhcpctl_status, *mut c_void)>,
}

/// Stands for an object of the server.
#[repr(C)]
pub struct dhcpctl_remote_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub rtype: *mut omapi_typed_data_t,
    pub waitstatus: isc_result_t,
    pub message: *mut omapi_typed_data_t,
    pub remote_handle: omapi_handle_t,
}

/// Attributes in the order in which they were first set.
#[repr(C)]
pub struct omapi_generic_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub values: *mut *mut omapi_value_t,
    pub changed: *mut c_uchar,
    pub nvalues: c_int,
    pub va_max: c_int,
}

#[repr(C)]
pub struct omapi_waiter_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub ready: c_int,
    pub waitstatus: isc_result_t,
    pub next: *mut omapi_waiter_object_t,
}

#[repr(C)]
pub struct omapi_io_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub next: *mut omapi_io_object_t,
    pub readfd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    pub writefd: Option<unsafe extern "C" fn(*mut omapi_object_t) -> c_int>,
    pub reader: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    pub writer: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    pub reaper: Option<unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t>,
    pub fd: *mut isc_socket_t,
    pub closed: isc_boolean_t,
}

#[repr(C)]
pub struct omapi_message_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub next: *mut omapi_message_object_t,
    pub prev: *mut omapi_message_object_t,
    pub object: *mut omapi_object_t,
    pub notify_object: *mut omapi_object_t,
    pub protocol_object: *mut omapi_protocol_object_t,
    pub authlen: c_uint,
    pub authenticator: *mut omapi_typed_data_t,
    pub authid: c_uint,
    pub id_object: *mut omapi_object_t,
    pub op: c_uint,
    pub h: c_uint,
    pub id: c_uint,
    pub rid: c_uint,
}

/// The fixed start of every message, in network byte order on the wire.
#[repr(C)]
pub struct omapi_protocol_header_t {
    pub authlen: c_uint,
    pub authid: c_uint,
    pub op: c_uint,
    pub handle: omapi_handle_t,
    pub id: c_uint,
    pub rid: c_uint,
}

#[repr(C)]
pub struct omapi_remote_auth_t {
    pub next: *mut omapi_remote_auth_t,
    pub remote_handle: omapi_handle_t,
    pub a: *mut omapi_object_t,
}

#[repr(C)]
pub struct omapi_protocol_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub header_size: c_uint,
    pub protocol_version: c_uint,
    pub next_xid: c_uint,
    pub state: omapi_protocol_state_t,
    pub reading_message_values: c_int,
    pub message: *mut omapi_message_object_t,
    pub name: *mut omapi_data_string_t,
    pub value: *mut omapi_typed_data_t,
    pub verify_result: isc_result_t,
    pub default_auth: *mut omapi_remote_auth_t,
    pub remote_auth_list: *mut omapi_remote_auth_t,
    pub insecure: isc_boolean_t,
    pub verify_auth:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *mut omapi_auth_key_t) -> isc_result_t>,
}

#[repr(C)]
pub struct omapi_protocol_listener_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub insecure: isc_boolean_t,
    pub verify_auth:
        Option<unsafe extern "C" fn(*mut omapi_object_t, *mut omapi_auth_key_t) -> isc_result_t>,
}

#[repr(C)]
pub struct omapi_connection_object_t {
    pub r#type: *mut omapi_object_type_t,
    pub refcnt: c_int,
    pub handle: omapi_handle_t,
    pub outer: *mut omapi_object_t,
    pub inner: *mut omapi_object_t,
    pub socket: c_int,
    pub index: c_int,
    pub state: omapi_connection_state_t,
    pub remote_addr: sockaddr_in,
    pub local_addr: sockaddr_in,
    pub connect_list: *mut omapi_addr_list_t,
    pub cptr: c_int,
    pub bytes_needed: c_uint,
    pub in_bytes: c_uint,
    pub inbufs: *mut omapi_buffer_t,
    pub out_bytes: c_uint,
    pub outbufs: *mut omapi_buffer_t,
    pub listener: *mut omapi_listener_object_t,
    pub in_key: *mut dst_key_t,
    pub in_context: *mut c_void,
    pub out_key: *mut dst_key_t,
    pub out_context: *mut c_void,
}

/// Compile-time comparison with the genuine layout on 64-bit machines.
macro_rules! layout {
    ($($name:ident: $size:literal {$($field:ident $offset:literal),*})*) => {
        #[cfg(target_pointer_width = "64")]
        const _: () = {
            $(
                assert!(size_of::<$name>() == $size, concat!("size of ", stringify!($name)));
                $(assert!(core::mem::offset_of!($name, $field) == $offset,
                    concat!(stringify!($name), ".", stringify!($field)));)*
            )*
        };
    };
}

layout! {
    omapi_object_t: 32 {r#type 0, refcnt 8, handle 12, outer 16, inner 24}
    omapi_data_string_t: 12 {refcnt 0, len 4, value 8}
    omapi_typed_data_t: 32 {refcnt 0, r#type 4, u 8}
    omapi_value_t: 24 {refcnt 0, name 8, value 16}
    omapi_object_type_t: 128 {name 0, next 8, set_value 16, get_value 24, destroy 32, signal_handler 40, stuff_values 48, lookup 56, create 64, remove 72, freer 80, allocator 88, sizer 96, size 104, rc_flag 112, initialize 120}
    omapi_addr_t: 28 {addrtype 0, addrlen 4, address 8, port 24}
    omapi_addr_list_t: 16 {refcnt 0, count 4, addresses 8}
    omapi_auth_key_t: 64 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, name 32, algorithm 40, key 48, tsec_key 56}
    omapi_array_t: 32 {data 0, r#ref 8, deref 16, count 24, max 28}
    dhcpctl_callback_object_t: 56 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, object 32, data 40, callback 48}
    dhcpctl_remote_object_t: 64 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, rtype 32, waitstatus 40, message 48, remote_handle 56}
    omapi_generic_object_t: 56 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, values 32, changed 40, nvalues 48, va_max 52}
    omapi_waiter_object_t: 48 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, ready 32, waitstatus 36, next 40}
    omapi_io_object_t: 96 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, next 32, readfd 40, writefd 48, reader 56, writer 64, reaper 72, fd 80, closed 88}
    omapi_message_object_t: 120 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, next 32, prev 40, object 48, notify_object 56, protocol_object 64, authlen 72, authenticator 80, authid 88, id_object 96, op 104, h 108, id 112, rid 116}
    omapi_protocol_header_t: 24 {authlen 0, authid 4, op 8, handle 12, id 16, rid 20}
    omapi_remote_auth_t: 24 {next 0, remote_handle 8, a 16}
    omapi_protocol_object_t: 120 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, header_size 32, protocol_version 36, next_xid 40, state 44, reading_message_values 48, message 56, name 64, value 72, verify_result 80, default_auth 88, remote_auth_list 96, insecure 104, verify_auth 112}
    omapi_protocol_listener_object_t: 48 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, insecure 32, verify_auth 40}
    omapi_connection_object_t: 168 {r#type 0, refcnt 8, handle 12, outer 16, inner 24, socket 32, index 36, state 40, remote_addr 44, local_addr 60, connect_list 80, cptr 88, bytes_needed 92, in_bytes 96, inbufs 104, out_bytes 112, outbufs 120, listener 128, in_key 136, in_context 144, out_key 152, out_context 160}
}
