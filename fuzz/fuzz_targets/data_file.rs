//! Feeds the fuzzer's bytes to the oracle for the repository's file; it does nothing else.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::oracles::data_file(data));
