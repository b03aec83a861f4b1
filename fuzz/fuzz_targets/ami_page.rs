//! See `e2e::fuzzed::ami_page`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| e2e::fuzzed::ami_page(data));
