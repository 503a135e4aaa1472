//! TODO map

pub mod binding;
pub mod layered;
pub mod properties;
