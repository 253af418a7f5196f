//! One block from malloc for all the small values of an answer, instead of two
//! for each attribute.
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
pub(super) const fn room(size: usize) -> usize {
    (PREFIX + size).next_multiple_of(ALIGN)
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

    /// Uninitialised memory for a body, to be given to [`free`]; `None` when
    /// the slab is full.
    pub(super) fn take(&mut self, size: usize) -> Option<*mut u8> {
        let at = self.at;
        if at + size > self.size - PREFIX {
            return None;
        }
        self.at = at - PREFIX + room(size) + PREFIX;
        // SAFETY: prefix and body lie within the block, before the count. The
        // count is ours alone while the slab is being filled.
        unsafe {
            if at != PREFIX {
                self.base
                    .add(at - PREFIX)
                    .cast::<u64>()
                    .write(FLAG | at as u64);
            }
            let count = &*self.base.add(self.size - PREFIX).cast::<AtomicUsize>();
            count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            Some(self.base.add(at))
        }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: the slab's own share of the count is given up.
        unsafe { release(self.base) }
    }
}

/// Frees a block from malloc, or a body from a slab.
///
/// # Safety
/// `p` is one of these and not used any more.
pub(super) unsafe fn free(p: *mut u8) {
    if !USABLE || (p as usize).is_multiple_of(ALIGN) {
        // SAFETY: as the function's.
        return unsafe { libc::free(p.cast()) };
    }
    // SAFETY: a body of a slab has a prefix, which leads to the slab.
    unsafe {
        let prefix = p.sub(PREFIX).cast::<u64>().read();
        let offset = match prefix & FLAG {
            0 => PREFIX,
            _ => (prefix & !FLAG) as usize,
        };
        release(p.sub(offset));
    }
}

/// Gives up one share of a slab.
///
/// # Safety
/// `base` is a slab, and the caller has a share.
unsafe fn release(base: *mut u8) {
    // SAFETY: the caller's share keeps the block alive. A count of 1 is ours
    // alone, so nobody can raise or lower it.
    unsafe {
        let length = base.cast::<u64>().read() as usize;
        let count = &*base.add(length).cast::<AtomicUsize>();
        if count.load(Ordering::Acquire) == 1 || count.fetch_sub(1, Ordering::AcqRel) == 1 {
            libc::free(base.cast());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_do_not_overlap_and_end_with_the_slab() {
        let sizes = [24, 16, 1, 8, 9, 24, 300];
        let mut slab = Slab::new(sizes.iter().map(|&s| room(s)).sum()).unwrap();
        let bodies: Vec<_> = sizes.iter().map(|&s| slab.take(s).unwrap()).collect();
        assert!(slab.take(1).is_none());
        // SAFETY: each body has its size.
        unsafe {
            for (i, (&p, &size)) in bodies.iter().zip(&sizes).enumerate() {
                assert_eq!(p as usize % 16, 8);
                p.write_bytes(i as u8, size);
            }
            drop(slab);
            for (i, (&p, &size)) in bodies.iter().zip(&sizes).enumerate() {
                let bytes = core::slice::from_raw_parts(p, size);
                assert!(bytes.iter().all(|&b| b == i as u8));
                free(p);
            }
        }
    }

    #[test]
    fn a_slab_without_bodies_is_freed() {
        drop(Slab::new(room(8)).unwrap());
        assert!(Slab::new(0).is_none());
    }

    #[test]
    fn blocks_of_malloc_are_freed_as_such() {
        // SAFETY: a block from malloc, not used any more.
        unsafe { free(libc::malloc(24).cast()) };
    }
}
