//! See `e2e::fuzzed::request_json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| e2e::fuzzed::request_json(data));
