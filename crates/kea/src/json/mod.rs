//! JSON as Kea reads and writes it, and what it is read into.

mod map;
mod reader;
mod text;
mod value;

pub use map::Map;
pub use text::{MAX_BYTES, Scanner, emit, parse};
pub use value::Value;

pub(crate) use text::{
    at, bytes, child, colons, hex, identifier, list, map, number, parse_argument, put, put_string,
    string, text,
};
