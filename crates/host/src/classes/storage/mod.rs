//! Disks, partitions and mounted file systems.

pub mod win32_diskdrive;
pub mod win32_diskdrivetodiskpartition;
pub mod win32_diskpartition;
pub mod win32_logicaldisk;
pub mod win32_logicaldisktopartition;
