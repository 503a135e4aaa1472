//! What is stored as bytes: values, records, layouts, declarations, and the entries of namespaces
//! and classes (FORMAT.md). Reads and writes byte slices; knows nothing of LMDB and of files.

pub(crate) mod bytes;
pub(crate) mod checksum;
pub(crate) mod declaration;
pub(crate) mod ids;
pub(crate) mod layout;
pub(crate) mod object;
pub(crate) mod record;
pub(crate) mod schema_entries;
pub(crate) mod value;
