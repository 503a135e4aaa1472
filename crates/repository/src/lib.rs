//! The durable store of namespaces, classes and instances, over LMDB.
//!
//! It keeps identities unique and what is stored consistent, and implements no other rule of WMI:
//! the object manager decides what may be stored, and checks access. A class is stored as its own
//! declaration, an instance under its exact class. A write is on disk when the call returns. A
//! reader sees one snapshot and blocks no one. Several processes may have one repository open.
//!
//! The modules, each of which uses only those above it:
//!
//! | module | purpose |
//! |---|---|
//! | [`mod@format`] | the file format, byte by byte, and its names and numbers |
//! | `error` | failures, and the status that each becomes |
//! | `encoding` | values, records, layouts and declarations as bytes |
//! | `data_file` | the data file validated as a file, before LMDB maps it |
//! | `environment` | LMDB's environment: lock, opening, growth, databases with checksums |
//! | `transaction` | what one transaction reads and writes |
//! | `create` | makes a new repository |
//! | `repository` | [`Repository`]: open, [`Repository::read`], [`Repository::write`] |
//! | `verify` | [`Repository::verify`]: checks everything that is stored |
//! | `backup` | copies a repository, and restores it from a copy |
//! | `salvage` | makes a new repository of what can be read of a damaged one |

#![deny(unsafe_code)]

mod backup;
mod create;
mod data_file;
mod encoding;
mod environment;
mod error;
pub mod format;
mod repository;
mod salvage;
mod transaction;
mod verify;

pub use encoding::ids::{ClassId, NamespaceId};
pub use encoding::object::ClassLookup;
pub use encoding::schema_entries::NamespaceSecurity;
pub use environment::hashed_keys::Position;
pub use repository::{Repository, Snapshot};
pub use salvage::Salvage;
pub use transaction::put::PutMode;
pub use transaction::references::Referring;
pub use transaction::view::{ClassListing, Instances, NamespaceState, View};
pub use transaction::writer::Writer;
pub use verify::Verification;
