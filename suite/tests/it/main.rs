//! Tests across the crates.

mod oracles;
