//! Tests across the crates.

mod kill;
mod oracles;
mod scripts;
