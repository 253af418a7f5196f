//! Data strings and typed data: counted bytes in malloc blocks of exactly the
//! genuine sizes.

use super::refs;
use crate::abi::answer_block;
pub(crate) use crate::abi::answer_block::Freed;
use crate::abi::layout::{
    omapi_data_string_t, omapi_datatype_t, omapi_object_t, omapi_typed_data_t,
};
use crate::abi::memory;
use core::ffi::c_int;
use core::mem::offset_of;
use core::ptr::{self, null_mut};
use core::sync::atomic::Ordering;
use omapi::status::Status;

/// Bytes of a data string before its contents.
pub(crate) const DATA_STRING_HEADER: usize = offset_of!(omapi_data_string_t, value);
/// Bytes of a typed datum before the contents of its buffer.
pub(crate) const TYPED_HEADER: usize = 12;
/// Bytes of a typed datum that holds an object.
pub(crate) const TYPED_OBJECT: usize = 16;

/// A counted block: its first member is the reference count.
///
/// # Safety
/// The type is `repr(C)` and starts with `refcnt: c_int`.
pub(crate) unsafe trait Counted {
    /// Releases what the block refers to, then the block.
    ///
    /// # Safety
    /// `this` is live and nobody refers to it any more.
    unsafe fn destroy(this: *mut Self, freed: &mut Freed);
}

/// Stores another reference to `p` in `*slot`.
///
/// # Safety
/// `slot` is NULL, or readable and writable; `p` is NULL or live.
pub(crate) unsafe fn reference<T: Counted>(slot: *mut *mut T, p: *mut T) -> Status {
    // SAFETY: a slot that is not NULL is readable and writable; what is counted
    // is live, and begins with its count.
    unsafe {
        if slot.is_null() || p.is_null() || !(*slot).is_null() {
            return Status::INVALID_ARGUMENT;
        }
        memory::count(p.cast()).fetch_add(1, Ordering::Relaxed);
        *slot = p;
    }
    Status::SUCCESS
}

/// Gives up the reference in `*slot` and clears it.
///
/// # Safety
/// `slot` is NULL or readable and writable, `*slot` is NULL or live.
pub(crate) unsafe fn dereference<T: Counted>(slot: *mut *mut T) -> Status {
    // SAFETY: a slot that is not NULL is readable and writable. What is in it
    // is live by the reference that is taken out.
    unsafe {
        if slot.is_null() || (*slot).is_null() {
            return Status::INVALID_ARGUMENT;
        }
        let p = *slot;
        *slot = null_mut();
        release(p)
    }
}

/// Gives up one reference.
///
/// # Safety
/// `p` is live.
pub(crate) unsafe fn release<T: Counted>(p: *mut T) -> Status {
    // SAFETY: as the function's.
    unsafe { release_into(p, &mut Freed::new()) }
}

/// As [`release`]; what is to be freed may wait for more.
///
/// # Safety
/// As [`release`].
#[inline]
pub(crate) unsafe fn release_into<T: Counted>(p: *mut T, freed: &mut Freed) -> Status {
    // SAFETY: p is live. A count of 1 is ours alone, so nobody can raise it.
    unsafe {
        let refs = memory::count(p.cast());
        let before = refs.load(Ordering::Acquire);
        if before <= 0 {
            return Status::INVALID_ARGUMENT;
        }
        if before == 1 || refs.fetch_sub(1, Ordering::AcqRel) == 1 {
            refs.store(0, Ordering::Relaxed);
            T::destroy(p, freed);
        }
    }
    Status::SUCCESS
}

// SAFETY: repr(C), refcnt first.
unsafe impl Counted for omapi_data_string_t {
    unsafe fn destroy(this: *mut Self, freed: &mut Freed) {
        // SAFETY: nobody refers to the block.
        unsafe { freed.add(this.cast()) }
    }
}

// SAFETY: repr(C), refcnt first.
unsafe impl Counted for omapi_typed_data_t {
    unsafe fn destroy(this: *mut Self, freed: &mut Freed) {
        // SAFETY: nobody refers to the block; it owns a reference on the
        // object that it holds.
        unsafe {
            if kind(this) == omapi_datatype_t::omapi_datatype_object as u32 {
                refs::dereference(&raw mut (*this).u.object);
            }
            freed.add(this.cast());
        }
    }
}

