//! Arbitrary bytes as all that a server sends; the first says whether we have a
//! key.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first() {
        test_oracle::omapi::server(rest, first & 1 == 1);
    }
});
