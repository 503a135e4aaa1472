//! `__NAMESPACE`: a namespace exists because an instance in its parent names it, and qualifiers
//! of that instance say who may be in it (behaviour.md G.1, G.11).

use cim::path::is_namespace_name;
use cim::security::{Descriptor, Rights};
use cim::status::*;
use cim::{Instance, Namespace, Result};
use wbem::CallContext;

use super::security;
use crate::write::edit::{Edit, NamespaceRef};

/// The descriptor of the namespace in SDDL. Not kept as text.
const SDDL: &str = "NamespaceSecuritySDDL";
/// Whether remote calls must be encrypted.
const ENCRYPTION: &str = "RequiresEncryption";

/// Makes the namespace that the instance names, or changes who may be in it. The descriptor is
/// taken from the instance.
/// Errors: `WBEM_E_INVALID_PARAMETER` for a descriptor that is none; `WBEM_E_ACCESS_DENIED` where
/// the namespace is there and the caller may not change its descriptor.
pub(super) fn before_put(
    edit: &mut Edit<'_, '_>,
    parent: &NamespaceRef,
    instance: &mut Instance,
    context: &CallContext,
) -> Result<()> {
    let child = child(parent, instance)?;
    let given = take_descriptor(instance)?;
    let qualifiers = instance.qualifiers();
    let encryption = qualifiers.is_some_and(|q| q.instance.is_true(ENCRYPTION));
    match edit.place(&child) {
        Err(e) if e.status() == WBEM_E_INVALID_NAMESPACE => {
            let place = edit.create_namespace(&child)?;
            let begin = edit.security(parent)?.0.inherited();
            let descriptor = security::changed(&begin, given)?;
            edit.set_security(&place, &descriptor, encryption)
        }
        Err(e) => Err(e),
        Ok(place) => {
            let (now, encrypted) = edit.security(&place)?;
            if given.is_none() && encryption == encrypted {
                return Ok(());
            }
            let call = edit.authorize(&place, context)?;
            call.require(Rights::WRITE_DAC, "change who may be in it")?;
            edit.set_security(&place, &security::changed(&now, given)?, encryption)
        }
    }
}

/// Deletes the namespace with all it holds, namespaces in it included.
pub(super) fn before_delete(
    edit: &mut Edit<'_, '_>,
    parent: &NamespaceRef,
    instance: &Instance,
) -> Result<()> {
    edit.delete_namespace(&child(parent, instance)?)
}

/// The descriptor that the instance gives its namespace, if it does.
fn take_descriptor(instance: &mut Instance) -> Result<Option<Descriptor>> {
    let mut qualifiers = instance.qualifiers().cloned().unwrap_or_default();
    let Some(given) = qualifiers.instance.remove(SDDL) else { return Ok(None) };
    instance.set_qualifiers(qualifiers);
    let text = given.value.as_str().ok_or_else(|| {
        WBEM_E_INVALID_PARAMETER.with(format!("the qualifier {SDDL} is a text in SDDL"))
    })?;
    text.parse().map(Some)
}

fn child(parent: &NamespaceRef, instance: &Instance) -> Result<Namespace> {
    let name = instance.get("Name").and_then(|v| v.as_str()).unwrap_or_default();
    if !is_namespace_name(name) {
        return Err(WBEM_E_INVALID_OBJECT.with(format!(
            "\"{name}\" cannot be the name of a namespace: a letter, then letters, digits, underscores"
        )));
    }
    parent.namespace.child(name).map_err(|e| WBEM_E_INVALID_NAMESPACE.with(e.message().to_owned()))
}
