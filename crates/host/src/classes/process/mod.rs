//! Processes.

pub mod win32_process;
mod win32_process_methods;
