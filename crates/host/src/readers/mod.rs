//! Reads the machine: system calls, files below a [`root::Root`], and D-Bus.
//!
//! A reader finds the objects of one kind (processes, block devices, services) and reads what a
//! caller needs of each; [`crate::facts`] parses the bytes. A reader knows no class: what an
//! object is as a CIM instance is decided in [`crate::classes`].
//!
//! | module | what |
//! |---|---|
//! | `needs` | which sources of an object a query needs |
//! | [`source`] | what a class reads: its declaration, and a record of accesses |
//! | `sys` | the system calls that read |
//! | [`bus`] | a D-Bus connection with time limits |
//! | `processes` | the processes below `/proc` |
//! | [`root`] | the machine: live, or captured as a tree of files |
//! | `block_devices`, `processors`, `machine`, `systemd` | one kind of object each |
//! | `storage` | the devices between file systems and partitions |

pub mod bus;
pub mod root;

pub(crate) mod block_devices;
pub(crate) mod machine;
pub(crate) mod needs;
pub(crate) mod processes;
pub(crate) mod processors;
pub(crate) mod source;
pub(crate) mod storage;
pub(crate) mod sys;
pub(crate) mod systemd;
