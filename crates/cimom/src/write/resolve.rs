//! PutInstance and DeleteInstance: finds where the instance is stored, and writes it, for sessions
//! and for the compiler.

use cim::path::PathKeys;
use cim::status::{WBEM_E_INVALID_CLASS, WBEM_E_INVALID_PARAMETER, WBEM_E_NOT_FOUND};
use cim::{Instance, InstanceKey, ObjectPath, Result};
use wbem::{CallContext, Flags, PutAttributes};

use super::edit;
use super::instance::{InstanceDelete, InstancePut};
use super::instance_rules;
use super::properties::{self, PropertyWrites};
use super::provided::{self, ProvidedPut};
use crate::call::{AuthorizedCall, partial};
use crate::view::View;

/// A resolved put of an instance, ready to be written.
enum ResolvedPut<'a> {
    /// Providers have the instances of the class.
    Provided(ProvidedPut<'a>),
    /// The instance is stored, but for the values that property providers have.
    Stored(InstancePut<'a>, Option<PropertyWrites>),
}

/// Puts an instance, of which `attributes` say what its values do not; returns its path. `call` is without the values of partial operations,
/// `context` is the one with them.
/// Errors: `WBEM_E_ACCESS_DENIED`, `WBEM_E_INVALID_CLASS`; those of the rules for instances and of
/// partial puts; those of the providers.
pub fn put_instance(
    view: View<'_>,
    call: AuthorizedCall<'_, ()>,
    (instance, attributes): (&Instance, &PutAttributes),
    flags: Flags,
    context: &CallContext,
) -> Result<ObjectPath> {
    let instance = &*instance.with_defaulted(&attributes.defaulted);
    let class = view.class(instance.class().name(), WBEM_E_INVALID_CLASS)?;
    call.require_to_write(&class, "write this instance")?;
    let (partial, context) = partial::put(&class, flags, context)?;
    if partial.is_none() {
        instance_rules::check_whole(instance, attributes.selected.as_ref(), &class)?;
    }
    instance_rules::check_flags(flags)?;
    instance_rules::check_amended(attributes.is_amended, class.name(), flags)?;
    let put = match class.is_dynamic() {
        true => ResolvedPut::Provided(ProvidedPut::resolve(
            &view, &call, class, instance, flags, partial, &context,
        )?),
        false => {
            let (stored, properties) =
                properties::resolve(&view, &class, instance, flags, partial.as_ref())?;
            let (namespace, provided) = (view.namespace_ref(), view.provided_among(&class));
            let put = InstancePut::resolved(call, namespace, stored, flags, partial, provided);
            ResolvedPut::Stored(put, properties)
        }
    };
    put.commit(view, &context)
}

impl ResolvedPut<'_> {
    fn commit(self, view: View<'_>, context: &CallContext) -> Result<ObjectPath> {
        match self {
            ResolvedPut::Provided(put) => put.commit(&view),
            ResolvedPut::Stored(put, properties) => {
                let runtime = view.runtime();
                if let Some(properties) = properties {
                    // Providers cannot be undone: all that the core refuses, it refuses before.
                    let sources = properties.sources(&view)?;
                    view.without_snapshot(|| {
                        edit::rehearse(runtime, context, |edit| edit.put_instance(&put).map(drop))
                    })?;
                    properties.commit(&sources, &view, context)?;
                }
                drop(view);
                edit::edit(runtime, context, |edit| edit.put_instance(&put))
            }
        }
    }
}

/// Deletes the instance at `path`, which is in the namespace of `view`.
/// Errors: `WBEM_E_ACCESS_DENIED`, `WBEM_E_NOT_FOUND`, `WBEM_E_INVALID_PARAMETER` for the path of a
/// class; those of the providers.
pub fn delete_instance(
    view: View<'_>,
    call: AuthorizedCall<'_, ()>,
    path: &ObjectPath,
) -> Result<()> {
    if path.keys == PathKeys::Class {
        return Err(WBEM_E_INVALID_PARAMETER
            .with(format!("{path} names a class, not an instance; delete it as a class")));
    }
    let class = view.class(&path.class, WBEM_E_NOT_FOUND)?;
    call.require_to_write(&class, "delete this instance")?;
    let key = InstanceKey::from_path(&class, &path.keys)?;
    let is_stored = view.stored_instance(&class, &key, false)?.is_some();
    if class.is_dynamic() || !is_stored {
        let affected = provided::affected_classes(&view, &class)?;
        if let Some(provided) = affected.first() {
            call.require_to_write(provided, "delete this instance")?;
            return provided::delete(&view, &call, &affected, &path.keys, call.context());
        }
    }
    let (runtime, namespace, context) = (view.runtime(), view.namespace_ref(), call.context());
    let (name, provided) = (class.name().clone(), view.provided_among(&class));
    drop(view);
    let delete = InstanceDelete::new(call, namespace, name, key, provided);
    edit::edit(runtime, context, |edit| edit.delete_instance(&delete))
}
