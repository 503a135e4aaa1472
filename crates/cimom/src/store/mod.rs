//! TODO map

pub mod core;
