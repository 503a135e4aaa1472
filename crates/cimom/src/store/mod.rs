//! What all operations share: the repository, the schemas of its namespaces, the environment.
//!
//! Knows nothing of providers: of a class that is not stored there is nothing here.

mod core;
mod held;
mod stored_view;

pub use core::{Core, Environment, WriteHooks};
pub use stored_view::{StoredView, SuspendedView};
