//! Reads: one object by its path, enumerations, queries, walks over associations.
//!
//! ```text
//! request   what is asked for
//! resolve   which classes, which sources
//! plan      what each source is asked, what the core filters
//! execute   sources -> filter -> projection -> the client's sink
//! ```
//!
//! | module | what |
//! |---|---|
//! | `get` | GetObject, and following a reference |
//! | `classes` | enumerations of classes, schema queries |
//! | `query` | from the text of a query to what is to be run |
//! | `associations` | `ASSOCIATORS OF`, `REFERENCES OF` |
//! | `explain` | a plan as instances |

mod associations;
mod classes;
mod execute;
mod explain;
pub mod get;
mod plan;
pub mod query;
mod request;
mod resolve;

pub use request::{InstanceQuery, QueryScope};
