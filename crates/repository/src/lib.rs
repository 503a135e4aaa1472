//! The durable store of namespaces, classes and instances, over LMDB.
//!
//! It knows identity and wholeness, and no other rule of WMI: the object manager decides what
//! may be put by whom. A class is stored as it declares itself; an instance under its exact
//! class. What is written is on disk when the call returns; who reads sees one moment and
//! holds nobody up; several processes may have one repository open.
//!
//! | module | what |
//! |---|---|
//! | [`mod@format`] | the file format, byte by byte |
//! | `error` | failures, and the statuses they become |
//! | `encoding` | values, records, layouts and declarations as bytes |
//! | `data_file` | the data file validated as a file, before LMDB maps it |
//! | `environment` | LMDB's environment: lock, opening, growth, databases with checksums |
//! | `transaction` | what one transaction reads and writes |
//! | `create` | first start |
//! | `repository` | [`Repository`]: open, [`Repository::read`], [`Repository::write`] |
//! | `verify`, `backup` | whether all is whole; copies, and bringing them back |
//! | `salvage` | what can be read of a damaged file, in a new one |

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
