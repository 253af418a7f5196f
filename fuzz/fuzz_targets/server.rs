//! Arbitrary bytes as all that a server sends; the first says whether we have a
//! key.

#![no_main]

#[path = "../../tests/mutations/oracle.rs"]
#[allow(dead_code)]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first() {
        oracle::server(rest, first & 1 == 1);
    }
});
