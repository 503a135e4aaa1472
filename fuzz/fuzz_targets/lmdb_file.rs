//! Passes the fuzzer's bytes to the oracle for LMDB data files; it does nothing else.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| suite::oracles::lmdb_file(data));
