//! What all connections of a process to Kea servers have in common.

use super::handles::Handles;
use std::sync::atomic::{AtomicU32, Ordering};

/// What all connections of a process to Kea servers have in common: made once,
/// and handed to each.
#[derive(Debug, Default)]
pub struct Process {
    /// Handles outlive the connection that made them.
    pub(crate) handles: Handles,
    names: AtomicU32,
}

impl Process {
    /// A number that no other name of a host has that this process invents.
    pub(crate) fn next_name(&self) -> u32 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }
}
