//! Ids of messages: the genuine ones, but where somebody could use that.

use super::{Build, Run, Testd, Workshop, c_test, must};
use std::collections::BTreeSet;

/// The first number of a `random()` that nobody has seeded.
const GENUINE: u64 = 1_804_289_383;

#[test]
fn ids_with_a_key_cannot_be_guessed() {
    let workshop = Workshop::new();
    let program = must(c_test(&workshop, "ids", Build::PLAIN));
    let first_ids = |algorithm: Option<&str>| -> Vec<u64> {
        let server = Testd::start(algorithm);
        let id = |_| {
            let printed = program.run(&Run::against(&server));
            assert!(printed.success, "{}", printed.text);
            let mut lines = printed.text.lines();
            let id = lines.find_map(|l| l.strip_prefix("id ")?.parse().ok());
            id.expect("an id")
        };
        (0..4).map(id).collect()
    };
    assert_eq!(first_ids(None), [GENUINE; 4]);
    let keyed: BTreeSet<u64> = first_ids(Some("hmac-sha256")).into_iter().collect();
    assert_eq!(keyed.len(), 4, "{keyed:?}");
    // Not near each other either, and not near the genuine one. (By chance once
    // in some hundred thousand runs.)
    let all: Vec<u64> = keyed.into_iter().chain([GENUINE]).collect();
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| a.abs_diff(*b) > 1000), "{all:?}");
    }
}
