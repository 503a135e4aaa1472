//! TODO map

pub mod provided;
