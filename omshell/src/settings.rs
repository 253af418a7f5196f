//! What `connect` and the waits go by.

use dhcpctl::client::Key;
use dhcpctl::status::Status;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Longest wait for the server, unless the user says otherwise. It answers
/// within milliseconds, so nobody waits that long for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Set by `server`, `port`, `key`, `key-algorithm`, `timeout`.
pub struct Settings {
    pub server: String,
    pub port: u16,
    /// Name and secret.
    pub key: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    pub algorithm: Vec<u8>,
    /// `None` waits for ever.
    pub timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: "127.0.0.1".into(),
            port: 7911,
            key: None,
            algorithm: b"hmac-md5".to_vec(),
            timeout: Some(TIMEOUT),
        }
    }
}

impl Settings {
    /// When a wait that begins now is given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.timeout.and_then(|t| Instant::now().checked_add(t))
    }

    /// The key for signing, if one was set.
    pub fn authenticator(&self) -> Result<Option<Key>, Status> {
        self.key
            .as_ref()
            .map(|(name, secret)| Key::new(name, &self.algorithm, secret))
            .transpose()
    }
}
