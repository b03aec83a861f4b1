//! See `e2e::fuzzed::import`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| e2e::fuzzed::import(data));
