//! Queries and enumerations: from the text to what is to be run, and walks over associations.
//!
//! How instances are found and read is [`crate::read`]'s.

mod associations;
mod run;

pub use run::{Run, beyond, instances, parse, run, subclasses};
