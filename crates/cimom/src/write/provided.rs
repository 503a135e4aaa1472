//! Puts and deletions of instances that providers have: which providers take them, in which order
//! (behaviour.md B.4, J 5).
//!
//! A put goes to the providers of all dynamic classes from the top of the derivation down to the
//! class of the instance, a deletion also to those below it.

use std::sync::Arc;

use cim::key::path_values;
use cim::path::PathKeys;
use cim::status::*;
use cim::{Class, Instance, ObjectPath, Result};
use wbem::{CallContext, Flags, PartialPut, ProviderContext};

use super::instance_rules;
use crate::call::AuthorizedCall;
use crate::source::binding;
use crate::source::layered::{self, Part, is_provided, same_provider};
use crate::view::View;

/// A put of an instance that providers have, of an authorized call.
pub(super) struct ProvidedPut<'a> {
    context: &'a CallContext,
    class: Arc<Class>,
    instance: Instance,
    flags: Flags,
    partial: Option<PartialPut>,
    /// In the order in which they are put.
    parts: Vec<Part>,
}

impl<'a> ProvidedPut<'a> {
    /// What the put of `given` as an instance of the dynamic class `class` comes to.
    /// Errors: those of binding the providers and of the rules for instances;
    /// `WBEM_E_PROVIDER_NOT_CAPABLE` where one of them takes no puts;
    /// `WBEM_E_UNSUPPORTED_PUT_EXTENSION` for an atomic put to several providers.
    pub(super) fn resolve(
        view: &View<'_>,
        _call: &AuthorizedCall<'_, ()>,
        class: Arc<Class>,
        given: &Instance,
        flags: Flags,
        partial: Option<PartialPut>,
        context: &'a CallContext,
    ) -> Result<Self> {
        let own = Part { class: class.clone(), binding: binding::bind(view, &class)? };
        let mut parts = layered::parts(view, &class)?;
        parts.insert(0, own);
        for part in &parts {
            part.binding.check_put()?;
        }
        parts.sort_by_key(|part| topmost(&class, &part.class));
        let is_written = |part: &&Part| {
            partial.as_ref().is_none_or(|p| !of_class(p, &class, &part.class).slots.is_empty())
        };
        let is_atomic = partial.as_ref().is_some_and(|partial| partial.atomic);
        if is_atomic && parts.iter().filter(is_written).count() > 1 {
            return Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.with(format!(
                "several providers contribute to an instance of {}; they cannot be written all or \
                 none",
                class.name()
            )));
        }
        let instance = match &partial {
            Some(partial) => {
                let instance = instance_rules::of_class(given, &class, flags)?;
                instance.check_class()?;
                instance.check_values(|slot| partial.slots.contains(&slot))?;
                // Its key says which instance is meant.
                instance.key()?;
                instance
            }
            None => {
                let random = &view.core().environment().random;
                instance_rules::prepare(given, &class, flags, random)?
            }
        };
        Ok(ProvidedPut { context, class, instance, flags, partial, parts })
    }

    /// Puts each part as an instance of its own class. The first that fails ends it.
    /// Errors: the providers'.
    pub(super) fn commit(self, view: &View<'_>) -> Result<ObjectPath> {
        let ProvidedPut { context, class, instance, flags, partial, parts } = self;
        let mut made = None;
        view.without_snapshot(|| {
            for part in &parts {
                let instance = as_instance_of(&instance, &part.class);
                let (provider, instances) = (&part.binding.provider, &part.binding.instances);
                let path = match partial.as_ref().map(|it| of_class(it, &class, &part.class)) {
                    // None of the properties is one of this class.
                    Some(partial) if partial.slots.is_empty() => None,
                    Some(partial) => provider
                        .call(context, |c| instances.put_partial(&instance, &partial, flags, c))?,
                    None => provider.call(context, |c| instances.put(&instance, flags, c))?,
                };
                // The one that has the class itself says which object it is.
                if Arc::ptr_eq(&part.class, &class) {
                    made = path;
                }
            }
            Ok::<(), cim::Error>(())
        })?;
        made.or_else(|| instance.relative_path()).ok_or_else(|| WBEM_E_NO_KEY.into())
    }
}

