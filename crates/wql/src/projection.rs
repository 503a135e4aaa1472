//! The results of a query that selects properties by name.
//!
//! [`cim::Projection`] leaves out whole properties; here the embedded objects among those that
//! remain are narrowed too (ruling I-12): of a strongly typed one only the properties named
//! after the dot keep their values, so that `SELECT E1` gives an empty E1; a weakly typed one
//! stays whole.

use std::sync::Arc;

use cim::{CimType, Class, Instance, Name, Object, PropertyType, Value};

/// Made once for a query and a class, applied to each instance.
#[derive(Clone, Debug)]
pub struct Projection {
    shape: cim::Projection,
    narrowed: Box<[(usize, Branch)]>,
}

/// What is wanted of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Branch {
    /// All of it.
    Whole,
    /// Of an embedded object, these of its properties.
    Only(Vec<(Name, Branch)>),
}

impl Projection {
    pub(crate) fn new(class: &Class, properties: Vec<(usize, Branch)>, locatable: bool) -> Self {
        let slots: Vec<usize> = properties.iter().map(|(slot, _)| *slot).collect();
        let narrowed = properties.into_iter().filter(|(_, branch)| *branch != Branch::Whole);
        Projection {
            shape: cim::Projection::new(class, &slots, locatable),
            narrowed: narrowed.collect(),
        }
    }

    /// The class of the results.
    pub fn class(&self) -> &Arc<Class> {
        self.shape.class()
    }

    /// The slots of the source that are needed.
    pub fn source_slots(&self) -> &[usize] {
        self.shape.source_slots()
    }

    /// The instance with what was selected alone.
    pub fn apply(&self, mut instance: Instance) -> Instance {
        for (slot, branch) in &self.narrowed {
            let value = narrow(instance.value(*slot), branch);
            instance.set(*slot, value);
        }
        self.shape.apply(instance)
    }
}

impl Branch {
    /// What `rest`, the names after a property of type `ty`, wants of its value.
    pub(crate) fn of(ty: &PropertyType, rest: &[Name]) -> Branch {
        if ty.cim != CimType::Object || ty.class.is_none() {
            return Branch::Whole;
        }
        // The innermost names nothing more, so that its own objects come empty.
        let only = |inner: Vec<_>, name: &Name| vec![(name.clone(), Branch::Only(inner))];
        Branch::Only(rest.iter().rev().fold(Vec::new(), only))
    }

    /// What `self` and `other` want together.
    pub(crate) fn merge(&mut self, other: Branch) {
        let (Branch::Only(names), Branch::Only(others)) = (&mut *self, other) else {
            *self = Branch::Whole;
            return;
        };
        for (name, branch) in others {
            match names.iter_mut().find(|(n, _)| *n == name) {
                Some((_, present)) => present.merge(branch),
                None => names.push((name, branch)),
            }
        }
    }
}

fn narrow(value: &Value, branch: &Branch) -> Value {
    match (value, branch) {
        (Value::Object(object), Branch::Only(names)) => match &**object {
            Object::Instance(instance) => {
                Value::Object(Arc::new(Object::Instance(narrow_instance(instance, names))))
            }
            Object::Class(_) => value.clone(),
        },
        (Value::Array(elements), Branch::Only(_)) => {
            Value::array(elements.iter().map(|e| narrow(e, branch)))
        }
        _ => value.clone(),
    }
}

/// The same object with NULL in every property that is not among `names`.
fn narrow_instance(instance: &Instance, names: &[(Name, Branch)]) -> Instance {
    let class = instance.class();
    let mut values = vec![Value::Null; instance.values().len()];
    for (name, branch) in names {
        let Some(slot) = class.slot(name.as_str()) else { continue };
        let is_strong = class.properties()[slot].ty.class.is_some();
        values[slot] = match is_strong {
            true => narrow(instance.value(slot), branch),
            false => instance.value(slot).clone(),
        };
    }
    Instance::from_values(class.clone(), values.into())
}
