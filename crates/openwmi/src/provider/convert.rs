//! Converts structs to instances and back. The slots of the fields in a class are looked up once for
//! many instances.

use std::sync::Arc;

use cim::status::WBEM_E_INVALID_CLASS;
use cim::{Class, Instance, Result, Value};
use wbem::Wanted;

use super::class::{CimClass, Declared};
use super::property::CimProperty;

/// The slots of a struct's fields in a class.
pub(super) struct Layout {
    class: Arc<Class>,
    /// By the position of the field.
    slots: Vec<usize>,
}

/// The values of an instance, by the positions of a struct's fields.
pub struct Values<'a> {
    layout: &'a Layout,
    instance: &'a Instance,
}

impl Layout {
    /// The layout of the fields of `T` in `class`.
    /// Errors: `WBEM_E_INVALID_CLASS` if `class` lacks a property, has another type for it, or has
    /// a key without a field.
    pub(super) fn of<T: CimClass>(class: &Arc<Class>) -> Result<Self> {
        let properties = T::properties();
        let slot = |property: &Declared| {
            let (name, ty) = (&property.declaration.name, &property.declaration.ty);
            let slot = class.slot(name.as_str());
            let found = slot.filter(|&slot| class.properties()[slot].ty.same_kind(ty));
            found.ok_or_else(|| misfit(class, &format!("the property {name}, which is {ty}")))
        };
        let slots: Vec<usize> = properties.iter().map(slot).collect::<Result<_>>()?;
        for &key in class.keys() {
            let is_it = |(slot, property): (&usize, &Declared)| {
                *slot == usize::from(key) && property.is_key
            };
            if !slots.iter().zip(&properties).any(is_it) {
                let name = &class.properties()[usize::from(key)].name;
                return Err(misfit(class, &format!("no key {name}")));
            }
        }
        Ok(Layout { class: class.clone(), slots })
    }

    /// Converts `object` to an instance with its keys and the wanted properties. All other properties
    /// are NULL, also those without a field.
    pub(super) fn instance<T: CimClass>(&self, object: &T, wanted: &Wanted) -> Result<Instance> {
        let mut values = vec![Value::Null; self.class.properties().len()];
        for (at, &slot) in self.slots.iter().enumerate() {
            if wanted.contains(slot) || is_key(&self.class, slot) {
                values[slot] = object.value(at)?;
            }
        }
        Ok(Instance::from_values(self.class.clone(), values.into_boxed_slice()))
    }

    /// The values of `instance`, which is of this class.
    pub(super) fn values<'a>(&'a self, instance: &'a Instance) -> Values<'a> {
        Values { layout: self, instance }
    }
}

impl Values<'_> {
    /// The value of the field at the position `at`.
    /// Errors: `WBEM_E_TYPE_MISMATCH`, `WBEM_E_ILLEGAL_NULL`, with the property.
    pub fn get<T: CimProperty>(&self, at: usize) -> Result<T> {
        let slot = self.layout.slots.get(at).copied();
        let value = slot.map_or(&Value::Null, |slot| self.instance.value(slot));
        T::from_value(value).map_err(|e| {
            let class = &self.layout.class;
            let name = slot.map_or("", |slot| class.properties()[slot].name.as_str());
            e.status().with(format!("property {}.{name}: {}", class.name(), e.message()))
        })
    }
}

/// Whether `slot` is a key of `class`, or a part of one.
pub(super) fn is_key(class: &Class, slot: usize) -> bool {
    class.is_key(slot)
}

fn misfit(class: &Class, what: &str) -> cim::Error {
    WBEM_E_INVALID_CLASS.with(format!(
        "class {} does not match the struct of its provider, which has {what}; compile the \
         provider's MOF again",
        class.name()
    ))
}
