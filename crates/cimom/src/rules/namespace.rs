//! `__NAMESPACE`: a namespace exists because an instance in its parent names it, and qualifiers
//! of that instance say who may be in it (behaviour.md G.1, G.11).

use cim::path::is_namespace_name;
use cim::security::Descriptor;
use cim::status::*;
use cim::{Class, Instance, Namespace, Result, Value};
use wbem::{PendingPut, WriteHook, WriteTransaction};

use super::security;
use crate::system::{self, ENCRYPTION, SDDL};

/// The hook of `__NAMESPACE`.
pub(super) struct NamespaceRules;

impl WriteHook for NamespaceRules {
    fn guards(&self, class: &Class) -> bool {
        system::is_namespace(class)
    }

    /// Creates the namespace that the instance names, or changes who may be in it. The descriptor
    /// is taken from the instance.
    /// Errors: `WBEM_E_INVALID_PARAMETER` for a descriptor that is none; `WBEM_E_ACCESS_DENIED`
    /// where the namespace exists and the caller may not change its descriptor.
    fn before_put(
        &self,
        transaction: &mut dyn WriteTransaction,
        put: PendingPut<'_>,
    ) -> Result<()> {
        let child = child(put.namespace, put.instance)?;
        let given = take_descriptor(put.instance)?;
        let qualifiers = put.instance.qualifiers();
        let encryption = qualifiers.is_some_and(|q| q.instance.is_true(ENCRYPTION));
        let parent = transaction.namespace_security(put.namespace)?;
        let (parent, _) = parent.ok_or(WBEM_E_INVALID_NAMESPACE)?;
        match transaction.namespace_security(&child)? {
            None => {
                let descriptor = security::changed(&parent.inherited(), given, &parent)?;
                transaction.create_namespace(&child, &descriptor, encryption)
            }
            Some((now, encrypted)) => {
                let descriptor = security::changed(&now, given, &parent)?;
                // An instance that was read and is put again changes nothing.
                if descriptor == now && encryption == encrypted {
                    return Ok(());
                }
                transaction.set_namespace_security(&child, &descriptor, encryption)
            }
        }
    }

    /// Deletes the namespace with all it holds, namespaces in it included.
    fn before_delete(
        &self,
        transaction: &mut dyn WriteTransaction,
        namespace: &Namespace,
        instance: &Instance,
    ) -> Result<()> {
        transaction.delete_namespace(&child(namespace, instance)?)
    }
}

/// The descriptor that the instance gives its namespace, if it does.
fn take_descriptor(instance: &mut Instance) -> Result<Option<Descriptor>> {
    let mut qualifiers = instance.qualifiers().cloned().unwrap_or_default();
    let Some(given) = qualifiers.instance.remove(SDDL) else { return Ok(None) };
    instance.set_qualifiers(qualifiers);
    let text = match &given.value {
        Value::Array(parts) => parts.iter().map(Value::as_str).collect::<Option<String>>(),
        text => text.as_str().map(str::to_owned),
    };
    let text = text.ok_or_else(|| {
        WBEM_E_INVALID_PARAMETER
            .with(format!("the qualifier {SDDL} is a text in SDDL, or an array of its parts"))
    })?;
    text.parse().map(Some)
}

fn child(parent: &Namespace, instance: &Instance) -> Result<Namespace> {
    let name = instance.get("Name").and_then(|v| v.as_str()).unwrap_or_default();
    if !is_namespace_name(name) {
        return Err(WBEM_E_INVALID_OBJECT.with(format!(
            "\"{name}\" cannot be the name of a namespace: a letter, then letters, digits, underscores"
        )));
    }
    parent.child(name).map_err(|e| WBEM_E_INVALID_NAMESPACE.with(e.message().to_owned()))
}
