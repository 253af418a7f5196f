//! Reading of recorded sessions: the shapes that they have, or a panic.

pub(crate) use serde_json::Value as Json;

/// Parses a recording.
pub(crate) fn parse(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

/// Access without second thoughts.
pub(crate) trait Recorded {
    /// The member of that name; null when there is none.
    fn at(&self, key: &str) -> &Json;
    fn text(&self) -> &str;
    fn list(&self) -> &[Json];
}

impl Recorded for Json {
    fn at(&self, key: &str) -> &Json {
        &self[key]
    }

    fn text(&self) -> &str {
        self.as_str().expect("a string")
    }

    fn list(&self) -> &[Json] {
        self.as_array().expect("a list")
    }
}
