//! TODO map

pub mod methods;
