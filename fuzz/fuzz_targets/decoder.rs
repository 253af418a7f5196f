//! Arbitrary bytes as messages.

#![no_main]

#[path = "../../tests/mutations/oracle.rs"]
#[allow(dead_code)]
mod oracle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracle::decoder(data));
