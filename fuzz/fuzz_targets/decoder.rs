//! Arbitrary bytes as messages.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| test_oracle::omapi::decoder(data));
