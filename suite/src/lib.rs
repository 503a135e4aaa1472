//! Tests and benchmarks across the crates.
