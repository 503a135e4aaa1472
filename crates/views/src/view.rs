//! A view with its source classes, resolved in their namespaces and checked against the view.
//!
//! Opened for each call, because the classes can change between two calls. Rules: behaviour.md B.8.

use std::sync::Arc;

use cim::status::WBEM_E_TYPE_MISMATCH;
use cim::{CimType, Class, Instance, Name, PropertyType, Result, Value};
use wbem::ProviderContext;

use crate::definition::{Definition, Kind};
use crate::join_on::Side;
use crate::place::Place;

/// An opened view.
pub(crate) struct View {
    pub(crate) definition: Definition,
    /// Each source in each of its namespaces, in the order of the sources and of their namespaces.
    pub(crate) places: Vec<Place>,
}

impl View {
    /// Opens the view that `class` declares.
    /// Errors: those of [`Definition::new`] and of reading the source classes; for source classes
    /// that do not fit the view `WBEM_E_TYPE_MISMATCH` and `WBEM_E_INVALID_QUALIFIER`.
    pub(crate) fn open(class: &Arc<Class>, context: &ProviderContext) -> Result<Arc<Self>> {
        let definition = Definition::new(class)?;
        let home = context.services();
        let mut places = Vec::new();
        for (source, declared) in definition.sources.iter().enumerate() {
            for namespace in &declared.namespaces {
                places.push(Place::open(&definition, source, namespace, &**home, context)?);
            }
        }
        let view = View { definition, places };
        view.check_types()?;
        view.check_keys()?;
        if let Kind::Join(join) = &view.definition.kind {
            for condition in &join.conditions {
                view.check_condition(&condition.left, &condition.right)?;
            }
        }
        Ok(Arc::new(view))
    }

    pub(crate) fn class(&self) -> &Arc<Class> {
        &self.definition.class
    }

    /// The places of one source.
    pub(crate) fn places_of(&self, source: usize) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(move |place| place.source == source)
    }

    /// The instance with these values in `slots`, and NULL in all others.
    pub(crate) fn instance(&self, slots: &[usize], value: impl Fn(usize) -> Value) -> Instance {
        let mut values = vec![Value::Null; self.class().properties().len()];
        for &slot in slots {
            values[slot] = match value(slot) {
                Value::Null if self.definition.properties[slot].hidden_default => {
                    self.class().defaults()[slot].clone()
                }
                value => value,
            };
        }
        Instance::from_values(self.class().clone(), values.into())
    }

    fn check_types(&self) -> Result<()> {
        for place in &self.places {
            for (slot, property) in self.class().properties().iter().enumerate() {
                let name = self.definition.properties[slot].names[place.source].as_ref();
                let column = name.and_then(|name| place.column(&self.definition, name));
                let Some((column, ty)) = column else { continue };
                if !ty.same_kind(&property.ty) {
                    return Err(WBEM_E_TYPE_MISMATCH.with(format!(
                        "view {}: property {} is {}, its source {}.{} is {ty}",
                        self.class().name(),
                        property.name,
                        property.ty,
                        place.class.name(),
                        column.name()
                    )));
                }
            }
        }
        Ok(())
    }

    /// Checks that each key has a source property: in one source of a join, otherwise in every source;
    /// and that the sources of a union have the same key types.
    fn check_keys(&self) -> Result<()> {
        let is_join = self.definition.is_join();
        for &slot in self.class().keys() {
            let slot = usize::from(slot);
            let has = |place: &&Place| place.columns[slot].is_some();
            let suits = if is_join {
                self.places.iter().any(|p| has(&p))
            } else {
                self.places.iter().all(|p| has(&p))
            };
            if !suits {
                let place = self.places.iter().find(|place| !has(place));
                let class = place.map_or("its sources", |place| place.class.name().as_str());
                return Err(self.definition.wrong(format!(
                    "key {} has no source property in {class}, or one that ViewSources does not \
                     select",
                    self.class().properties()[slot].name
                )));
            }
        }
        if self.definition.is_union() {
            let differs =
                |place: &&Place| key_types(&place.class) != key_types(&self.places[0].class);
            if let Some(other) = self.places.iter().find(differs) {
                return Err(self.definition.wrong(format!(
                    "the keys of its sources {} and {} differ; in a union their number and types \
                     must be the same",
                    self.places[0].class.name(),
                    other.class.name()
                )));
            }
        }
        Ok(())
    }

    /// Checks that both sides of a join condition exist and can be compared.
    fn check_condition(&self, left: &Side, right: &Side) -> Result<()> {
        for left_place in self.places_of(left.source) {
            for right_place in self.places_of(right.source) {
                let left_type = self.type_of(left_place, &left.property)?;
                let right_type = self.type_of(right_place, &right.property)?;
                if !compare(&left_type, &right_type) {
                    return Err(WBEM_E_TYPE_MISMATCH.with(format!(
                        "view {}: JoinOn compares {}.{}, which is {left_type}, with {}.{}, which \
                         is {right_type}",
                        self.class().name(),
                        left_place.class.name(),
                        left.property,
                        right_place.class.name(),
                        right.property
                    )));
                }
            }
        }
        Ok(())
    }

    fn type_of(&self, place: &Place, property: &Name) -> Result<PropertyType> {
        let column = place.column(&self.definition, property);
        column.map(|(_, ty)| ty).ok_or_else(|| {
            self.definition.wrong(format!(
                "JoinOn names {}.{property}, which the class lacks or ViewSources does not select",
                place.class.name()
            ))
        })
    }
}

/// The types of the keys, sorted, because their names may differ.
fn key_types(class: &Class) -> Vec<u16> {
    let ty = |&slot: &u16| class.properties()[usize::from(slot)].ty.number();
    let mut types: Vec<u16> = class.keys().iter().map(ty).collect();
    types.sort_unstable();
    types
}

/// Whether values of the two types can be equal: the same type, or two integer types.
fn compare(left: &PropertyType, right: &PropertyType) -> bool {
    let is_comparable = |ty: &PropertyType| !ty.is_array && ty.cim != CimType::Object;
    is_comparable(left)
        && is_comparable(right)
        && (left.cim == right.cim || (left.cim.is_integer() && right.cim.is_integer()))
}
