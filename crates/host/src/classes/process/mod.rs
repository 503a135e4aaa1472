//! Processes.

pub mod win32_process;
pub(super) mod win32_process_methods;
