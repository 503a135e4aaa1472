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

use cim::status::{WBEM_E_NOT_FOUND, WBEM_S_NO_ERROR};
use cim::{Class, Instance, Object, Result, Value};

use wbem::{CallContext, InstanceProvider, Pushdown, Request, Sink, Wanted};
use wql::{Comparison, Predicate};

use crate::machine::Machine;
use crate::needs::Needs;
use crate::root::Root;

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

    /// How an instance is found without looking at the others, where the class can do that.
    const FIND: Option<Find<Self>> = None;
}

/// A way to an instance by the value of one property.
pub(crate) struct Find<C: HostClass> {
    /// The property, which is a key: no two instances have the same value.
    pub(crate) property: &'static str,
    /// Calls the last argument for the instance that has this value, if there is one.
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

    /// A property whose value costs nothing worth saving, or is read only when it is told.
    pub(crate) const fn free(name: &'static str, value: ValueOf<C>) -> Self {
        Property::new(name, Needs::NONE, value)
    }
}

/// What a query asks of a class, looked up once.
struct Plan<C: HostClass> {
    class: Arc<Class>,
    needs: Needs,
    slots: Vec<(usize, ValueOf<C>)>,
}

impl<C: HostClass> Plan<C> {
    fn new(class: &Arc<Class>, wanted: &Wanted) -> Self {
        let mut plan = Plan { class: class.clone(), needs: Needs::NONE, slots: Vec::new() };
        for property in C::PROPERTIES {
            // A class that somebody else declared under this name may lack some.
            let Some(slot) = class.slot(property.name) else { continue };
            let is_key = class.keys().iter().any(|&key| usize::from(key) == slot);
            if is_key || wanted.contains(slot) {
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
}

impl<C: HostClass> InstanceProvider for Provider<C> {
    fn pushdown(&self, class: &Class, predicate: &Predicate) -> Pushdown {
        let found_by = C::FIND.and_then(|way| class.slot(way.property));
        if found_by == Some(predicate.slot) && predicate.comparison == Comparison::Equal {
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
        let plan = Plan::<C>::new(class, wanted);
        let machine = Machine::new(&self.root);
        let mut found = None;
        let mut each = |facts: &C::Facts<'_>| {
            let instance = plan.instance(facts);
            let mut own = class.keys().iter().map(|&key| instance.value(key.into()));
            if own.by_ref().zip(keys).all(|(own, key)| is_same_key(own, key)) {
                found = Some(instance);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        match (C::FIND, keys) {
            (Some(way), [key]) => (way.find)(&machine, key, plan.needs, &mut each)?,
            _ => C::each(&machine, plan.needs, &mut each)?,
        }
        found.ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("there is no {} with these keys: {keys:?}", class.name()))
        })
    }

    fn enumerate(&self, request: &Request<'_>, _context: &CallContext, mut sink: Sink) {
        let plan = Plan::<C>::new(request.class, request.wanted);
        let machine = Machine::new(&self.root);
        let mut batch = Vec::with_capacity(BATCH);
        let mut each = |facts: &C::Facts<'_>| {
            batch.push(Object::Instance(plan.instance(facts)));
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            sink.indicate(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
        };
        let outcome = match (C::FIND, request.predicates) {
            // The only predicates that were accepted are that this property has a value.
            (Some(way), [first, others @ ..]) => {
                if others.iter().all(|other| other.value == first.value) {
                    (way.find)(&machine, &first.value, plan.needs, &mut each)
                } else {
                    Ok(())
                }
            }
            _ => C::each(&machine, plan.needs, &mut each),
        };
        // Nothing follows that a break could stop.
        let _ = sink.indicate(batch);
        sink.complete(outcome.map(|()| WBEM_S_NO_ERROR));
    }
}

fn is_same_key(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => cim::name::eq(a, b),
        _ => a == b,
    }
}
