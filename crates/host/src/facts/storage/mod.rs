//! Block devices, their links and labels, and mounted file systems: one parser for each source.

pub mod block_device;
pub mod disk_links;
pub mod file_system;
pub mod mountinfo;
pub mod uevent;
pub mod unit_serial;
