//! Tests of the crate as its users see it.
//!
//! `UPDATE=1 cargo test -p openwmi-mof` rewrites the goldens under `tests/data`.

mod arbitrary;
mod dump;
mod goldens;
mod instantiate;
mod limits;
mod round_trip;
mod split;
