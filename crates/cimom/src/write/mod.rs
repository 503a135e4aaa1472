//! TODO map

pub mod class;
pub mod edit;
pub mod instance_rules;
pub mod localized;
