//! TODO map

pub mod access;
pub mod partial;
