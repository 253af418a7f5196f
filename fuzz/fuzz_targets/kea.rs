//! Arbitrary lines as what a Kea answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| test_oracle::kea::lines(data));
