//! The adapter from [`Instances`] to [`wbem::InstanceProvider`].
//!
//! It converts instances with the wanted properties, delivers them in batches, evaluates equalities
//! of keys exactly, and checks that the provider returned the requested object. All other predicates
//! are left to the object manager.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::{WBEM_E_ALREADY_EXISTS, WBEM_E_NOT_FOUND, WBEM_E_PROVIDER_NOT_CAPABLE};
use cim::{Class, Instance, Object, ObjectPath, Result, Value};
use wbem::provider::{Comparison, Predicate};
use wbem::{
    Completion, EnumerationRequest, Flags, InstanceProvider, PartialPut, ProviderContext, Pushdown,
    Sink, Wanted,
};

use super::class::CimClass;
use super::convert::{Layout, is_key};
use super::instances::{Instances, Wants};

/// The number of instances delivered at a time.
const BATCH: usize = 64;

/// Adapts `provider` for a [`wbem::ProviderInterfaces`] with further interfaces.
pub fn adapt(provider: impl Instances) -> Arc<dyn InstanceProvider> {
    Arc::new(Adapter(provider))
}

struct Adapter<P>(P);

impl<P: Instances> Adapter<P> {
    /// The layout of the fields in `class`. Errors: `WBEM_E_PROVIDER_NOT_CAPABLE` for any class other
    /// than the provider's, also for its subclasses.
    fn layout(&self, class: &Arc<Class>) -> Result<Layout> {
        let name = P::Class::NAME;
        if !class.name().is(name) {
            return Err(WBEM_E_PROVIDER_NOT_CAPABLE
                .with(format!("the provider supports {name} only, not {}", class.name())));
        }
        Layout::of::<P::Class>(class)
    }

    /// The instance with the keys of `asked`.
    fn find(
        &self,
        layout: &Layout,
        asked: &Instance,
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Option<Instance>> {
        let key = P::Class::read_key(&layout.values(asked))?;
        let identity = identity(asked)?;
        let is_it = |found: &Instance| Ok::<_, cim::Error>(self::identity(found)? == identity);
        let wants = Wants { class: asked.class(), wanted };
        match self.0.get(&key, &wants, context) {
            Ok(None) => Ok(None),
            Ok(Some(object)) => {
                let found = layout.instance(&object, wanted)?;
                Ok(is_it(&found)?.then_some(found))
            }
            Err(e) if e.status() == WBEM_E_PROVIDER_NOT_CAPABLE => {
                for object in self.0.all(&wants, context)? {
                    let found = layout.instance(&object?, wanted)?;
                    if is_it(&found)? {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    fn deliver(
        &self,
        request: &EnumerationRequest<'_>,
        context: &ProviderContext,
        sink: &mut Sink,
    ) -> Completion {
        let layout = self.layout(request.class)?;
        let wants = Wants { class: request.class, wanted: request.wanted };
        let mut batch = Vec::with_capacity(BATCH);
        // Objects before an error are delivered.
        let mut outcome = wbem::COMPLETE;
        for object in self.0.all(&wants, context)? {
            let found = object.and_then(|object| {
                let instance = layout.instance(&object, request.wanted)?;
                Ok(has_keys(&instance, request.predicates)?.then_some(instance))
            });
            match found {
                Ok(found) => batch.extend(found.map(Object::Instance)),
                Err(e) => {
                    outcome = Err(e);
                    break;
                }
            }
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sink.indicate(full) == ControlFlow::Break(()) {
                    return wbem::COMPLETE;
                }
            }
        }
        // The last batch: a break has no effect.
        let _ = sink.indicate(batch);
        outcome
    }

    /// Puts `instance`, whose class has the layout `layout`.
    fn put_with(
        &self,
        layout: &Layout,
        instance: &Instance,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<()> {
        let object = P::Class::read(&layout.values(instance))?;
        let path = || instance.relative_path().map(|path| path.to_string()).unwrap_or_default();
        if flags.has(Flags::CREATE_ONLY) || flags.has(Flags::UPDATE_ONLY) {
            let only_keys = Wanted::Slots(Arc::default());
            let is_there = self.find(layout, instance, &only_keys, context)?.is_some();
            if is_there && flags.has(Flags::CREATE_ONLY) {
                return Err(WBEM_E_ALREADY_EXISTS.with(format!("{} already exists", path())));
            }
            if !is_there && flags.has(Flags::UPDATE_ONLY) {
                return Err(WBEM_E_NOT_FOUND.with(format!("{} not found", path())));
            }
        }
        self.0.put(object, flags, context)
    }
}

impl<P: Instances> InstanceProvider for Adapter<P> {
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        match predicate.comparison {
            Comparison::Equal if is_key(class, predicate.slot) => Pushdown::Exact,
            _ => Pushdown::Unsupported,
        }
    }

    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance> {
        let layout = self.layout(class)?;
        let asked = Instance::with_keys(class, keys);
        let found = self.find(&layout, &asked, wanted, context)?;
        found.ok_or_else(|| not_found(&asked))
    }

    fn enumerate(
        &self,
        request: &EnumerationRequest<'_>,
        context: &ProviderContext,
        mut sink: Sink,
    ) {
        let completion = self.deliver(request, context, &mut sink);
        sink.complete(completion);
    }

    fn put(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        let layout = self.layout(instance.class())?;
        self.put_with(&layout, instance, flags, context)?;
        Ok(None)
    }

    /// Reads the existing instance, changes the requested properties, and puts the whole.
    fn put_partial(
        &self,
        instance: &Instance,
        partial: &PartialPut,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        let layout = self.layout(instance.class())?;
        let found = self.find(&layout, instance, &Wanted::All, context)?;
        let mut whole = found.ok_or_else(|| not_found(instance))?;
        for &slot in &*partial.slots {
            let value = instance.value(slot);
            if is_key(instance.class(), slot) || value.is_null() && !partial.strict_nulls {
                continue;
            }
            whole.set(slot, value.clone());
        }
        self.put_with(&layout, &whole, flags, context)?;
        Ok(None)
    }

    fn delete(&self, class: &Arc<Class>, keys: &[Value], context: &ProviderContext) -> Result<()> {
        let layout = self.layout(class)?;
        let asked = Instance::with_keys(class, keys);
        self.0.delete(&P::Class::read_key(&layout.values(&asked))?, context)
    }
}

/// The key that identifies an instance; `None` for a singleton.
fn identity(instance: &Instance) -> Result<Option<cim::InstanceKey>> {
    match instance.class().keys().is_empty() {
        true => Ok(None),
        false => instance.key().map(Some),
    }
}

/// Whether the keys of `instance` satisfy `predicates`, all of which are equalities of keys.
fn has_keys(instance: &Instance, predicates: &[Predicate]) -> Result<bool> {
    for predicate in predicates {
        // Compared as identities: with the requested value it must still be the same object. Each
        // by itself, because several may concern the same key.
        let mut asked = instance.clone();
        asked.set(predicate.slot, predicate.value.clone());
        if identity(&asked)? != identity(instance)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn not_found(asked: &Instance) -> cim::Error {
    let path = asked.relative_path().map(|path| path.to_string()).unwrap_or_default();
    WBEM_E_NOT_FOUND.with(format!("{path} not found"))
}
