//! Reads: one object by its path, enumerations of classes and instances.
//!
//! ```text
//! request   what is asked for
//! resolve   which classes, which sources
//! plan      what each source is asked, what the core filters
//! execute   stored, providers -> output (filter, projection) -> the client's sink
//! ```
//!
//! | module | what |
//! |---|---|
//! | `get` | GetObject, and following a reference |
//! | `classes` | enumerations of classes, schema queries |
//! | `explain` | a plan as instances |

pub mod classes;
pub mod execute;
pub mod explain;
pub mod get;
mod output;
pub mod plan;
mod request;
pub mod resolve;
pub mod stored;

pub use request::{InstanceQuery, QueryScope};
