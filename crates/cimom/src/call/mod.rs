//! An authorized call: who may do what in which namespace, and which properties it is about.
//!
//! Asks the namespace's descriptor and the values of the context, and nothing else: what a call
//! does is decided by the folders above.

pub mod access;
pub mod architecture;
pub mod namespace;
pub mod partial;

pub use access::{AuthorizedCall, Call, Policy};
pub use namespace::NamespaceRef;
