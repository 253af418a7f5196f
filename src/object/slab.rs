//! One block from malloc for all the small values of an answer and their data,
//! instead of two for each attribute.
//!
//! Every value and datum in it has its own reference count, as C expects; the
//! block is freed with the last of them. A pointer tells what it points to:
//! malloc aligns to 16 bytes, and what lies in a slab is 8 bytes off that.
//!
//! ```text
//! 0          8            16 n           16 n + 8         size - 8
//! | length   | first ...  | FLAG|offset  | next ...  ...  | count |
//! ```
//!
//! The length comes first because valgrind knows that form: a pointer to the
//! first value counts as one to the block.

use super::layout::omapi_value_t;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What malloc aligns to, at least for blocks as large as that.
const ALIGN: usize = 16;
/// Bytes before each body.
const PREFIX: usize = 8;
/// Marks the prefix of all bodies but the first.
const FLAG: u64 = 1 << 63;

/// Whether pointers can be told apart: where malloc's alignment is 16.
const USABLE: bool = cfg!(all(
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ),
    target_pointer_width = "64",
    not(target_vendor = "apple")
));

/// Bytes that a body of `size` takes.
const fn room_for(size: usize) -> usize {
    (PREFIX + size + ALIGN - 1) & !(ALIGN - 1)
}

/// From a value to its datum.
const DATUM: usize = room_for(size_of::<omapi_value_t>());

/// Bytes that a value with a datum of `size` takes.
pub(super) const fn room(size: usize) -> usize {
    DATUM + room_for(size)
}

/// A slab that is being filled. Nobody else may have what is in it until this
/// is dropped.
pub(super) struct Slab {
    base: *mut u8,
    size: usize,
    /// Where the next body goes.
    at: usize,
}

impl Slab {
    /// A slab for bodies whose [`room`] is `room` together. `None` without
    /// memory, or where slabs cannot be.
    pub(super) fn new(room: usize) -> Option<Self> {
        if !USABLE || room == 0 {
            return None;
        }
        let size = room + ALIGN;
        // SAFETY: malloc has no preconditions.
        let base: *mut u8 = unsafe { libc::malloc(size) }.cast();
        if base.is_null() || base.align_offset(ALIGN) != 0 {
            // SAFETY: NULL or just allocated.
            unsafe { libc::free(base.cast()) };
            return None;
        }
        // SAFETY: a fresh aligned block of at least 32 bytes, a multiple of 16.
        unsafe {
            base.cast::<u64>().write((size - PREFIX) as u64);
            base.add(size - PREFIX)
                .cast::<AtomicUsize>()
                .write(AtomicUsize::new(1));
        }
        Some(Self {
            base,
            size,
            at: PREFIX,
        })
    }

    /// Uninitialised memory for a value and a datum of `size` bytes, each to be
    /// given to [`free`], or both to [`free_pair`]; `None` when the slab is
    /// full.
    #[inline]
    pub(super) fn take(&mut self, size: usize) -> Option<(*mut u8, *mut u8)> {
        let (value, datum) = (self.at, self.at + DATUM);
        if datum + size > self.size - PREFIX {
            return None;
        }
        self.at += room(size);
        // SAFETY: prefixes and bodies lie within the block, before the count.
        // The count is ours alone while the slab is being filled.
        unsafe {
            if value != PREFIX {
                self.prefix(value);
            }
            self.prefix(datum);
            let count = &*self.base.add(self.size - PREFIX).cast::<AtomicUsize>();
            count.store(count.load(Ordering::Relaxed) + 2, Ordering::Relaxed);
            Some((self.base.add(value), self.base.add(datum)))
        }
    }

    /// # Safety
    /// `at` is the offset of a body, and not the first.
    unsafe fn prefix(&mut self, at: usize) {
        // SAFETY: there are eight bytes before the body.
        unsafe {
            let prefix = self.base.add(at - PREFIX).cast::<u64>();
            prefix.write(FLAG | at as u64);
        }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: the slab's own share of the count is given up.
        unsafe { release(self.base, 1) }
    }
}

