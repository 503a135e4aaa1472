//! Tests across the crates.

mod oracles;
mod scripts;
