//! TODO map

pub mod autorecover;
pub mod compile;
pub mod connections;
pub mod extended_status;
pub mod for_provider;
pub mod session;
