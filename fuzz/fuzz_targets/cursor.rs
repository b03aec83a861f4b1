//! See `e2e::fuzzed::cursor`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| e2e::fuzzed::cursor(data));
