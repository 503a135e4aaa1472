//! This machine as CIM: the classes of root\cimv2, and the profiles in root\interop to which they conform, told from what the Linux kernel says.
//!
//! Knows how to read a machine and how to answer for a class; knows nothing of namespaces,
//! queries or clients, which are the object manager's. Everything comes through a [`Root`], so
//! that a captured machine is described as well as the live one.
//!
//! | module | what |
//! |---|---|
//! | [`facts`] | pure parsers, one for each source |
//! | `sys`, [`root`], `processes`, `processors`, `block_devices`, `storage`, `machine` | the system calls, and what is read by them |
//! | `control` | what is done to processes |
//! | [`bus`], `systemd` | D-Bus, and systemd as it is asked over it |
//! | [`classes`] | one class, one file, its MOF and its table of sources beside it |

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bus;
pub mod classes;
pub mod facts;
pub mod root;

mod block_devices;
mod control;
mod machine;
mod needs;
mod processes;
mod processors;
mod storage;
mod sys;
mod systemd;

pub use bus::Bus;
pub use classes::{CLASSES, Class, PROFILE_SCHEMA, PROFILES, SUPERCLASSES, Text, register};
pub use root::Root;
