//! Feeds the fuzzer's bytes to the oracle for WQL text; it does nothing else.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::oracles::wql(data));
