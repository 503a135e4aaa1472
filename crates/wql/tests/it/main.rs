//! The tests of the crate: text in, text or verdict out.
//!
//! `parse` compares queries with the trees and errors in `tests/data/parse`; `eval` runs the
//! queries in `tests/data/eval` over the classes and instances written there; `bound` asks a
//! bound query about itself; `random` holds what must hold for every text.

mod bound;
mod dump;
mod eval;
mod fixture;
mod parse;
mod random;
