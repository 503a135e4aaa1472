//! Processors and other hardware that no more specific area has.

pub mod win32_processor;
