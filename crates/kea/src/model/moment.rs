//! Time, which the owner of a connection hands in.

use std::time::Duration;

/// A moment, by two clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub unix: u64,
    /// Since any start, always the same for one connection, by a clock that
    /// nobody sets.
    pub steady: Duration,
}
