//! As much JSON as the transcripts need.

use std::collections::BTreeMap;

/// A JSON value. Numbers are not looked at.
#[derive(Debug)]
pub enum Json {
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
    Other,
}

impl Json {
    pub fn parse(text: &str) -> Self {
        let mut rest = text;
        let value = value(&mut rest);
        assert!(rest.trim().is_empty(), "trailing {rest:?}");
        value
    }

    pub fn at(&self, key: &str) -> &Json {
        match self {
            Self::Map(map) => map.get(key).unwrap_or(&Json::Other),
            _ => &Json::Other,
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("not a string: {other:?}"),
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Self::List(list) => list,
            other => panic!("not a list: {other:?}"),
        }
    }
}

fn take(rest: &mut &str, token: char) -> bool {
    *rest = rest.trim_start();
    match rest.strip_prefix(token) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn value(rest: &mut &str) -> Json {
    if take(rest, '"') {
        return Json::Text(string(rest));
    }
    if take(rest, '[') {
        let mut list = Vec::new();
        while !take(rest, ']') {
            list.push(value(rest));
            take(rest, ',');
        }
        return Json::List(list);
    }
    if take(rest, '{') {
        let mut map = BTreeMap::new();
        while !take(rest, '}') {
            assert!(take(rest, '"'), "key expected");
            let key = string(rest);
            assert!(take(rest, ':'), "colon expected");
            map.insert(key, value(rest));
            take(rest, ',');
        }
        return Json::Map(map);
    }
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
        .unwrap_or(rest.len());
    assert_ne!(end, 0, "value expected");
    *rest = &rest[end..];
    Json::Other
}

/// The rest of a string whose opening quote is taken.
fn string(rest: &mut &str) -> String {
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next().expect("string without end") {
            '"' => break,
            '\\' => text.push(match chars.next().expect("escape") {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('"' | '\\' | '/') => c,
                c => panic!("escape {c:?} is not used in transcripts"),
            }),
            c => text.push(c),
        }
    }
    *rest = chars.as_str();
    text
}
