//! This machine as CIM: the classes of root\cimv2, and the profiles in root\interop to which they
//! conform, read from the Linux kernel, from files and from systemd.
//!
//! Reads a machine and provides its classes; namespaces, queries and clients belong to the object
//! manager. All data comes through a [`Root`], so that a captured machine is described as well as
//! the live one.
//!
//! | module | what |
//! |---|---|
//! | [`facts`] | pure parsers, one for each source, in a folder for each area |
//! | `readers` | the system calls, files and D-Bus calls that read the machine |
//! | `control` | starts, ends and reprioritizes processes |
//! | [`mod@classes`] | the classes, in a folder for each area: a class is files under one name |
//!
//! Imports go one way: `facts`, then `readers`, then `control`, then `classes`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod classes;
pub mod facts;

mod control;
mod readers;

pub use classes::{
    CLASSES, Class, PROFILES, Text, classes, in_order, machine_mof, profile_mof, register,
};
pub use readers::bus::{self, Bus};
pub use readers::root::{self, Root};
pub use readers::source::{Access, Recorder, Source};
