//! Tests of the crate through its public functions, on small data files made by hand. Files that
//! LMDB itself wrote are read in the example of `lib.rs` and in the tests of `repository`.

mod check;
mod file;
mod recovery;
