//! Arbitrary lines as the answers of a Kea server.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| test_oracle::kea::lines(data));
