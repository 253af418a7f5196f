//! From text to values: what serde_json's parser calls.

use super::map::{Key, Map};
use super::value::{Number, Value};
use serde_core::de::{Deserialize, DeserializeSeed, Deserializer, Error};
use serde_core::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// How serde_json announces the text of a number that is no 64-bit integer.
const NUMBER: &str = "$serde_json::private::Number";

/// What is kept as text: the items of lists under this key.
const KEPT: &str = "reservations";

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any { kept: false })
    }
}

/// Takes whatever comes. With `kept`, the maps of a list stay text.
#[derive(Clone, Copy)]
struct Any {
    kept: bool,
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        if self.kept {
            while let Some(item) = items.next_element::<&RawValue>()? {
                list.push(keep(item.get()).map_err(Error::custom)?);
            }
        } else {
            while let Some(item) = items.next_element()? {
                list.push(item);
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = pairs.next_key_seed(AnyKey)? {
            if map.is_empty() {
                if key == NUMBER {
                    return Ok(Value::Number(Number::Text(pairs.next_value()?)));
                }
                // A lease has 11, a reservation 8.
                map.reserve(12);
            }
            let kept = key == KEPT;
            map.push((key, pairs.next_value_seed(Any { kept })?));
        }
        Ok(Value::Object(Map::of(map)))
    }
}

struct AnyKey;

impl<'de> DeserializeSeed<'de> for AnyKey {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Key, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for AnyKey {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(known(text).map_or_else(|| Key::Owned(text.to_owned()), Key::Borrowed))
    }
}

macro_rules! known {
    ($($key:literal)*) => {
        fn known(text: &str) -> Option<&'static str> {
            match text {
                $($key => Some($key),)*
                _ => None,
            }
        }
    };
}

// Those of answers, leases and reservations.
known! {
    "arguments" "boot-file-name" "client-classes" "client-id" "cltt" "fqdn-fwd" "fqdn-rev"
    "hostname" "hw-address" "ip-address" "leases" "next-server" "option-data" "pool-id"
    "reservations" "result" "server-hostname" "state" "subnet-id" "text" "user-context"
    "valid-lft"
}

fn keep(text: &str) -> Result<Value, serde_json::Error> {
    // Only the parser itself says whether escapes are right.
    let bad = |bad, byte: u8| bad | (byte == b'\\') | !byte.is_ascii();
    if !text.starts_with('{') || text.bytes().fold(false, bad) {
        return serde_json::from_str(text);
    }
    Ok(Value::Object(Map::kept(text)))
}

/// The pairs of a map that the parser has passed over.
pub(super) fn pairs(text: &str) -> Vec<(Key, Value)> {
    let read = Any { kept: false }.deserialize(&mut serde_json::Deserializer::from_str(text));
    match read {
        Ok(Value::Object(map)) => map.into_pairs(),
        // It cannot fail, and is a map.
        _ => Vec::new(),
    }
}

/// The strings at these paths in a map that the parser has passed over; `None`
/// when a path leads to or through something else.
pub(super) fn strings<'t, const N: usize>(
    text: &'t str,
    paths: [&[&str]; N],
) -> Option<[Option<&'t str>; N]> {
    let mut found = [None; N];
    let walk = Paths {
        paths: &paths,
        behind: &[],
        found: &mut found,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    walk.deserialize(&mut json).ok()?;
    Some(found)
}

/// Takes some strings out of a map and passes over the rest.
struct Paths<'p, 'de> {
    paths: &'p [&'p [&'p str]],
    /// The keys that led here.
    behind: &'p [&'p str],
    found: &'p mut [Option<&'de str>],
}

impl<'de> DeserializeSeed<'de> for Paths<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Paths<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<(), A::Error> {
        let depth = self.behind.len();
        while let Some(key) = pairs.next_key::<&str>()? {
            let mut all = self.paths.iter().enumerate();
            let leads_here = |path: &[&str]| {
                path.get(depth).is_some_and(|k| *k == key) && path.starts_with(self.behind)
            };
            match all.find(|(_, path)| leads_here(path)) {
                None => drop(pairs.next_value::<IgnoredAny>()?),
                Some((at, path)) if path.len() == depth + 1 => {
                    self.found[at] = Some(pairs.next_value()?);
                }
                Some((_, path)) => pairs.next_value_seed(Paths {
                    paths: self.paths,
                    behind: &path[..=depth],
                    found: self.found,
                })?,
            }
        }
        Ok(())
    }
}
