//! How a class of this crate is provided: a declaration of its sources and its properties.
//!
//! A class declares its MOF, what it reads, what its instances are made from
//! ([`HostClass::Facts`]), how they are found, and the value of each property that has a source.
//! [`Provider`] implements the rest for all classes: it looks the wanted properties up once per
//! query, so that an instance costs one call per wanted property and no lookup of names, and
//! delivers in batches. A property that is not listed is NULL; the class's table says why.
//! The names of classes and CLSIDs come from the MOF, in [`super::registration`].

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::Arc;

use cim::key::reference_identity;
use cim::status::{WBEM_E_NOT_FOUND, WBEM_S_NO_ERROR};
use cim::{Class, Instance, Object, Origin, Result, Value};
use wbem::{
    EnumerationRequest, InstanceProvider, MethodProvider, ProviderContext, Pushdown, Sink, Wanted,
};
use wql::{Comparison, Predicate};

use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::root::Root;
use crate::readers::source::Source;

/// How many instances go to the sink at once.
const BATCH: usize = 64;

/// A class whose instances this crate provides.
pub(crate) trait HostClass: Sized + 'static {
    /// MOF text: the class, its provider and the provider's registrations.
    const MOF: &'static str;

    /// All that its instances and methods are read from. A test fails where a source is missing or
    /// not used.
    const READS: &'static [Source];

    /// Makes the provider of its methods, where any has code.
    const METHODS: Option<Methods> = None;

    /// What one instance is made from.
    type Facts<'a>;

    /// The properties that have a source, and their values. Each names a property of the class.
    const PROPERTIES: &'static [Property<Self>];

    /// Calls `each` for every instance, with at least what `needs` names, until it breaks.
    /// Errors: where the instances cannot be listed.
    fn each(machine: &Machine<'_>, needs: Needs, each: Each<'_, Self>) -> Result<()>;

    /// Ways to find instances without enumerating all; the first that fits is taken.
    const FIND: &'static [Find<Self>] = &[];
}

/// Makes the provider of a class's methods, for the machine of a root.
pub(crate) type Methods = fn(Arc<Root>) -> Arc<dyn MethodProvider>;

/// A way to the instances that have a certain value in one property.
pub(crate) struct Find<C: HostClass> {
    /// The property, which is a key or a part of one.
    pub(crate) property: &'static str,
    /// Calls the last argument for each instance that has this value, until it breaks. Calls for
    /// other instances are allowed: the provider filters them.
    pub(crate) find: fn(&Machine<'_>, &Value, Needs, Each<'_, C>) -> Result<()>,
}

/// Receives the instances.
pub(crate) type Each<'a, C> =
    &'a mut dyn for<'f> FnMut(&<C as HostClass>::Facts<'f>) -> ControlFlow<()>;

/// A property that has a source.
pub(crate) struct Property<C: HostClass> {
    name: &'static str,
    needs: Needs,
    value: ValueOf<C>,
}

/// Returns a property's value; NULL where the source does not have it.
type ValueOf<C> = for<'a> fn(&<C as HostClass>::Facts<'a>) -> Value;

impl<C: HostClass> Property<C> {
    /// The property `name`, whose `value` is read from the sources in `needs`.
    pub(crate) const fn new(name: &'static str, needs: Needs, value: ValueOf<C>) -> Self {
        Property { name, needs, value }
    }

    /// The value of the property `name` of the instance made from `facts`; NULL where it has no
    /// source.
    pub(crate) fn value(name: &str, facts: &C::Facts<'_>) -> Value {
        let property = C::PROPERTIES.iter().find(|property| property.name == name);
        property.map_or(Value::Null, |property| (property.value)(facts))
    }

    /// A property that is cheap, or whose source is read by `value` itself.
    pub(crate) const fn free(name: &'static str, value: ValueOf<C>) -> Self {
        Property::new(name, Needs::empty(), value)
    }
}

/// The values that an instance must have to be returned, by slot.
type Must<'a> = [(usize, &'a Value)];

/// A query of a class, with its properties looked up once.
struct Plan<C: HostClass> {
    class: Arc<Class>,
    needs: Needs,
    slots: Vec<(usize, ValueOf<C>)>,
}