/// How many classes are above the topmost of those from `class` upwards that have the provider of
/// `part`, which is one of them.
fn topmost(class: &Arc<Class>, part: &Class) -> usize {
    let classes = std::iter::once(class).chain(class.ancestors());
    let of_provider = classes.filter(|it| is_provided(it) && same_provider(it, part));
    of_provider.map(|it| it.ancestors().count()).min().unwrap_or_default()
}

/// `instance`, seen as one of `class`, which is its class or one above it.
fn as_instance_of(instance: &Instance, class: &Arc<Class>) -> Instance {
    if Arc::ptr_eq(instance.class(), class) {
        return instance.clone();
    }
    let mut above = Instance::new(class.clone());
    for (slot, property) in class.properties().iter().enumerate() {
        if let Some(here) = instance.class().slot(property.name.as_str())
            && instance.is_supplied(here)
        {
            above.set(slot, instance.value(here).clone());
        }
    }
    above
}

/// What a partial put of `class` is about in the class above it.
fn of_class(partial: &PartialPut, class: &Class, above: &Class) -> PartialPut {
    let slot = |slot: &usize| above.slot(class.properties()[*slot].name.as_str());
    PartialPut { slots: partial.slots.iter().filter_map(slot).collect(), ..partial.clone() }
}

/// The dynamic classes to which the deletion of an instance of `class` goes: those above it, itself
/// and those below, each after those above it.
pub(super) fn affected_classes(view: &View<'_>, class: &Arc<Class>) -> Result<Vec<Arc<Class>>> {
    let mut affected = vec![class.clone()];
    // The classes above and below a singleton have instances of their own.
    if !class.is_singleton() {
        let above: Vec<Arc<Class>> = class.ancestors().cloned().collect();
        affected.splice(..0, above.into_iter().rev());
        for name in view.descendants(class.name())? {
            affected.push(view.class(&name, WBEM_E_NOT_FOUND)?);
        }
    }
    affected.retain(|class| is_provided(class));
    Ok(affected)
}

/// Deletes an instance: from the providers of all `affected` classes, in their order, each by a path
/// of its own class. It is deleted where one of the topmost of them says so; what the others say
/// does not count. Where none of the topmost can be called, no provider is.
pub(super) fn delete(
    view: &View<'_>,
    _call: &AuthorizedCall<'_, ()>,
    affected: &[Arc<Class>],
    keys: &PathKeys,
    context: &CallContext,
) -> Result<()> {
    let is_above = |one: &Arc<Class>, other: &Arc<Class>| {
        !Arc::ptr_eq(one, other) && other.is_a(one.name().as_str())
    };
    let is_topmost = |class: &&Arc<Class>| !affected.iter().any(|other| is_above(other, class));
    let topmost: Vec<&Arc<Class>> = affected.iter().filter(is_topmost).collect();
    let counts = |class: &&Arc<Class>| topmost.iter().any(|top| same_provider(top, class));
    let resolve = |class: &Arc<Class>| {
        let keys = path_values(class, keys)?;
        let binding = binding::bind(view, class)?;
        binding.check_delete()?;
        Ok((binding, keys))
    };
    let resolved: Vec<_> = affected.iter().map(|class| (class, resolve(class))).collect();
    let missing = || Err(WBEM_E_NOT_FOUND.with("no provider has such an instance"));
    let deciding = || resolved.iter().filter(|(class, _)| counts(class));
    if !deciding().any(|(_, resolved)| resolved.is_ok()) {
        let errors = deciding().filter_map(|(_, resolved)| resolved.as_ref().err().cloned());
        return errors.map(Err).fold(missing(), more_specific_error);
    }
    let mut outcome = missing();
    for (class, resolved) in resolved {
        let deleted = resolved.and_then(|(binding, keys)| {
            let delete =
                |context: &ProviderContext| binding.instances.delete(class, &keys, context);
            view.without_snapshot(|| binding.provider.call(context, delete))
        });
        if counts(&class) {
            outcome = more_specific_error(outcome, deleted);
        }
    }
    outcome
}

/// A success, or the error that says most.
fn more_specific_error(one: Result<()>, other: Result<()>) -> Result<()> {
    match (one, other) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        (Err(e), Err(other)) if e.status() == WBEM_E_NOT_FOUND => Err(other),
        (Err(e), Err(_)) => Err(e),
    }
}
