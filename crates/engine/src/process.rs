//! Which process a connection belongs to. After a fork both processes have the
//! same socket; only the parent may use it.

use std::sync::atomic::{AtomicU32, Ordering};

/// Forks that this process is the child of, since it loaded the library.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// To be called in the child after a fork.
pub fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Identifies the present process among its ancestors.
#[must_use]
pub fn generation() -> u32 {
    FORKS.load(Ordering::Relaxed)
}
