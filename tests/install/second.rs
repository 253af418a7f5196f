//! A static library in Rust that has nothing to do with ours, for programs that
//! link both: it allocates, starts a thread, panics and unwinds.

use std::collections::HashMap;
use std::panic::catch_unwind;

/// The number of words in a table made by a thread.
#[unsafe(no_mangle)]
pub extern "C" fn second_words() -> usize {
    let thread = std::thread::spawn(|| {
        let text = "one two three two one";
        let mut words = HashMap::new();
        for word in text.split(' ') {
            *words.entry(word).or_insert(0) += 1;
        }
        words.len()
    });
    thread.join().unwrap_or(0)
}

/// 1 when a panic was caught.
#[unsafe(no_mangle)]
pub extern "C" fn second_catches() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    i32::from(catch_unwind(|| panic!("caught")).is_err())
}
