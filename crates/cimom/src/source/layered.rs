//! Classes above and below each other with providers of their own: what each has of an instance,
//! and which of them a write goes to (behaviour.md B.4, J 5).
//!
//! An instance of a class is the work of the providers of all dynamic classes from it upwards: each
//! supplies what its class declares, and the core joins the parts by the key. A put goes to them
//! from the top down, a delete also to those below. A provider that serves several of the classes is one provider: its
//! registration is what tells it apart.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use cim::key::path_values;
use cim::path::PathKeys;
use cim::status::*;
use cim::{Class, Instance, InstanceKey, Object, ObjectPath, Result, Value};
use wbem::{CallContext, Flags, PartialPut, Request, Sink, Wanted, for_each};

use crate::source::binding::{self, Binding};
use crate::store::core::View;
use crate::write::instance_rules;

/// A class above another one, whose provider has a part of its instances.
#[derive(Clone)]
pub struct Part {
    pub class: Arc<Class>,
    pub binding: Binding,
}

/// Whether instances of exactly this class come from a provider.
pub fn is_provided(class: &Class) -> bool {
    class.is_dynamic() && !class.is_abstract()
}

/// The classes above `class` whose providers have parts of its instances, the nearest first.
/// Errors: those of binding one to its provider.
pub fn parts(view: &View<'_>, class: &Class) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for above in class.ancestors().filter(|above| is_provided(above)) {
        let is_same = |other: &Class| same_provider(other, above);
        if is_same(class) || parts.iter().any(|part| is_same(&part.class)) {
            continue;
        }
        parts.push(Part { class: above.clone(), binding: binding::bind(view, above)? });
    }
    Ok(parts)
}

fn same_provider(one: &Class, other: &Class) -> bool {
    match (one.provider(), other.provider()) {
        (Some(one), Some(other)) => cim::name::eq(one, other),
        _ => false,
    }
}

/// Fills in what the providers of the classes above have of `instance`, as far as it is wanted and
/// not there yet. Where one of them has no such instance, nothing of it is filled in.
/// Errors: theirs.
pub fn join(
    mut instance: Instance,
    parts: &[Part],
    wanted: &Wanted,
    context: &CallContext,
) -> Result<Instance> {
    for part in parts {
        let missing = missing(&instance, &part.class, wanted);
        if missing.is_empty() {
            continue;
        }
        let named =
            |key: &u16| instance.get(part.class.properties()[usize::from(*key)].name.as_str());
        let keys: Vec<Value> = part
            .class
            .keys()
            .iter()
            .map(|key| named(key).cloned().unwrap_or(Value::Null))
            .collect();
        let keys_there = part.class.keys().iter().map(|&key| usize::from(key));
        let wanted = Wanted::slots(missing.iter().map(|m| m.1).chain(keys_there));
        let Some(above) = part.instance(&keys, &wanted, context)? else { continue };
        for (here, there) in missing {
            let value = above.value(there);
            if !value.is_null() {
                instance.set(here, value.clone());
            }
        }
    }
    Ok(instance)
}

/// The slots of `instance`, and of the class above, of what is wanted and has no value.
fn missing(instance: &Instance, above: &Class, wanted: &Wanted) -> Vec<(usize, usize)> {
    let class = instance.class();
    let is_key = |slot: usize| class.keys().iter().any(|&key| usize::from(key) == slot);
    let there = above.properties().iter().enumerate();
    let here = there.filter_map(|(there, p)| Some((class.slot(p.name.as_str())?, there)));
    here.filter(|&(here, _)| wanted.contains(here) && !is_key(here))
        .filter(|&(here, _)| !instance.is_supplied(here) || instance.value(here).is_null())
        .collect()
}

