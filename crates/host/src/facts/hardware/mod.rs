//! Processors and firmware: one parser for each source.

pub mod architecture;
pub mod cpuinfo;
pub mod smbios;
