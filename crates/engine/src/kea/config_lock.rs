//! The lock on a Kea server's configuration, against other processes that change
//! it through this library.

use super::exchange::unreachable;
use crate::process;
use ::kea::KeaError;
use ::kea::{Endpoint, Target};
use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The lock, until it is dropped.
pub(super) struct Lock {
    /// What it is on; nothing over HTTP.
    fd: Option<OwnedFd>,
    process: u32,
}

impl Lock {
    /// Tries to take it: an advisory one on the directory of the server's
    /// socket, so that no file has to be made. Opening a directory takes the
    /// right to read it; connecting does not. There is none over HTTP, where
    /// only Kea's hash protects. `None` while another process has it.
    ///
    /// # Errors
    /// Why it cannot be taken, with the directory's name.
    pub(super) fn take(target: &Target) -> Result<Option<Self>, KeaError> {
        let path = match &target.endpoint {
            Endpoint::Unix(path) => path,
            Endpoint::Http { .. } => return Ok(Some(Self::new(None))),
        };
        let directory = path.parent().unwrap_or(path);
        let cannot = |e| cannot_lock(directory, e);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(directory, flags, Mode::empty()).map_err(cannot)?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self::new(Some(fd)))),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(e) => Err(cannot(e)),
        }
    }

    fn new(fd: Option<OwnedFd>) -> Self {
        Self {
            fd,
            process: process::generation(),
        }
    }
}

fn cannot_lock(directory: &Path, e: Errno) -> KeaError {
    let name = directory.as_os_str().as_bytes();
    let reason = std::io::Error::from(e).to_string();
    let message = [b"cannot lock ", name, b": ", reason.as_bytes()].concat();
    KeaError::Status(unreachable(e).status(), Some(message))
}

impl Drop for Lock {
    /// Closing is not enough: a child of this process may have the descriptor
    /// too, and keeps it for as long as it likes. But it must not unlock.
    fn drop(&mut self) {
        if let Some(fd) = &self.fd
            && self.process == process::generation()
        {
            let _ = rustix::fs::flock(fd, FlockOperation::NonBlockingUnlock);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omapi::status::Status;

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
            fd: Some(lock.fd.as_ref().unwrap().try_clone().unwrap()),
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

    #[test]
    fn why_it_cannot_be_taken() {
        use std::ffi::OsStr;
        let name = OsStr::from_bytes(b"/nowhere/at-\xe9/kea");
        let target = Target::parse(name).unwrap().unwrap();
        let Err(KeaError::Status(status, Some(message))) = Lock::take(&target) else {
            panic!("no message");
        };
        // As for a command, when the server's socket is gone.
        assert_eq!(status, Status::CONNECTION_REFUSED);
        let start = b"cannot lock /nowhere/at-\xe9: No such file";
        assert!(message.starts_with(start), "{}", message.escape_ascii());
    }

    #[test]
    fn over_http_nothing_is_locked() {
        let target = Target::parse("kea+http://127.0.0.1/").unwrap().unwrap();
        let take = || Lock::take(&target).unwrap().expect("there is none");
        let (one, other) = (take(), take());
        assert!(one.fd.is_none() && other.fd.is_none());
    }
}
