//! The shape of a query's result when it selects properties by name.
//!
//! A projection is made once per query and class, and applied to each instance. The projected
//! class keeps the name; the rest of what a class tells is absent, as
//! windows-in-practice.md ("Queries") has it.

use std::sync::Arc;

use crate::class::{Class, ClassDeclaration, Property};
use crate::derivation::slots_by_name;
use crate::instance::Instance;
use crate::qualifier::{Flavor, Qualifier};
use crate::value::Value;

/// Which slots of a class a result has, and the class that the result's instances are of.
#[derive(Clone, Debug)]
pub struct Projection {
    class: Arc<Class>,
    /// For each slot of `class` the slot of the source it is taken from.
    slots: Box<[usize]>,
}

impl Projection {
    /// The projection of `source` to `slots`, in that order. `locatable` adds the keys and
    /// keeps server, namespace and with them `__PATH` (WBEM_FLAG_ENSURE_LOCATABLE).
    pub fn new(source: &Class, slots: &[usize], locatable: bool) -> Self {
        let mut chosen: Vec<usize> = Vec::with_capacity(slots.len());
        let keys = source.keys.iter().map(|&k| usize::from(k));
        let added: Vec<usize> = if locatable { keys.clone().collect() } else { Vec::new() };
        for &slot in slots.iter().chain(&added) {
            if !chosen.contains(&slot) {
                chosen.push(slot);
            }
        }
        let has_all_keys = keys.clone().all(|k| chosen.contains(&k));
        let properties: Box<[Arc<Property>]> =
            chosen.iter().map(|&s| source.properties[s].clone()).collect();
        let by_name = slots_by_name(None, &properties);
        let is_key =
            |&s: &u16| has_all_keys && properties[usize::from(s)].qualifiers.is_true("key");
        let class = Class {
            declaration: Arc::new(ClassDeclaration {
                name: source.name().clone(),
                ..ClassDeclaration::default()
            }),
            superclass: None,
            qualifiers: source.qualifiers.clone(),
            keys: by_name.iter().copied().filter(is_key).collect(),
            by_name,
            required: Box::default(),
            dynamic: Box::default(),
            methods: Box::default(),
            defaults: chosen.iter().map(|&s| source.defaults[s].clone()).collect(),
            properties,
            origin: source.origin.clone().filter(|_| locatable),
            is_singleton: source.is_singleton,
            is_projection: true,
        };
        Projection { class: Arc::new(class), slots: chosen.into() }
    }

    /// The prototype of a query whose results are of the class `shape`: with the qualifier `Order` on
    /// each property that has positions in the query's list (MS-WMI 2.2.4.1).
    pub fn prototype(shape: &Class, positions: impl Fn(&Property) -> Vec<i32>) -> Class {
        let ordered = |property: &Arc<Property>| {
            let positions = positions(property);
            let mut property = property.clone();
            if !positions.is_empty() {
                let order = Value::array(positions.into_iter().map(Value::SInt32));
                let order = Qualifier::new("Order", order, Flavor::empty());
                Arc::make_mut(&mut property).qualifiers.set(order);
            }
            property
        };
        Class { properties: shape.properties.iter().map(ordered).collect(), ..shape.clone() }
    }

    /// The class of the result's instances.
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// The slots of the source that are needed.
    pub fn source_slots(&self) -> &[usize] {
        &self.slots
    }

    /// The instance with the chosen properties alone.
    pub fn apply(&self, instance: Instance) -> Instance {
        let mut values = instance.into_values();
        let values = self
            .slots
            .iter()
            .map(|&slot| std::mem::replace(&mut values[slot], Value::Null))
            .collect();
        Instance::from_values(self.class.clone(), values)
    }
}
