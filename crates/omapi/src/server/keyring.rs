//! The keys of a server's configuration, as clients see them: objects of type
//! `authenticator`.

use crate::auth::{Algorithm, SigningKey};
use core::fmt;
use std::sync::OnceLock;

/// The keys that clients may sign with.
#[derive(Debug, Default)]
pub struct Keyring {
    entries: Vec<Entry>,
    required: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) key: SigningKey,
    /// Missing until a client opens it; then it is the same on all
    /// connections.
    handle: OnceLock<u32>,
}

/// There is no key of the name that was given to [`Keyring::require`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKey;

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no key of that name")
    }
}

impl std::error::Error for UnknownKey {}

impl Keyring {
    /// Without keys: no client can sign.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. Clients name it in any case, together with its algorithm.
    pub fn add(&mut self, name: &[u8], key: SigningKey) {
        self.entries.push(Entry {
            name: name.to_vec(),
            key,
            handle: OnceLock::new(),
        });
    }

    /// From now on every request must be signed with the key of that name,
    /// and no other key can be selected. (dhcpd's `omapi-key`.)
    ///
    /// # Errors
    /// There is no such key.
    pub fn require(&mut self, name: &[u8]) -> Result<(), UnknownKey> {
        if !self.entries.iter().any(|e| e.is_named(name)) {
            return Err(UnknownKey);
        }
        self.required = Some(name.to_vec());
        Ok(())
    }

    pub(super) fn is_required(&self) -> bool {
        self.required.is_some()
    }

    /// The place of the key that a client means.
    pub(super) fn find(&self, name: &[u8], algorithm: Algorithm) -> Option<usize> {
        let wanted = |e: &Entry| e.is_named(name) && e.key.algorithm() == algorithm;
        self.entries.iter().position(wanted)
    }

    /// The key that a handle names.
    pub(super) fn by_handle(&self, handle: u32) -> Option<usize> {
        let named = |e: &Entry| e.handle.get() == Some(&handle);
        self.entries.iter().position(named)
    }

    pub(super) fn entry(&self, at: usize) -> &Entry {
        &self.entries[at]
    }

    /// Whether requests signed with this key are served.
    pub(super) fn is_selected(&self, at: usize) -> bool {
        let required = self.required.as_ref();
        required.is_none_or(|name| self.entries[at].is_named(name))
    }
}

impl Entry {
    fn is_named(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The handle, 0 as long as there is none.
    pub(super) fn handle(&self) -> u32 {
        self.handle.get().copied().unwrap_or(0)
    }

    /// The handle, if need be a new one.
    pub(super) fn handle_or(&self, new: impl FnOnce() -> Option<u32>) -> u32 {
        if self.handle.get().is_none()
            && let Some(handle) = new().filter(|handle| *handle != 0)
        {
            // Another session may have been faster: its handle is as good.
            let _ = self.handle.set(handle);
        }
        self.handle()
    }
}