impl<C: HostClass> Plan<C> {
    /// Includes the keys and the properties in `must`, in addition to what is wanted.
    fn new(class: &Arc<Class>, wanted: &Wanted, must: &Must<'_>) -> Self {
        let mut plan = Plan { class: class.clone(), needs: Needs::empty(), slots: Vec::new() };
        for property in C::PROPERTIES {
            // Another class that was declared under this name may lack some.
            let Some(slot) = class.slot(property.name) else { continue };
            let is_key = class.is_key(slot);
            let is_filtered = must.iter().any(|(filtered, _)| *filtered == slot);
            if is_key || is_filtered || wanted.contains(slot) {
                plan.needs |= property.needs;
                plan.slots.push((slot, property.value));
            }
        }
        plan
    }

    fn instance(&self, facts: &C::Facts<'_>) -> Instance {
        let mut values = vec![Value::Null; self.class.properties().len()];
        for &(slot, value) in &self.slots {
            values[slot] = value(facts);
        }
        Instance::from_values(self.class.clone(), values.into_boxed_slice())
    }
}

/// The provider of a class.
pub(crate) struct Provider<C> {
    root: Arc<Root>,
    class: PhantomData<fn() -> C>,
}

impl<C: HostClass> Provider<C> {
    /// Provides the class for the machine that `root` describes.
    pub(crate) fn new(root: Arc<Root>) -> Self {
        Provider { root, class: PhantomData }
    }

    /// Calls `each` for every instance that has the values in `must`, until it breaks.
    fn search(
        &self,
        plan: &Plan<C>,
        must: &Must<'_>,
        mut each: impl FnMut(Instance) -> ControlFlow<()>,
    ) -> Result<()> {
        let origin = plan.class.origin().map(|origin| &**origin);
        let machine = Machine::new(&self.root).for_class(&plan.class);
        let mut each = |facts: &C::Facts<'_>| {
            let instance = plan.instance(facts);
            let is_it = |&(slot, value)| is_same(instance.value(slot), value, origin);
            if must.iter().all(is_it) { each(instance) } else { ControlFlow::Continue(()) }
        };
        let value_of = |way: &Find<C>| {
            let slot = plan.class.slot(way.property)?;
            must.iter().find(|(filtered, _)| *filtered == slot).map(|(_, value)| *value)
        };
        match C::FIND.iter().find_map(|way| Some((way, value_of(way)?))) {
            Some((way, value)) => (way.find)(&machine, value, plan.needs, &mut each),
            None => C::each(&machine, plan.needs, &mut each),
        }
    }
}

impl<C: HostClass> InstanceProvider for Provider<C> {
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        let is_found_by =
            C::FIND.iter().any(|way| class.slot(way.property) == Some(predicate.slot));
        if is_found_by && predicate.comparison == Comparison::Equal {
            return Pushdown::Exact;
        }
        Pushdown::Unsupported
    }

    fn get(
        &self,
        class: &Arc<Class>,
        keys: &[Value],
        wanted: &Wanted,
        _context: &ProviderContext,
    ) -> Result<Instance> {
        let slots = class.keys().iter().map(|&slot| usize::from(slot));
        let must: Vec<(usize, &Value)> = slots.zip(keys).collect();
        let mut found = None;
        self.search(&Plan::<C>::new(class, wanted, &must), &must, |instance| {
            found = Some(instance);
            ControlFlow::Break(())
        })?;
        found.ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("there is no {} with these keys: {keys:?}", class.name()))
        })
    }

    fn enumerate(
        &self,
        request: &EnumerationRequest<'_>,
        _context: &ProviderContext,
        mut sink: Sink,
    ) {
        // Every accepted predicate compares a property with a value for equality.
        let must: Vec<(usize, &Value)> =
            request.predicates.iter().map(|wanted| (wanted.slot, &wanted.value)).collect();
        let plan = Plan::<C>::new(request.class, request.wanted, &must);
        let mut batch = Vec::with_capacity(BATCH);
        let outcome = self.search(&plan, &must, |instance| {
            batch.push(Object::Instance(instance));
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            sink.indicate(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
        });
        // Nothing follows that a break could stop.
        let _ = sink.indicate(batch);
        sink.complete(outcome.map(|()| WBEM_S_NO_ERROR));
    }
}

/// Whether two values of a key are equal: texts without regard to case, references by the object
/// that they lead to.
fn is_same(a: &Value, b: &Value, origin: Option<&Origin>) -> bool {
    match (a, b) {
        (Value::Reference(a), Value::Reference(b)) => {
            reference_identity(a, origin) == reference_identity(b, origin)
        }
        _ => match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) => cim::name::eq(a, b),
            _ => a == b,
        },
    }
}
