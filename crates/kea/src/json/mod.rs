//! JSON as Kea reads and writes it, and what it is read into.

pub mod map;
pub mod reader;
pub mod text;
pub mod value;

pub use text::*;
