//! Values: a name with what it stands for.

use super::data::{self, Counted};
use super::layout::{omapi_data_string_t, omapi_typed_data_t, omapi_value_t};
use crate::status::Status;

// SAFETY: repr(C), refcnt first.
unsafe impl Counted for omapi_value_t {
    unsafe fn destroy(this: *mut Self) {
        // SAFETY: nobody refers to the block; it owns what it points to.
        unsafe {
            data::dereference(&raw mut (*this).name);
            data::dereference(&raw mut (*this).value);
            libc::free(this.cast());
        }
    }
}

/// A new value without name and content, owned by the caller.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub fn empty() -> Result<*mut omapi_value_t, Status> {
    let v: *mut omapi_value_t = data::allocate_block(size_of::<omapi_value_t>()).cast();
    if v.is_null() {
        return Err(Status::NO_MEMORY);
    }
    // SAFETY: a fresh zeroed block.
    unsafe { (&raw mut (*v).refcnt).write(1) };
    Ok(v)
}

/// A new value that refers to `name` and `value`; NULL `value` is null.
///
/// # Safety
/// `name` is live, `value` is NULL or live.
///
/// # Errors
/// `ISC_R_NOMEMORY`.
pub unsafe fn new(
    name: *mut omapi_data_string_t,
    value: *mut omapi_typed_data_t,
) -> Result<*mut omapi_value_t, Status> {
    let v = empty()?;
    // SAFETY: a fresh zeroed block; name is live, value NULL or live.
    unsafe {
        data::reference(&raw mut (*v).name, name);
        if !value.is_null() {
            data::reference(&raw mut (*v).value, value);
        }
    }
    Ok(v)
}

/// A value whose references are owned by this handle; released on drop.
pub struct Owned<T: Counted>(pub *mut T);

impl<T: Counted> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the handle owns one reference.
            unsafe { data::release(self.0) };
        }
    }
}

impl<T: Counted> Owned<T> {
    /// Gives the reference to the caller.
    #[must_use]
    pub fn into_raw(self) -> *mut T {
        let p = self.0;
        core::mem::forget(self);
        p
    }
}
