//! Feeds the fuzzer's bytes to the oracle for object paths; it does nothing else.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::oracles::object_path(data));
