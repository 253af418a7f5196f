//! Arbitrary lines as what a Kea answers.

#![no_main]

#[path = "../../tests/mutations/kea.rs"]
#[allow(dead_code)]
mod kea;

libfuzzer_sys::fuzz_target!(|data: &[u8]| kea::lines(data));
