//! Attributes of objects as they come and go: names and values in wire form.

use omapi::status::Status;
use omapi::wire::{Encoder, Value, ValueList};

/// What a request carries, copied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes(Vec<(Vec<u8>, Vec<u8>)>);

impl Attributes {
    /// Copies a list. A name that is given twice counts with its last value.
    #[must_use]
    pub(crate) fn new(list: ValueList<'_>) -> Self {
        let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (name, value) in list {
            match all.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => *old = value.to_vec(),
                None => all.push((name.to_vec(), value.to_vec())),
            }
        }
        Self(all)
    }

    /// The value, unless it is absent or null (empty).
    #[must_use]
    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.any(name).filter(|v| !v.is_empty())
    }

    /// The value, empty when it is null; `None` when it is absent.
    #[must_use]
    pub(crate) fn any(&self, name: &[u8]) -> Option<&[u8]> {
        let (_, value) = self.0.iter().find(|(n, _)| n == name)?;
        Some(value)
    }

    /// A number: four bytes, big-endian.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for another length.
    pub(crate) fn number(&self, name: &[u8]) -> Result<Option<u32>, Status> {
        self.get(name).map(number).transpose()
    }

    /// All of them, in the order given.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(n, v)| (&n[..], &v[..]))
    }

    /// True when there are none.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Four bytes as a number.
///
/// # Errors
/// `DHCP_R_INVALIDARG` for another length.
pub(crate) fn number(value: &[u8]) -> Result<u32, Status> {
    <[u8; 4]>::try_from(value)
        .map(u32::from_be_bytes)
        .map_err(|_| Status::INVALID_ARGUMENT)
}

/// What an answer carries, in wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered(Vec<u8>);

impl Default for Answered {
    /// Empty, with room for a lease.
    fn default() -> Self {
        Self(Vec::with_capacity(512))
    }
}

impl Answered {
    /// Adds a number.
    pub(crate) fn number(&mut self, name: &[u8], value: u32) -> &mut Self {
        self.put(name, Value::Int(value))
    }

    /// Adds bytes; none when they are empty.
    pub(crate) fn bytes(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        match value {
            [] => self,
            _ => self.put(name, Value::Bytes(value)),
        }
    }

    /// Adds bytes, or says that there are none: an object that held another
    /// one's value loses it.
    pub(crate) fn bytes_or_null(&mut self, name: &[u8], value: &[u8]) -> &mut Self {
        self.put(name, Value::Bytes(value))
    }

    fn put(&mut self, name: &[u8], value: Value<'_>) -> &mut Self {
        // Fails only for names and values that no answer of Kea can have: an
        // empty name (in a binding that another client stored), or 4 GB.
        let _ = Encoder::put(&mut self.0, name, value);
        self
    }

    /// The wire form.
    #[must_use]
    pub fn list(&self) -> ValueList<'_> {
        ValueList::from_bytes(&self.0)
    }
}
