//! Maps of JSON: lists of pairs, in order, without hashing. A reservation in a
//! configuration stays text until it is changed or more of it is needed than
//! [`Map::strings`] gives, and copies share that text.

use super::reader;
use super::value::Value;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Most keys are among the same few: no memory for them. The benchmark's row
/// "10 000 reservations: time of a host create" was 1.30 (1.14 to 1.37) without
/// that and 0.99 (0.92 to 1.00) with it.
pub(super) type Key = Cow<'static, str>;

/// Pairs in order. A key that was given twice counts with its last value.
#[derive(Clone, Default)]
pub struct Map(Pairs);

#[derive(Clone)]
enum Pairs {
    Read(Vec<(Key, Value)>),
    Kept(Arc<Kept>),
}

struct Kept {
    text: Box<str>,
    read: OnceLock<Vec<(Key, Value)>>,
}

impl Default for Pairs {
    fn default() -> Self {
        Self::Read(Vec::new())
    }
}

impl Map {
    /// Without anything.
    #[must_use]
    pub const fn new() -> Self {
        Self(Pairs::Read(Vec::new()))
    }

    pub(super) const fn of(pairs: Vec<(Key, Value)>) -> Self {
        Self(Pairs::Read(pairs))
    }

    /// A map that the parser has passed over: complete and correct, in ASCII,
    /// without escapes.
    pub(super) fn kept(text: &str) -> Self {
        Self(Pairs::Kept(Arc::new(Kept {
            text: text.into(),
            read: OnceLock::new(),
        })))
    }

    fn pairs(&self) -> &Vec<(Key, Value)> {
        match &self.0 {
            Pairs::Read(pairs) => pairs,
            Pairs::Kept(kept) => kept.read.get_or_init(|| reader::pairs(&kept.text)),
        }
    }

    fn pairs_mut(&mut self) -> &mut Vec<(Key, Value)> {
        if let Pairs::Kept(kept) = &self.0 {
            self.0 = Pairs::Read(reader::pairs(&kept.text));
        }
        match &mut self.0 {
            Pairs::Read(pairs) => pairs,
            Pairs::Kept(_) => unreachable!("it was just read"),
        }
    }

    pub(super) fn into_pairs(mut self) -> Vec<(Key, Value)> {
        std::mem::take(self.pairs_mut())
    }

    /// Its JSON, if it is still as it came.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.0 {
            Pairs::Read(_) => None,
            Pairs::Kept(kept) => Some(&kept.text),
        }
    }

    /// The strings at these paths, without building anything if it is still as
    /// it came; `None` for what is absent or no string.
    #[must_use]
    pub fn strings<const N: usize>(&self, paths: [&[&str]; N]) -> [Option<&str>; N] {
        if let Some(found) = self.text().and_then(|text| reader::strings(text, paths)) {
            return found;
        }
        paths.map(|path| {
            let (first, rest) = path.split_first()?;
            let value = rest.iter().try_fold(self.get(first)?, |v, key| v.get(key));
            value?.as_str()
        })
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.pairs().iter().rfind(|(k, _)| k == key);
        found.map(|(_, value)| value)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let found = self.pairs_mut().iter_mut().rfind(|(k, _)| k == key);
        found.map(|(_, value)| value)
    }

    /// True if the key is there.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Sets a key; a new one goes to the end. What was there before.
    pub fn insert(&mut self, key: String, value: Value) -> Option<Value> {
        match self.get_mut(&key) {
            Some(old) => Some(std::mem::replace(old, value)),
            None => {
                self.pairs_mut().push((key.into(), value));
                None
            }
        }
    }

    /// Takes a key out; the others keep their order.
    pub fn shift_remove(&mut self, key: &str) -> Option<Value> {
        let pairs = self.pairs_mut();
        let mut last = None;
        while let Some(at) = pairs.iter().rposition(|(k, _)| k == key) {
            let (_, value) = pairs.remove(at);
            last = last.or(Some(value));
        }
        last
    }

    /// The value of a key, which is set first if it is absent.
    pub fn entry(&mut self, key: impl Into<String>) -> Entry<'_> {
        let key = key.into();
        Entry { map: self, key }
    }

    /// How many pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.pairs().iter().map(|(k, v)| (&**k, v))
    }

    /// All values in order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.pairs().iter().map(|(_, v)| v)
    }
}

/// A place in a map.
pub struct Entry<'m> {
    map: &'m mut Map,
    key: String,
}

impl<'m> Entry<'m> {
    /// The value that is there, or else this one.
    pub fn or_insert_with(self, value: impl FnOnce() -> Value) -> &'m mut Value {
        let pairs = self.map.pairs_mut();
        let at = pairs.iter().rposition(|(k, _)| *k == self.key);
        let at = at.unwrap_or_else(|| {
            pairs.push((self.key.into(), value()));
            pairs.len() - 1
        });
        &mut pairs[at].1
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Map {
    /// Whatever the order.
    fn eq(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.text(), other.text())
            && a == b
        {
            return true;
        }
        let (a, b) = (self.pairs(), other.pairs());
        a.len() == b.len()
            && a.iter().zip(b).all(|((key, value), at_the_same_place)| {
                let (k, v) = at_the_same_place;
                (k == key && v == value) || other.get(key) == Some(value)
            })
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value));
        Self(Pairs::Read(pairs.collect()))
    }
}

impl Extend<(String, Value)> for Map {
    fn extend<I: IntoIterator<Item = (String, Value)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

type Own = fn((Key, Value)) -> (String, Value);

impl IntoIterator for Map {
    type Item = (String, Value);
    type IntoIter = std::iter::Map<std::vec::IntoIter<(Key, Value)>, Own>;

    fn into_iter(self) -> Self::IntoIter {
        let own: Own = |(key, value)| (key.into_owned(), value);
        self.into_pairs().into_iter().map(own)
    }
}

type Split<'m> = fn(&'m (Key, Value)) -> (&'m str, &'m Value);

impl<'m> IntoIterator for &'m Map {
    type Item = (&'m str, &'m Value);
    type IntoIter = std::iter::Map<std::slice::Iter<'m, (Key, Value)>, Split<'m>>;

    fn into_iter(self) -> Self::IntoIter {
        let split: Split<'m> = |(k, v)| (k, v);
        self.pairs().iter().map(split)
    }
}