impl Part {
    /// The instance with these keys, from a provider that can be asked for one or for all.
    fn instance(
        &self,
        keys: &[Value],
        wanted: &Wanted,
        context: &CallContext,
    ) -> Result<Option<Instance>> {
        let found = match self.binding.check_get() {
            Ok(()) => binding::get_bound(&self.binding, &self.class, keys, wanted, context),
            Err(_) => self.among_all(keys, wanted, context),
        };
        match found {
            Ok(instance) => Ok(Some(instance)),
            Err(e) if e.status() == WBEM_E_NOT_FOUND => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn among_all(
        &self,
        keys: &[Value],
        wanted: &Wanted,
        context: &CallContext,
    ) -> Result<Instance> {
        self.binding.check_enumeration()?;
        let key = InstanceKey::from_values(&self.class, keys)?;
        let request = Request { class: &self.class, wanted, predicates: &[] };
        let found = Arc::new(Mutex::new(None));
        let keep = found.clone();
        self.binding.provider.call(context, |context| {
            let enumerate = |sink: Sink| {
                self.binding.instances.enumerate(&request, context, sink);
                Ok(())
            };
            for_each(enumerate, move |batch| {
                let is_it = |object: Object| match object {
                    Object::Instance(i) if i.key().is_ok_and(|k| k == key) => Some(i),
                    _ => None,
                };
                match batch.into_iter().find_map(is_it) {
                    Some(instance) => {
                        *keep.lock().unwrap_or_else(PoisonError::into_inner) = Some(instance);
                        ControlFlow::Break(())
                    }
                    None => ControlFlow::Continue(()),
                }
            })
        })?;
        let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
        let found: Instance = found.ok_or(WBEM_E_NOT_FOUND)?;
        binding::check_class(&self.binding, &self.class, &found)?;
        Ok(found)
    }
}

/// Puts an instance of the dynamic class `class`: to the providers of all classes from the top of
/// the derivation down to it, each as an instance of its own class. The first that fails ends it.
pub fn put(
    view: &View<'_>,
    class: &Arc<Class>,
    given: &Instance,
    flags: Flags,
    partial: Option<&PartialPut>,
    context: &CallContext,
) -> Result<ObjectPath> {
    instance_rules::check_flags(given, flags)?;
    let own = Part { class: class.clone(), binding: binding::bind(view, class)? };
    let mut parts = parts(view, class)?;
    parts.insert(0, own);
    for part in &parts {
        part.binding.check_put()?;
    }
    let is_written =
        |part: &&Part| partial.is_none_or(|p| !of_class(p, class, &part.class).slots.is_empty());
    if partial.is_some_and(|partial| partial.atomic) && parts.iter().filter(is_written).count() > 1
    {
        return Err(WBEM_E_UNSUPPORTED_PUT_EXTENSION.with(format!(
            "an instance of {} is the work of several providers, which cannot be written all or none",
            class.name()
        )));
    }
    let instance = match partial {
        Some(_) => {
            let instance = instance_rules::of_class(given, class, flags)?;
            instance.check_class()?;
            // It has to say which one it is about.
            instance.key()?;
            instance
        }
        None => instance_rules::prepare(given, class, flags, &view.cimom.environment.random)?,
    };
    view.without_snapshot(|| {
        for part in parts.iter().rev() {
            let instance = as_instance_of(&instance, &part.class);
            let (provider, instances) = (&part.binding.provider, &part.binding.instances);
            match partial.map(|partial| of_class(partial, class, &part.class)) {
                // None of the properties is one of this class.
                Some(partial) if partial.slots.is_empty() => {}
                Some(partial) => provider
                    .call(context, |c| instances.put_partial(&instance, &partial, flags, c))?,
                None => provider.call(context, |c| instances.put(&instance, flags, c))?,
            }
        }
        Ok::<(), cim::Error>(())
    })?;
    instance.relative_path().ok_or_else(|| WBEM_E_NO_KEY.into())
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
pub fn affected_classes(view: &View<'_>, class: &Arc<Class>) -> Result<Vec<Arc<Class>>> {
    let above: Vec<Arc<Class>> = class.ancestors().cloned().collect();
    let mut affected_classes: Vec<Arc<Class>> = above.into_iter().rev().collect();
    affected_classes.push(class.clone());
    for name in view.descendants(class.name())? {
        affected_classes.push(view.class(&name, WBEM_E_NOT_FOUND)?);
    }
    affected_classes.retain(|class| is_provided(class));
    Ok(affected_classes)
}

/// Deletes an instance: from the providers of all `affected_classes` classes, each by a path of its own
/// class. It is deleted where one of the topmost of them says so; they are asked first, and what
/// the others say does not count. Where none of the topmost has deleted it, the others keep
/// theirs.
pub fn delete(
    view: &View<'_>,
    affected_classes: &[Arc<Class>],
    keys: &PathKeys,
    context: &CallContext,
) -> Result<()> {
    let is_above = |one: &Arc<Class>, other: &Arc<Class>| {
        !Arc::ptr_eq(one, other) && other.is_a(one.name().as_str())
    };
    let is_topmost =
        |class: &&Arc<Class>| !affected_classes.iter().any(|other| is_above(other, class));
    let topmost: Vec<&Arc<Class>> = affected_classes.iter().filter(is_topmost).collect();
    let counts = |class: &&Arc<Class>| topmost.iter().any(|top| same_provider(top, class));
    let mut outcome = Err(WBEM_E_NOT_FOUND.with("no provider has such an instance"));
    for class in affected_classes.iter().filter(counts) {
        outcome = better(outcome, delete_of(view, class, keys, context));
    }
    outcome?;
    for class in affected_classes.iter().filter(|class| !counts(class)) {
        // Whether there was a part of it says nothing of the whole.
        let _ = delete_of(view, class, keys, context);
    }
    Ok(())
}

/// A success, or the error that says most.
fn better(one: Result<()>, other: Result<()>) -> Result<()> {
    match (one, other) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        (Err(e), Err(other)) if e.status() == WBEM_E_NOT_FOUND => Err(other),
        (Err(e), Err(_)) => Err(e),
    }
}

fn delete_of(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: &PathKeys,
    context: &CallContext,
) -> Result<()> {
    let keys = path_values(class, keys)?;
    let binding = binding::bind(view, class)?;
    binding.check_delete()?;
    let delete = |context: &CallContext| binding.instances.delete(class, &keys, context);
    view.without_snapshot(|| binding.provider.call(context, delete))
}

/// Of these provided classes, those above or below another one that has another provider: their
/// instances may be the same ones. By address.
pub fn related(classes: &[&Arc<Class>]) -> HashSet<*const Class> {
    let all: HashSet<*const Class> = classes.iter().map(|class| Arc::as_ptr(class)).collect();
    let mut related = HashSet::new();
    for class in classes {
        let is_related =
            |above: &&Arc<Class>| all.contains(&Arc::as_ptr(above)) && !same_provider(class, above);
        for above in class.ancestors().filter(is_related) {
            related.extend([Arc::as_ptr(class), Arc::as_ptr(above)]);
        }
    }
    related
}
