//! Feeds the fuzzer's bytes to the oracle for security descriptors; it does nothing else.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::oracles::security_descriptor(data));