/// Frees a block from malloc, or a body from a slab.
///
/// # Safety
/// `p` is one of these and not used any more.
pub(super) unsafe fn free(p: *mut u8) {
    // SAFETY: as the function's.
    unsafe {
        match is_body(p) {
            true => release(base_of(p), 1),
            false => libc::free(p.cast()),
        }
    }
}

/// Frees a value and its datum.
///
/// # Safety
/// As [`free`], for both.
pub(super) unsafe fn free_pair(value: *mut u8, datum: *mut u8) {
    // Two slabs cannot lie so close that one has a value and the other one,
    // at that distance, a datum: the count of the first is between them.
    let pair = is_body(value) && datum == value.wrapping_add(DATUM);
    // SAFETY: as the function's.
    unsafe {
        match pair {
            true => release(base_of(value), 2),
            false => {
                free(datum);
                free(value);
            }
        }
    }
}

fn is_body(p: *mut u8) -> bool {
    USABLE && p as usize & (ALIGN - 1) != 0
}

/// # Safety
/// `p` is a live body.
unsafe fn base_of(p: *mut u8) -> *mut u8 {
    // SAFETY: a body has a prefix, which leads to the slab.
    unsafe {
        let prefix = p.sub(PREFIX).cast::<u64>().read();
        match prefix & FLAG {
            0 => p.sub(PREFIX),
            _ => p.sub((prefix & !FLAG) as usize),
        }
    }
}

/// Gives up `n` shares of a slab.
///
/// # Safety
/// `base` is a slab, and the caller has `n` shares.
unsafe fn release(base: *mut u8, n: usize) {
    // SAFETY: the caller's shares keep the block alive. When there are no
    // others, nobody else can get one.
    unsafe {
        let length = base.cast::<u64>().read() as usize;
        let count = &*base.add(length).cast::<AtomicUsize>();
        if count.load(Ordering::Acquire) == n || count.fetch_sub(n, Ordering::AcqRel) == n {
            libc::free(base.cast());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: usize = size_of::<omapi_value_t>();

    unsafe fn write(p: *mut u8, size: usize, byte: u8) {
        assert_eq!(p as usize % 16, 8);
        // SAFETY: the test's own memory.
        unsafe { p.write_bytes(byte, size) }
    }

    unsafe fn check(p: *mut u8, size: usize, byte: u8) {
        // SAFETY: the test's own memory.
        let bytes = unsafe { core::slice::from_raw_parts(p, size) };
        assert!(bytes.iter().all(|&b| b == byte));
    }

    #[test]
    fn bodies_do_not_overlap_and_end_with_the_slab() {
        let sizes = [16, 1, 8, 9, 24, 300];
        let mut slab = Slab::new(sizes.iter().map(|&s| room(s)).sum()).unwrap();
        let pairs: Vec<_> = sizes.iter().map(|&s| slab.take(s).unwrap()).collect();
        assert!(slab.take(1).is_none());
        // SAFETY: each body has its size, and is freed once.
        unsafe {
            for (i, (&(value, datum), &size)) in pairs.iter().zip(&sizes).enumerate() {
                write(value, VALUE, i as u8);
                write(datum, size, 0x80 | i as u8);
            }
            drop(slab);
            for (i, (&(value, datum), &size)) in pairs.iter().zip(&sizes).enumerate() {
                check(value, VALUE, i as u8);
                check(datum, size, 0x80 | i as u8);
                match i % 3 {
                    0 => free_pair(value, datum),
                    1 => {
                        free(value);
                        free(datum);
                    }
                    _ => free(datum),
                }
            }
            check(pairs[2].0, VALUE, 2);
            free(pairs[5].0);
            free(pairs[2].0);
        }
    }

    #[test]
    fn a_slab_without_bodies_is_freed() {
        drop(Slab::new(room(8)).unwrap());
        assert!(Slab::new(0).is_none());
    }

    #[test]
    fn blocks_of_malloc_are_freed_as_such() {
        // SAFETY: blocks from malloc, not used any more.
        unsafe {
            free(libc::malloc(24).cast());
            free_pair(libc::malloc(24).cast(), libc::malloc(16).cast());
        }
    }
}
