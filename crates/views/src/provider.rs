//! The provider: forwards the calls of the object manager to the view that the class declares.
//!
//! It is registered for queries, as documented, but declines their texts: the object manager then
//! calls it with predicates and properties, in which names and dates are resolved.

use std::ops::ControlFlow;
use std::sync::Arc;

use cim::status::*;
use cim::{CimType, Class, Instance, Object, ObjectPath, Result, Value};
use parking_lot::Mutex;
use wbem::{
    Completion, EnumerationRequest, Flags, InstanceProvider, MethodCall, MethodProvider,
    PartialPut, ProviderContext, Pushdown, Sink, Wanted,
};
use wql::{Comparison, Predicate};

use crate::read::{self, Asked, in_order};
use crate::view::View;
use crate::{question, update};

/// The view provider.
pub(crate) struct ViewProvider;

impl InstanceProvider for ViewProvider {
    /// Predicates are translated for the sources as far as possible. The object manager filters
    /// again, because the source classes, which decide what is possible, are resolved later.
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        let is_role = class.is_association()
            && class.properties()[predicate.slot].ty.cim == CimType::Reference
            && predicate.comparison == Comparison::Equal;
        match is_role || question::is_translated(class, predicate) {
            true => Pushdown::Inexact,
            false => Pushdown::Unsupported,
        }
    }

    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        context: &ProviderContext,
    ) -> Result<Instance> {
        let view = View::open(class, context)?;
        let key = Instance::with_keys(class, keys).key()?;
        let asked = Asked::key(&view, keys, slots(class, wanted));
        let found =
            read::first(&view, asked, context, move |i| i.key().ok().as_ref() == Some(&key))?;
        found.ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("view {} has no such instance", class.name()))
        })
    }

    fn enumerate(&self, request: &EnumerationRequest<'_>, context: &ProviderContext, sink: Sink) {
        let predicates = request.predicates.to_vec();
        enumerate(request.class, request.wanted, predicates, context, sink);
    }

    fn put(
        &self,
        instance: &Instance,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        update::put(instance, flags, |slot| instance.is_supplied(slot), context)?;
        Ok(None)
    }

    fn put_partial(
        &self,
        instance: &Instance,
        partial: &PartialPut,
        flags: Flags,
        context: &ProviderContext,
    ) -> Result<Option<ObjectPath>> {
        let is_written = |slot: usize| {
            partial.slots.contains(&slot)
                && (partial.strict_nulls || !instance.value(slot).is_null())
        };
        // There is one instance of one source, so the write is atomic.
        update::put(instance, flags, is_written, context)?;
        Ok(None)
    }

    fn delete(&self, class: &Arc<Class>, keys: &[Value], context: &ProviderContext) -> Result<()> {
        update::delete(class, keys, context)
    }
}

impl MethodProvider for ViewProvider {
    fn exec_method(
        &self,
        call: &MethodCall<'_>,
        context: &ProviderContext,
    ) -> Result<Option<Instance>> {
        update::exec_method(call, context)
    }
}

fn slots(class: &Class, wanted: &Wanted) -> impl Iterator<Item = usize> {
    let count = class.properties().len();
    (0..count).filter(|&slot| wanted.contains(slot)).collect::<Vec<_>>().into_iter()
}

/// Delivers the instances of the view for which the predicates may hold.
fn enumerate(
    class: &Arc<Class>,
    wanted: &Wanted,
    predicates: Vec<Predicate>,
    context: &ProviderContext,
    sink: Sink,
) {
    let sink = Arc::new(Mutex::new(Some(sink)));
    let delivered = sink.clone();
    let completion = View::open(class, context).and_then(|view| {
        let asked = Asked { slots: in_order(slots(class, wanted)), predicates, only: None };
        read::each(&view, asked, context, move |batch| {
            let batch = batch.into_iter().map(Object::Instance).collect();
            let mut sink = delivered.lock();
            Ok(sink.as_mut().map_or(ControlFlow::Break(()), |sink| sink.indicate(batch)))
        })
    });
    complete(&sink, completion);
}

fn complete(sink: &Mutex<Option<Sink>>, completion: Completion) {
    let sink = sink.lock().take();
    if let Some(sink) = sink {
        sink.complete(completion);
    }
}
