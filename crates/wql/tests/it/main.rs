//! The tests of the crate: text in, text or verdict out, the cases in `tests/data`.
