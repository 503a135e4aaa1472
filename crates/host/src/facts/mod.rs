//! What the kernel and the distribution write, as structs: one file per source.
//!
//! Every parser takes the bytes of one file (or the text of one link) and gives a struct; none
//! reads anything itself, so each can be tested on text captured elsewhere. The bytes come from
//! [`crate::root`] and `processes`, the structs go to [`crate::classes`]. What is read once per query is parsed
//! for clarity; what is read once per process (`process_*`) is parsed in one pass over the
//! buffer and borrows its text from it.
//!
//! A field that the source does not have is `None`; a source that is not in the form that the
//! kernel documents gives `None` as a whole. Sizes and depths are bounded by the reader: a file
//! is cut at 8 MiB (`sys::FILE_LIMIT`), and no parser recurses.

pub mod scan;

pub mod process_cmdline;
pub mod process_exe;
pub mod process_io;
pub mod process_stat;
pub mod process_status;

pub mod cpuinfo;
pub mod kernel_stat;
pub mod kernel_version;
pub mod meminfo;
pub mod mountinfo;

pub mod block_device;
pub mod disk_links;
pub mod file_system;
pub mod os_release;
pub mod time_zone;
