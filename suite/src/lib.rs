//! Tests and benchmarks across the crates.

pub mod gaps;
pub mod oracles;
