//! A namespace that exists: its path, and the number under which the repository keeps it.

use cim::Namespace;
use cim::status::WBEM_E_INVALID_NAMESPACE;
use repository::NamespaceId;

/// A namespace, and which of those that had its name over time.
#[derive(Clone)]
pub struct NamespaceRef {
    pub namespace: Namespace,
    pub id: NamespaceId,
}

/// The error of a call on a namespace that does not exist.
pub fn unknown(namespace: &Namespace) -> cim::Error {
    WBEM_E_INVALID_NAMESPACE.with(format!("namespace {namespace} does not exist"))
}
