//! Arbitrary bytes as all that a client sends; the first says whether a key is
//! required.

#![no_main]

#[path = "../../tests/mutations/oracle.rs"]
#[allow(dead_code)]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first() {
        oracle::client(rest, first & 1 == 1);
    }
});
