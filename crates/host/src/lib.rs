//! This machine as CIM: the classes of root\cimv2, and the profiles in root\interop to which they conform, told from what the Linux kernel says.
//!
//! Knows how to read a machine and how to answer for a class; knows nothing of namespaces,
//! queries or clients, which are the object manager's. Everything comes through a [`Root`], so
//! that a captured machine is described as well as the live one.
//!
//! | module | what |
//! |---|---|
//! | [`facts`] | pure parsers, one for each source, in a folder for each area |
//! | `readers` | the system calls, files and D-Bus calls that read the machine |
//! | `control` | starts, ends and reprioritizes processes |
//! | [`classes`] | the classes, in a folder for each area: a class is files under one name |
//!
//! Imports go one way: `facts`, then `readers`, then `control`, then `classes`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod classes;
pub mod facts;

mod control;
mod readers;

pub use classes::{CLASSES, Class, PROFILE_SCHEMA, PROFILES, SUPERCLASSES, Text, register};
pub use readers::bus::{self, Bus};
pub use readers::root::{self, Root};
