//! TODO map

pub mod class_rules;
pub mod classes;
pub mod reference;
