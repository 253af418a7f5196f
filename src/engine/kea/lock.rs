//! The lock that keeps other clients of this library from changing a server's
//! configuration meanwhile.

use crate::process;
use ::kea::Failure;
use ::kea::target::{Place, Target};
use omapi::status::Status;
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::path::Path;

/// The lock, until it is dropped.
pub struct Lock {
    fd: OwnedFd,
    process: u32,
}

impl Lock {
    /// Tries to take it: an advisory one on the directory of the server's
    /// socket, which every client that may connect can open, so that no file
    /// has to be made. There is none over HTTP, where only Kea's hash protects.
    /// `None` while somebody else has it.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub fn take(target: &Target) -> Result<Option<Self>, Failure> {
        let directory = match &target.place {
            Place::Unix(path) => path.parent().unwrap_or(path),
            Place::Http { .. } => Path::new("/"),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let lock = Self {
            fd: rustix::fs::open(directory, flags, Mode::empty()).map_err(status_of)?,
            process: process::generation(),
        };
        if matches!(target.place, Place::Http { .. }) {
            return Ok(Some(lock));
        }
        match rustix::fs::flock(&lock.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(lock)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(e) => Err(status_of(e).into()),
        }
    }
}

impl Drop for Lock {
    /// Closing is not enough: a child of this process may have the descriptor
    /// too, and keeps it for as long as it likes. But it must not unlock.
    fn drop(&mut self) {
        if self.process == process::generation() {
            let _ = rustix::fs::flock(&self.fd, FlockOperation::NonBlockingUnlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_neither_keeps_nor_frees_it() {
        let folder = std::env::temp_dir().join(format!("dhcpctl-lock-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let name = format!("kea:{}/kea", folder.display());
        let target = Target::parse(&name).unwrap().unwrap();
        let take = || Lock::take(&target).unwrap();

        let lock = take().expect("it is free");
        assert!(take().is_none());
        // What a child has of it after a fork.
        let childs = || Lock {
            fd: lock.fd.try_clone().unwrap(),
            process: lock.process + 1,
        };
        let kept = childs();
        drop(childs());
        assert!(take().is_none(), "the child has unlocked it");
        drop(lock);
        assert!(take().is_some(), "the child keeps it locked");
        drop(kept);
        std::fs::remove_dir(&folder).unwrap();
    }
}
