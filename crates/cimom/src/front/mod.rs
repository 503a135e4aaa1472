//! What the outside calls: the object manager, its sessions, the MOF compiler.

mod autorecover;
mod cimom;
mod compile;
mod connections;
mod extended_status;
mod for_provider;
mod session;
#[cfg(test)]
mod tests;

pub use autorecover::{AUTORECOVER, Recovered};
pub use cimom::Cimom;
pub use compile::ExistingObjects;
