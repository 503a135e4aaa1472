//! The kernel and the distribution as a whole: one parser for each source.

pub mod kernel_stat;
pub mod kernel_version;
pub mod meminfo;
pub mod os_release;
pub mod time_zone;
