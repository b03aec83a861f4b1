//! See `e2e::fuzzed::allow_list_yaml`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| e2e::fuzzed::allow_list_yaml(data));
