//! The tree that JSON is read into, and what makes tests shorter.

use crate::json::{self, Map, Value};
use std::net::Ipv4Addr;
use std::ops::{Index, IndexMut};

impl IndexMut<&str> for Value {
    fn index_mut(&mut self, key: &str) -> &mut Value {
        let map = self.as_object_mut().expect("a map");
        map.entry(key).or_insert_with(Value::default)
    }
}

impl Index<&str> for Map {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).expect("the key")
    }
}

impl IndexMut<usize> for Value {
    fn index_mut(&mut self, at: usize) -> &mut Value {
        &mut self.as_array_mut().expect("a list")[at]
    }
}

impl PartialEq<i32> for Value {
    fn eq(&self, n: &i32) -> bool {
        self.as_i64() == Some((*n).into())
    }
}

impl PartialEq<bool> for Value {
    fn eq(&self, b: &bool) -> bool {
        self.as_bool() == Some(*b)
    }
}

fn parse(text: &str) -> Value {
    json::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_map_is_a_list_of_pairs() {
    let mut value = parse(r#"{"b":1,"a":{"x":[]},"b":2,"c":null}"#);
    let map = value.as_object_mut().unwrap();
    assert_eq!(map.len(), 4);
    // The last one counts.
    assert_eq!(map["b"], 2);
    map.insert("b".into(), "three".into());
    assert_eq!(map["b"], "three");
    assert_eq!(map.shift_remove("b"), Some("three".into()));
    assert!(!map.contains_key("b") && map.shift_remove("b").is_none());
    map.entry("c").or_insert_with(|| 7.into());
    map.entry("d").or_insert_with(|| 7.into());
    assert_eq!(value.to_string(), r#"{"a":{"x":[]},"c":null,"d":7}"#);
    // Whatever the order.
    assert_eq!(parse(r#"{"a":1,"b":2}"#), parse(r#"{"b":2,"a":1}"#));
    for other in [r#"{"a":1}"#, r#"{"a":1,"b":3}"#, r#"{"a":1,"c":2}"#] {
        assert_ne!(parse(r#"{"a":1,"b":2}"#), parse(other));
    }
}

#[test]
fn reservations_stay_text_until_they_are_changed() {
    let item = r#"{ "hw-address": "aa",  "option-data": [ { "code": 43 } ] }"#;
    let escaped = r#"{"hostname":"\u00c3\"","x":1e+3}"#;
    let text = format!(r#"{{"reservations":[{item},{escaped},null,[{item}],7]}}"#);
    let mut value = parse(&text);
    let list = &value["reservations"];
    let kept = list[0].as_object().unwrap();
    assert_eq!(kept.text(), Some(item));
    assert_eq!(list[1].as_object().unwrap().text(), None);
    assert_eq!(list[1]["hostname"], "\u{c3}\"");
    assert_eq!(list[2], Value::Null);
    assert_eq!(list[3][0]["hw-address"], "aa");
    // As it came, with the spaces in it.
    let first = value.to_string();
    assert!(first.contains(item), "{first}");
    assert_eq!(parse(&first), value);
    // Reading does not change what is written, nor what is equal.
    let look = || kept.strings([&["hw-address"], &["none"], &["option-data"]]);
    assert_eq!(look(), [Some("aa"), None, None]);
    assert_eq!(kept["option-data"][0]["code"], 43);
    assert_eq!(look(), [Some("aa"), None, None]);
    assert_eq!(value.to_string(), first);
    assert_eq!(parse(&first), value);
    let plain = parse(&format!("[{item}]"));
    assert_eq!(value["reservations"][0], plain[0]);
    value["reservations"][0]["hw-address"] = "bb".into();
    assert_ne!(value["reservations"][0], plain[0]);
    let changed = r#"{"hw-address":"bb","option-data":[{"code":43}]}"#;
    assert_eq!(value["reservations"][0].to_string(), changed);
    // What is no JSON is none inside of them either.
    for bad in [
        r#"{"hw-address":"\ud800"}"#,
        r#"{"a":tru}"#,
        r#"{"a" "b"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":"\x"}"#,
        r#"{"a":01}"#,
        r#"{a:1}"#,
    ] {
        let text = format!(r#"{{"reservations":[{bad}]}}"#);
        assert!(json::parse(text.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn strings_by_their_paths() {
    let paths: [&[&str]; 4] = [&["a"], &["c", "n"], &["c", "d", "e"], &["x", "y"]];
    for (item, expected) in [
        (
            r#"{"z":[1],"c":{"d":{"e":"3","f":0},"n":"2"},"a":"1"}"#,
            [Some("1"), Some("2"), Some("3"), None],
        ),
        (r#"{"a":"0","c":{},"a":"1"}"#, [Some("1"), None, None, None]),
        (
            r#"{"a":7,"c":{"n":"2","d":[]}}"#,
            [None, Some("2"), None, None],
        ),
        (r#"{"c":null,"x":{"y":"4"}}"#, [None, None, None, Some("4")]),
        ("{}", [None; 4]),
    ] {
        let kept = parse(&format!(r#"{{"reservations":[{item}]}}"#));
        let kept = kept["reservations"][0].as_object().unwrap();
        assert!(kept.text().is_some());
        assert_eq!(kept.strings(paths), expected, "{item}");
        let read = parse(item);
        assert_eq!(read.as_object().unwrap().strings(paths), expected, "{item}");
    }
}

#[test]
fn numbers_keep_their_text() {
    let text = r#"[0.875,12345678901234567890123,1e+3,-0.0,-7,18446744073709551615]"#;
    let value = parse(text);
    assert_eq!(value.to_string(), text);
    let numbers = value.as_array().unwrap();
    let unsigned: Vec<_> = numbers.iter().filter_map(Value::as_u64).collect();
    assert_eq!(unsigned, [u64::MAX]);
    assert_eq!(value[4].as_i64(), Some(-7));
}

#[test]
fn addresses_are_written_as_everywhere() {
    for octets in [[0; 4], [255; 4], [10, 0, 1, 99], [1, 22, 100, 200]] {
        let address = Ipv4Addr::from(octets);
        assert_eq!(Value::from(address), Value::from(address.to_string()));
    }
}
