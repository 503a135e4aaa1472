//! TODO map

pub mod walk;
