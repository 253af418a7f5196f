//! What JSON is read into. serde_json parses; the tree is ours, because a
//! lookup builds and drops one, and a configuration may have tens of thousands
//! of reservations that nobody looks at. The text of a number stays.

use super::map::Map;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Index;

/// Any JSON. In strings a byte is a `char` up to U+00FF.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as it was written.
    Number(Number),
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// A map.
    Object(Map),
}

/// A number, with what is needed to write it as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// Without sign.
    Unsigned(u64),
    /// With a sign.
    Signed(i64),
    /// Any other: its text.
    Text(String),
}

impl Number {
    /// The number, if it is an integer that is not negative and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::Unsigned(n) => Some(n),
            Self::Signed(n) => n.try_into().ok(),
            Self::Text(_) => None,
        }
    }

    /// The number, if it is an integer that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Unsigned(n) => n.try_into().ok(),
            Self::Signed(n) => Some(n),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(n) => n.fmt(f),
            Self::Signed(n) => n.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Value {
    /// The value of a key, if this is a map.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_object_mut()?.get_mut(key)
    }

    /// The map, if it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The map, if it is one, to change it.
    pub fn as_object_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Self::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The list, if it is one, to change it.
    pub fn as_array_mut(&mut self) -> Option<&mut Vec<Value>> {
        match self {
            Self::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of `true` or `false`, if it is one of them.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The number, if it is an integer that is not negative and fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(n) => n.as_u64(),
            _ => None,
        }
    }

    /// The number, if it is an integer that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(n) => n.as_i64(),
            _ => None,
        }
    }

    /// True for a map.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.as_object().is_some()
    }

    /// True for `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// The value, with `null` left in its place.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

impl Index<&str> for Value {
    type Output = Value;

    /// The value of a key, `null` when there is none.
    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Self::Null)
    }
}

impl Index<usize> for Value {
    type Output = Value;

    /// An item of a list, `null` when there is none.
    fn index(&self, at: usize) -> &Value {
        let list = self.as_array();
        list.and_then(|l| l.get(at)).unwrap_or(&Self::Null)
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == Some(text)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::emitted(self))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<Ipv4Addr> for Value {
    /// In dotted form. (`Display` takes 1,300 of the 31,000 instructions of a
    /// lease lookup for it, most of them for padding that there is not.)
    fn from(address: Ipv4Addr) -> Self {
        let mut text = String::with_capacity("255.255.255.255".len());
        for (at, octet) in address.octets().into_iter().enumerate() {
            if at > 0 {
                text.push('.');
            }
            text.push_str(itoa::Buffer::new().format(octet));
        }
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Number(Number::Unsigned(n))
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        match u64::try_from(n) {
            Ok(n) => n.into(),
            Err(_) => Self::Number(Number::Signed(n)),
        }
    }
}

impl From<u8> for Value {
    fn from(n: u8) -> Self {
        u64::from(n).into()
    }
}

impl From<u32> for Value {
    fn from(n: u32) -> Self {
        u64::from(n).into()
    }
}

impl From<i32> for Value {
    fn from(n: i32) -> Self {
        i64::from(n).into()
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Object(map)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        Self::Array(list.into_iter().map(Into::into).collect())
    }
}
