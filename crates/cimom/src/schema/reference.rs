//! Associations between namespaces: the qualifier `MSFT_TargetNamespace` on a reference says in
//! which namespace its object is (behaviour.md E.4, J 16).
//!
//! The qualifier may name namespaces of this server only. References without it are handled by
//! [`crate::query::associations::walk`].

use cim::class::TARGET_NAMESPACE;
use cim::path::{Connection, is_local_server};
use cim::status::WBEM_E_NOT_SUPPORTED;
use cim::{CimType, Class, Origin, Result};

/// Whether the reference in `slot` names the namespace of its object.
pub fn says_target(class: &Class, slot: usize) -> bool {
    class.properties()[slot].qualifiers.text(TARGET_NAMESPACE).is_some()
}

/// Whether the reference in `slot` may hold an object that is at `origin`: one that says its
/// namespace holds no other, and only a stored one leads into another without saying so.
pub fn may_hold(class: &Class, slot: usize, origin: &Origin) -> bool {
    match class.properties()[slot].qualifiers.text(TARGET_NAMESPACE) {
        Some(target) => {
            is_local(target, origin)
                && class.target_namespace(slot).as_ref() == Some(&origin.namespace)
        }
        None => {
            !class.is_dynamic()
                || class.origin().is_none_or(|own| own.namespace == origin.namespace)
        }
    }
}

fn is_local(target: &str, origin: &Origin) -> bool {
    let Ok(Connection { server, .. }) = target.parse() else { return false };
    server.is_none_or(|server| is_local_server(&server, &origin.server))
}

/// Errors: `WBEM_E_NOT_SUPPORTED` for a class with a reference to another server.
pub fn check(class: &Class) -> Result<()> {
    let Some(own) = class.origin() else { return Ok(()) };
    for property in class.properties().iter().filter(|p| p.ty.cim == CimType::Reference) {
        if let Some(target) = property.qualifiers.text(TARGET_NAMESPACE)
            && !is_local(target, own)
        {
            return Err(WBEM_E_NOT_SUPPORTED.with(format!(
                "{}.{} has the target namespace {target}, which is not one of this server",
                class.name(),
                property.name
            )));
        }
    }
    Ok(())
}
