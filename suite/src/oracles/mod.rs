//! Rules for any input: one oracle for each language that comes from outside, for the repository's
//! file and for LMDB's.
//!
//! An oracle takes bytes and panics where a rule does not hold. The fuzz target of its name in
//! `fuzz/` calls it, and so do the ordinary tests, which replay and vary the files of `corpus/`.

mod data_file;
mod datetime;
mod lmdb_file;
mod mof;
mod object_path;
mod security_descriptor;
mod wql;

pub use data_file::data_file;
pub use datetime::datetime;
pub use lmdb_file::lmdb_file;
pub use mof::mof;
pub use object_path::object_path;
pub use security_descriptor::security_descriptor;
pub use wql::wql;
