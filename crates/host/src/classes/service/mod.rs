//! Services, which are units of systemd.

pub mod win32_service;
pub(super) mod win32_service_methods;
