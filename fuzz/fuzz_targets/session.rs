//! Arbitrary bytes as all that a client sends; the first says whether a key is
//! required.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first() {
        test_oracle::omapi::client(rest, first & 1 == 1);
    }
});
