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
//! | `repository` | [`Repository`]: open, [`Repository::read`], [`Repository::write`] |
//! | `view` | what can be read |
//! | `writer`, `put` | what can be written: namespaces and classes, instances |
//! | `verify`, `backup` | whether all is whole; copies, and bringing them back |
//! | `salvage` | what can be read of a damaged file, in a new one |
//! | `create`, `lock` | first start, and who may open when |
//! | `open`, `gate` | LMDB's environment, and its growth |
//! | `whole`, `data_file` | the data file validated as a file, before LMDB maps it |
//! | `bindings` | what is kept in memory of a class that is read or written |
//! | `references` | which instances refer to which object |
//! | `entries` | databases whose entries have checksums |
//! | `keyed`, `stored` | entries under names of any length; those of namespaces and classes |
//! | `record`, `layout`, `value`, `object`, `declaration`, `bytes` | the encodings |
//! | `fault`, `space` | failures, and the statuses they become |

#![deny(unsafe_code)]

mod backup;
mod bindings;
mod bytes;
mod create;
mod data_file;
mod declaration;
mod entries;
mod fault;
pub mod format;
mod gate;
mod keyed;
mod layout;
mod lock;
mod object;
mod open;
mod put;
mod record;
mod references;
mod repository;
mod salvage;
mod space;
mod stored;
mod value;
mod verify;
mod view;
mod whole;
mod writer;

pub use keyed::Position;
pub use object::ClassLookup;
pub use put::PutMode;
pub use references::Referring;
pub use repository::{Repository, Snapshot};
pub use salvage::Salvage;
pub use verify::Verification;
pub use view::{
    ClassId, ClassListing, Instances, NamespaceId, NamespaceSecurity, NamespaceState, View,
};
pub use writer::Writer;
