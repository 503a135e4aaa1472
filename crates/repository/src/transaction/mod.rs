//! What one transaction can read and write: namespaces, classes, instances and references.

pub(crate) mod bindings;
pub(crate) mod put;
pub(crate) mod references;
pub(crate) mod view;
pub(crate) mod writer;
