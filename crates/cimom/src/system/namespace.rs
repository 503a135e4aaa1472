//! `__NAMESPACE`: a namespace exists because an instance in its parent names it
//! (behaviour.md G.1).

use cim::path::is_namespace_name;
use cim::status::{WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_OBJECT};
use cim::{Instance, Namespace, Result};
use repository::Writer;

use crate::edit::Place;

/// Makes the namespace that the instance names.
pub(super) fn before_put(
    writer: &mut Writer<'_>,
    place: &Place,
    instance: &Instance,
) -> Result<()> {
    let child = child(place, instance)?;
    if writer.view().namespace(&child)?.is_none() {
        writer.create_namespace(&child)?;
    }
    Ok(())
}

/// Deletes the namespace with all it holds, namespaces in it included.
pub(super) fn before_delete(
    writer: &mut Writer<'_>,
    place: &Place,
    instance: &Instance,
) -> Result<()> {
    let child = child(place, instance)?;
    writer.delete_namespace(&child).map(drop)
}

fn child(place: &Place, instance: &Instance) -> Result<Namespace> {
    let name = instance.get("Name").and_then(|v| v.as_str()).unwrap_or_default();
    if !is_namespace_name(name) {
        return Err(WBEM_E_INVALID_OBJECT.with(format!(
            "\"{name}\" cannot be the name of a namespace: a letter, then letters, digits, underscores"
        )));
    }
    place.namespace.child(name).map_err(|e| WBEM_E_INVALID_NAMESPACE.with(e.message().to_owned()))
}
