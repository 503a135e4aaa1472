//! The classes of a namespace at one moment, what may become of them, and their localized parts.
//!
//! Made of declarations that the repository, the built-in system classes and, for what is not
//! stored, a caller supply. Decides about classes; reads and writes nothing itself.

pub mod class_rules;
mod classes;
pub mod localized;
pub mod reference;

pub use classes::{Declarations, Schema};
