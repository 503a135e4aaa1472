//! Classes above and below each other with providers of their own: what each has of an instance,
//! and which of them a write goes to (behaviour.md B.4, J 5).
//!
//! An instance of a class is the work of the providers of all dynamic classes from it upwards: each
//! supplies what its class declares, and the core joins the parts by the key. A put goes to them
//! from the top down, a delete also to those below. A provider that serves several of the classes is one provider: its
//! registration is what tells it apart.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::*;
use cim::{Class, Error, Instance, InstanceKey, Object, Result, Value};
use parking_lot::Mutex;
use wbem::{CallContext, EnumerationRequest, Sink, Wanted, for_each_until_cancelled};

use crate::source::binding::{self, Binding};
use crate::view::View;

/// A class, whose provider has its instances, or a part of those of a class below it.
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

pub fn same_provider(one: &Class, other: &Class) -> bool {
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
    let there = above.properties().iter().enumerate();
    let here = there.filter_map(|(there, p)| Some((class.slot(p.name.as_str())?, there)));
    here.filter(|&(here, _)| wanted.contains(here) && !class.is_key(here))
        .filter(|&(here, _)| !instance.is_supplied(here) || instance.value(here).is_null())
        .collect()
}

/// An instance of a provider as a get finds it.
pub enum Found {
    Instance(Instance),
    /// It is of this class, and its provider is not registered for gets, as the error says.
    WithoutGet(Arc<Class>, Error),
}

/// The instance of `class` with these keys, from its provider and those of the classes above;
/// where `direct`, from its own alone. A provider without gets is enumerated to learn whether the
/// instance is its own.
pub fn get(
    view: &View<'_>,
    class: &Arc<Class>,
    keys: &[Value],
    wanted: &Wanted,
    direct: bool,
) -> Result<Found> {
    let own = Part { class: class.clone(), binding: binding::bind(view, class)? };
    let context = view.context();
    if let Err(no_get) = own.binding.check_get() {
        if own.binding.check_enumeration().is_err() {
            return Err(no_get);
        }
        let only_keys = Wanted::slots(class.keys().iter().map(|&key| usize::from(key)));
        view.without_snapshot(|| own.among_all(keys, &only_keys, context))?;
        return Ok(Found::WithoutGet(class.clone(), no_get));
    }
    let parts = if direct { Vec::new() } else { parts(view, class)? };
    view.without_snapshot(|| {
        let instance = binding::get_bound(&own.binding, class, keys, wanted, context)?;
        join(instance, &parts, wanted, context).map(Found::Instance)
    })
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
        let request = EnumerationRequest { class: &self.class, wanted, predicates: &[] };
        let found = Arc::new(Mutex::new(None));
        let (keep, token) = (found.clone(), context.cancel());
        self.binding.read(&self.class, context, |context| {
            let enumerate = |sink: Sink| {
                self.binding.instances.enumerate(&request, context, sink);
                Ok(())
            };
            for_each_until_cancelled(token, enumerate, move |batch| {
                let is_it = |object: Object| match object {
                    Object::Instance(i) if i.key().is_ok_and(|k| k == key) => Some(i),
                    _ => None,
                };
                match batch.into_iter().find_map(is_it) {
                    Some(instance) => {
                        *keep.lock() = Some(instance);
                        ControlFlow::Break(())
                    }
                    None => ControlFlow::Continue(()),
                }
            })
        })?;
        let found = found.lock().take();
        let found: Instance = found.ok_or(WBEM_E_NOT_FOUND)?;
        binding::check_class(&self.binding, &self.class, &found)?;
        Ok(found)
    }
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
