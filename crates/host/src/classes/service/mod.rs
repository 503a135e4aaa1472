//! Services, which are units of systemd.

pub mod win32_service;
mod win32_service_methods;
