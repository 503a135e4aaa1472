//! How a class of this crate is provided: a list of properties, each with what it is told from.
//!
//! A class says what its instances are made from ([`HostClass::Facts`]), how they are found, and
//! for each property that has a source what its value is. [`Provider`] does the rest for all
//! of them: it looks the wanted properties up once per query, so that an instance costs one call
//! per wanted property and no lookup of names, and delivers in batches. Properties that are not
//! in the list are NULL, for the reason that the class's table gives.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::Arc;

use cim::key::reference_identity;
use cim::status::{WBEM_E_NOT_FOUND, WBEM_S_NO_ERROR};
use cim::{Class, Instance, Object, Origin, Result, Value};
use wbem::{CallContext, EnumerationRequest, InstanceProvider, Pushdown, Sink, Wanted};
use wql::{Comparison, Predicate};

use crate::readers::machine::Machine;
use crate::readers::needs::Needs;
use crate::readers::root::Root;

/// How many instances go to the sink at once.
const BATCH: usize = 64;

/// A class whose instances this crate provides.
pub(crate) trait HostClass: Sized + 'static {
    /// What one instance is made from.
    type Facts<'a>;

    /// The properties that have a source, and their values. Each names a property of the class.
    const PROPERTIES: &'static [Property<Self>];

    /// Calls `each` for every instance there is, with at least what `needs` names, until it
    /// breaks.
    /// Errors: where nothing can be said about which there are.
    fn each(machine: &Machine<'_>, needs: Needs, each: Each<'_, Self>) -> Result<()>;

    /// The ways to instances without looking at all others, where the class has such. The first
    /// that fits is taken.
    const FIND: &'static [Find<Self>] = &[];
}

/// A way to the instances that have a certain value in one property.
pub(crate) struct Find<C: HostClass> {
    /// The property, which is a key or a part of one.
    pub(crate) property: &'static str,
    /// Calls the last argument for each instance that has this value, until it breaks. It may do
    /// so for others too: they are left out.
    pub(crate) find: fn(&Machine<'_>, &Value, Needs, Each<'_, C>) -> Result<()>,
}

/// What takes the instances.
pub(crate) type Each<'a, C> =
    &'a mut dyn for<'f> FnMut(&<C as HostClass>::Facts<'f>) -> ControlFlow<()>;

/// A property that has a source.
pub(crate) struct Property<C: HostClass> {
    name: &'static str,
    needs: Needs,
    value: ValueOf<C>,
}

/// Tells a property's value; NULL where the source does not have it.
type ValueOf<C> = for<'a> fn(&<C as HostClass>::Facts<'a>) -> Value;

impl<C: HostClass> Property<C> {
    /// The property `name`, whose `value` is told from the sources in `needs`.
    pub(crate) const fn new(name: &'static str, needs: Needs, value: ValueOf<C>) -> Self {
        Property { name, needs, value }
    }

    /// The value of the property `name` in what `facts` tells of; NULL where it has no source.
    pub(crate) fn tell(name: &str, facts: &C::Facts<'_>) -> Value {
        let told = C::PROPERTIES.iter().find(|property| property.name == name);
        told.map_or(Value::Null, |property| (property.value)(facts))
    }

    /// A property whose value costs nothing worth saving, or is read only when it is told.
    pub(crate) const fn free(name: &'static str, value: ValueOf<C>) -> Self {
        Property::new(name, Needs::NONE, value)
    }
}

/// What an instance must be to be told: its values in some slots.
type Must<'a> = [(usize, &'a Value)];

/// What a query asks of a class, looked up once.
struct Plan<C: HostClass> {
    class: Arc<Class>,
    needs: Needs,
    slots: Vec<(usize, ValueOf<C>)>,
}

impl<C: HostClass> Plan<C> {
    /// Beside what is wanted, keys are told, and what instances are chosen by.
    fn new(class: &Arc<Class>, wanted: &Wanted, must: &Must<'_>) -> Self {
        let mut plan = Plan { class: class.clone(), needs: Needs::NONE, slots: Vec::new() };
        for property in C::PROPERTIES {
            // A class that somebody else declared under this name may lack some.
            let Some(slot) = class.slot(property.name) else { continue };
            let is_key = class.keys().iter().any(|&key| usize::from(key) == slot);
            let is_looked_at = must.iter().any(|(looked_at, _)| *looked_at == slot);
            if is_key || is_looked_at || wanted.contains(slot) {
                plan.needs = plan.needs | property.needs;
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

    /// Calls `each` for every instance that is what it must be, until it breaks.
    fn search(
        &self,
        plan: &Plan<C>,
        must: &Must<'_>,
        mut each: impl FnMut(Instance) -> ControlFlow<()>,
    ) -> Result<()> {
        let origin = plan.class.origin().map(|origin| &**origin);
        let machine = Machine::new(&self.root).told_as(&plan.class);
        let mut each = |facts: &C::Facts<'_>| {
            let instance = plan.instance(facts);
            let is_it = |&(slot, value)| is_same(instance.value(slot), value, origin);
            if must.iter().all(is_it) { each(instance) } else { ControlFlow::Continue(()) }
        };
        let value_of = |way: &Find<C>| {
            let slot = plan.class.slot(way.property)?;
            must.iter().find(|(looked_at, _)| *looked_at == slot).map(|(_, value)| *value)
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
        _context: &CallContext,
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

    fn enumerate(&self, request: &EnumerationRequest<'_>, _context: &CallContext, mut sink: Sink) {
        // The predicates that were accepted say that a property has a value.
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

/// Whether two values of a key are the same: texts without regard to case, references as the
/// objects that they lead to.
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
