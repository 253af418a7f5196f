//! Errors of the operating system as result codes.

use omapi::status::Status;
use rustix::io::Errno;

/// The code that a program sees for a failed system call.
#[must_use]
pub fn status_of(error: impl Into<std::io::Error>) -> Status {
    use std::io::ErrorKind as K;
    let error = error.into();
    match error.kind() {
        K::ConnectionRefused => Status::CONNECTION_REFUSED,
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
            Status::CONNECTION_RESET
        }
        K::NetworkUnreachable => Status::NETWORK_UNREACHABLE,
        K::HostUnreachable => Status::HOST_UNREACHABLE,
        K::NetworkDown => Status::NETWORK_DOWN,
        K::AddrNotAvailable => Status::ADDR_NOT_AVAILABLE,
        K::PermissionDenied => Status::NO_PERMISSION,
        K::TimedOut => Status::TIMED_OUT,
        K::OutOfMemory => Status::NO_MEMORY,
        K::NotConnected => Status::NOT_CONNECTED,
        K::InvalidInput => Status::INVALID_ARGUMENT,
        _ => match Errno::from_io_error(&error) {
            Some(Errno::MFILE | Errno::NFILE) => Status::TOO_MANY_OPEN_FILES,
            Some(Errno::NOBUFS) => Status::NO_RESOURCES,
            _ => Status::UNEXPECTED,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_becomes_the_code_of_that_name() {
        for (errno, status) in [
            (Errno::CONNREFUSED, Status::CONNECTION_REFUSED),
            (Errno::NETUNREACH, Status::NETWORK_UNREACHABLE),
            (Errno::HOSTUNREACH, Status::HOST_UNREACHABLE),
            (Errno::TIMEDOUT, Status::TIMED_OUT),
            (Errno::MFILE, Status::TOO_MANY_OPEN_FILES),
            (Errno::CONNRESET, Status::CONNECTION_RESET),
        ] {
            assert_eq!(status_of(errno), status, "{errno:?}");
        }
    }
}
