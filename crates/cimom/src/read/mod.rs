//! TODO map

pub mod associations;
pub mod classes;
pub mod execute;
pub mod explain;
pub mod get;
pub mod plan;
pub mod query;
pub mod resolve;
