//! The instances and the values that providers have: which provider a class is bound to, what
//! several providers have of one instance, and the properties of stored instances that a provider
//! supplies.

pub mod binding;
pub mod layered;
pub mod properties;
