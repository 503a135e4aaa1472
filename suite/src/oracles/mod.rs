//! What must hold of any input whatever: one oracle for each language that comes from
//! outside, and for the repository's file.
//!
//! An oracle takes bytes and panics where a rule does not hold. Two drive it: the fuzz target of
//! its name in `fuzz/`, and the ordinary tests, which replay the files of `corpus/` and vary them.

mod data_file;
mod datetime;
mod mof;
mod object_path;
mod security_descriptor;
mod wql;

pub use data_file::data_file;
pub use datetime::datetime;
pub use mof::mof;
pub use object_path::object_path;
pub use security_descriptor::security_descriptor;
pub use wql::wql;
