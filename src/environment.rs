//! What the process tells the library: environment variables, forks,
//! cancelled threads.

use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering};
use engine::process;
use std::ffi::{OsStr, OsString};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Microseconds for calls that state no limit; 0 is no limit.
static DEFAULT_LIMIT: AtomicU64 = AtomicU64::new(0);

/// Takes the environment in; the first call hooks forks too.
pub(crate) fn read() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        // SAFETY: the handler only counts, which a child of a threaded process
        // may do. If the hook cannot be set, a child is not protected from
        // using its parent's connections: nothing else is lost.
        let _ = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    let limit = variable("DHCPCTL_TIMEOUT").and_then(|text| seconds(&text));
    let micros = limit.map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX));
    DEFAULT_LIMIT.store(micros, Ordering::Relaxed);
}

unsafe extern "C" fn in_child() {
    process::forked();
}

/// An environment variable, unless the program runs with more rights than its
/// caller: then the caller's environment must not steer it. One that is not
/// Unicode is set, too.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    if has_borrowed_rights() {
        return None;
    }
    std::env::var_os(name)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_borrowed_rights() -> bool {
    // SAFETY: no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn has_borrowed_rights() -> bool {
    // SAFETY: none of these has preconditions.
    unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() }
}

/// Seconds with an optional fraction; nothing but a positive number counts.
fn seconds(text: &OsStr) -> Option<Duration> {
    let seconds = text.to_str()?.trim().parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|d| !d.is_zero())
}

/// The deadline of a call that states none.
pub(crate) fn default_deadline() -> Option<Instant> {
    match DEFAULT_LIMIT.load(Ordering::Relaxed) {
        0 => None,
        micros => Instant::now().checked_add(Duration::from_micros(micros)),
    }
}

unsafe extern "C" {
    /// POSIX; the libc crate declares it for some systems only.
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

/// `PTHREAD_CANCEL_DISABLE` of Linux and the BSDs.
const CANCEL_DISABLE: c_int = 1;

/// While it lives, the thread cannot be cancelled.
pub(crate) struct NoCancellation {
    before: c_int,
}

impl NoCancellation {
    pub(crate) fn begin() -> Self {
        let mut before = 0;
        // SAFETY: the state is one of the two, and `before` is writable.
        unsafe { pthread_setcancelstate(CANCEL_DISABLE, &raw mut before) };
        Self { before }
    }
}

impl Drop for NoCancellation {
    fn drop(&mut self) {
        // SAFETY: a state that the same function has told.
        unsafe { pthread_setcancelstate(self.before, &raw mut self.before) };
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::time::Duration;

    #[test]
    fn limits() {
        let seconds = |text: &[u8]| seconds(OsStr::from_bytes(text));
        assert_eq!(seconds(b"2.5"), Some(Duration::from_millis(2500)));
        assert_eq!(seconds(b" 10 "), Some(Duration::from_secs(10)));
        for none in ["", "0", "-1", "never", "NaN", "1e400"] {
            assert_eq!(seconds(none.as_bytes()), None, "{none}");
        }
        assert_eq!(seconds(b"10\xe9"), None);
    }
}