/// The type field as a number: C may have stored one that the enum has not.
///
/// # Safety
/// `t` is live.
#[must_use]
pub(crate) unsafe fn kind(t: *const omapi_typed_data_t) -> u32 {
    // SAFETY: t is live; the field is read as an integer, any value is valid.
    unsafe { (&raw const (*t).r#type).cast::<u32>().read() }
}

/// A new data string of `len` zero bytes, owned by the caller.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for a length whose block size needs more than 32 bits,
/// `ISC_R_NOMEMORY`.
pub(crate) fn new_data_string(len: usize) -> Result<*mut omapi_data_string_t, Status> {
    let size = block_size(DATA_STRING_HEADER, len)?;
    let d: *mut omapi_data_string_t = memory::counted_block(size).cast();
    if d.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh block of at least the header's size.
    unsafe {
        (&raw mut (*d).refcnt).write(1);
        (&raw mut (*d).len).write(len as u32);
    }
    Ok(d)
}

fn block_size(header: usize, len: usize) -> Result<usize, Status> {
    let size = header.checked_add(len).ok_or(Status::INVALID_ARGUMENT)?;
    match u32::try_from(size) {
        Ok(_) => Ok(size),
        Err(_) => Err(Status::INVALID_ARGUMENT),
    }
}

/// A new data string with these bytes.
///
/// # Errors
/// As [`new_data_string`].
pub(crate) fn data_string_from(bytes: &[u8]) -> Result<*mut omapi_data_string_t, Status> {
    let size = block_size(DATA_STRING_HEADER, bytes.len())?;
    let d: *mut omapi_data_string_t = answer_block::alone(size).cast();
    if d.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh block with room for header and bytes.
    unsafe { write_data_string(d, bytes) };
    Ok(d)
}

/// Makes a data string with one reference of fresh memory.
///
/// # Safety
/// It has [`DATA_STRING_HEADER`] bytes and as many as `bytes` has.
pub(crate) unsafe fn write_data_string(d: *mut omapi_data_string_t, bytes: &[u8]) {
    // SAFETY: the caller gives the room. Pointers are made from the block,
    // whose bytes begin in the struct and end behind it; a new block and
    // `bytes` do not overlap.
    unsafe {
        (&raw mut (*d).refcnt).write(1);
        (&raw mut (*d).len).write(bytes.len() as u32);
        ptr::copy_nonoverlapping(bytes.as_ptr(), (&raw mut (*d).value).cast(), bytes.len());
    }
}

/// The bytes of a data string.
///
/// # Safety
/// `d` is live and not changed while the slice is used.
#[must_use]
pub(crate) unsafe fn data_string_bytes<'a>(d: *const omapi_data_string_t) -> &'a [u8] {
    // SAFETY: the block holds `len` bytes behind the header. The pointer is
    // taken from the raw block, not from the one-byte array.
    unsafe { core::slice::from_raw_parts((&raw const (*d).value).cast(), (*d).len as usize) }
}

fn new_typed(size: usize, kind: omapi_datatype_t) -> Result<*mut omapi_typed_data_t, Status> {
    let t: *mut omapi_typed_data_t = memory::counted_block(size).cast();
    if t.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh block of at least 12 bytes.
    unsafe {
        (&raw mut (*t).refcnt).write(1);
        (&raw mut (*t).r#type).write(kind);
    }
    Ok(t)
}

/// A new integer datum.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub(crate) fn typed_int(value: c_int) -> Result<*mut omapi_typed_data_t, Status> {
    let t = new_typed(TYPED_HEADER, omapi_datatype_t::omapi_datatype_int)?;
    // SAFETY: a fresh block; the integer lies within its 12 bytes.
    unsafe { (&raw mut (*t).u.integer).write(value) };
    Ok(t)
}

/// A new buffer of `len` zero bytes: of type data, or string.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for an impossible length, `ISC_R_NOMEMORY`.
pub(crate) fn typed_buffer(len: usize, string: bool) -> Result<*mut omapi_typed_data_t, Status> {
    let t = new_typed(block_size(TYPED_HEADER, len)?, buffer_kind(string))?;
    // SAFETY: a fresh block with a header.
    unsafe { (&raw mut (*t).u.buffer.len).write(len as u32) };
    Ok(t)
}

fn buffer_kind(string: bool) -> omapi_datatype_t {
    if string {
        omapi_datatype_t::omapi_datatype_string
    } else {
        omapi_datatype_t::omapi_datatype_data
    }
}

/// A new data or string datum with these bytes.
///
/// # Errors
/// As [`typed_buffer`].
pub(crate) fn typed_from(bytes: &[u8], string: bool) -> Result<*mut omapi_typed_data_t, Status> {
    let size = block_size(TYPED_HEADER, bytes.len())?;
    let t: *mut omapi_typed_data_t = answer_block::alone(size).cast();
    if t.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh block with room for header and bytes.
    unsafe { write_typed(t, bytes, string) };
    Ok(t)
}

/// Makes a data or string datum with one reference of fresh memory.
///
/// # Safety
/// It has [`TYPED_HEADER`] bytes and as many as `bytes` has.
pub(crate) unsafe fn write_typed(t: *mut omapi_typed_data_t, bytes: &[u8], string: bool) {
    // SAFETY: the caller gives the room. Pointers are made from the block,
    // whose bytes begin in the struct and end behind it; a new block and
    // `bytes` do not overlap.
    unsafe {
        (&raw mut (*t).refcnt).write(1);
        (&raw mut (*t).r#type).write(buffer_kind(string));
        (&raw mut (*t).u.buffer.len).write(bytes.len() as u32);
        let to: *mut u8 = (&raw mut (*t).u.buffer.value).cast();
        ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
    }
}

/// A new datum that holds another reference on `object`.
///
/// # Safety
/// `object` is NULL or live.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for NULL, `ISC_R_NOMEMORY`.
pub(crate) unsafe fn typed_object(
    object: *mut omapi_object_t,
) -> Result<*mut omapi_typed_data_t, Status> {
    if object.is_null() {
        return Err(Status::INVALID_ARGUMENT);
    }
    let t = new_typed(TYPED_OBJECT, omapi_datatype_t::omapi_datatype_object)?;
    // SAFETY: the member lies within the 16 bytes of a fresh block, is aligned
    // as that is, and zero; object is live.
    unsafe { refs::reference(&raw mut (*t).u.object, object).ok()? };
    Ok(t)
}

/// A borrowed view of a typed datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum<'a> {
    /// An integer, of the host's byte order in memory.
    Int(c_int),
    /// A string (no terminator).
    String(&'a [u8]),
    /// Bytes.
    Data(&'a [u8]),
    /// An object.
    Object(*mut omapi_object_t),
    /// A type that the library does not know.
    Other,
}

/// Looks into a datum.
///
/// # Safety
/// `t` is live and not changed while the view is used.
#[must_use]
pub(crate) unsafe fn view<'a>(t: *const omapi_typed_data_t) -> Datum<'a> {
    // SAFETY: the block is as long as its type demands: 12 bytes and those of
    // the buffer, or 16 with an object. Pointers are made from the block, not
    // from the shorter struct.
    unsafe {
        let buffer = || {
            core::slice::from_raw_parts(
                (&raw const (*t).u.buffer.value).cast(),
                (&raw const (*t).u.buffer.len).read() as usize,
            )
        };
        match kind(t) {
            0 => Datum::Int((&raw const (*t).u.integer).read()),
            1 => Datum::String(buffer()),
            2 => Datum::Data(buffer()),
            3 => Datum::Object((&raw const (*t).u.object).read()),
            _ => Datum::Other,
        }
    }
}

impl Datum<'_> {
    /// The value as a number: an integer as it is (sign-extended), four bytes
    /// of data or string as big-endian (zero-extended).
    #[must_use]
    pub fn number(self) -> Option<i64> {
        match self {
            Datum::Int(i) => Some(i64::from(i)),
            Datum::String(b) | Datum::Data(b) => {
                Some(i64::from(u32::from_be_bytes(b.try_into().ok()?)))
            }
            _ => None,
        }
    }
}

/// Compares as the genuine library does: the common length first, then the
/// shorter one is less. The first difference gives a value of its sign.
#[must_use]
pub(crate) fn compare(a: &[u8], b: &[u8]) -> c_int {
    match a.cmp(b) {
        core::cmp::Ordering::Less => -1,
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Greater => 1,
    }
}
