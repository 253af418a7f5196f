use super::json::{Map, Value};
#[derive(Debug)]
pub struct Entry;
pub fn entries(_: &Map<String, Value>) -> Vec<Entry> { Vec::new() }
