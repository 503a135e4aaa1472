//! The computer system and its operating system.

pub mod win32_computersystem;
pub mod win32_operatingsystem;
