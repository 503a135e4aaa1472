//! Instances: a class and a value for each of its slots.
//!
//! Holds values and says which of them the instance supplied itself; knows no repository and
//! no provider. `__PATH` and its like are computed from the class and the keys.

use std::borrow::Cow;
use std::sync::Arc;

use crate::class::Class;
use crate::key::{InstanceKey, path_value};
use crate::name::Name;
use crate::naming::check_qualifiers;
use crate::object::SystemProperty;
use crate::path::{MAX_PATH, ObjectPath, PathKeys};
use crate::qualifier::{Flavor, Qualifier, Qualifiers};
use crate::status::*;
use crate::value::Value;

/// An instance of a class.
#[derive(Clone, Debug)]
pub struct Instance {
    class: Arc<Class>,
    /// INVARIANT: one value a slot of `class`, each of the slot's type.
    values: Box<[Value]>,
    /// The slots that still have the class's default.
    defaulted: SlotSet,
    qualifiers: Option<Box<InstanceQualifiers>>,
}

/// The qualifiers that an instance has of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceQualifiers {
    /// Those of the instance.
    pub instance: Qualifiers,
    /// Those of its properties, by slot.
    pub properties: Vec<(u16, Qualifiers)>,
}

impl Instance {
    /// An instance with the class's defaults.
    pub fn new(class: Arc<Class>) -> Self {
        let values: Box<[Value]> = class.defaults().into();
        Instance { defaulted: SlotSet::all(values.len()), class, values, qualifiers: None }
    }

    /// An instance whose every value is supplied, by slot. A provider's way: no check of types
    /// beyond debug builds, no lookup of names. Panics where the number of values is wrong.
    pub fn from_values(class: Arc<Class>, values: Box<[Value]>) -> Self {
        assert_eq!(values.len(), class.properties().len(), "one value a slot of {}", class.name());
        debug_assert!(
            values.iter().zip(class.properties()).all(|(v, p)| v.has_type(&p.ty)),
            "values of {} have the types of its properties: {values:?}",
            class.name()
        );
        Instance { class, values, defaulted: SlotSet::default(), qualifiers: None }
    }

    /// An instance with the class's defaults and these keys, which have the order and the types of
    /// [`Class::keys`]. It is used to request an instance or to build its path.
    pub fn with_keys(class: &Arc<Class>, keys: &[Value]) -> Self {
        let mut instance = Instance::new(class.clone());
        for (&slot, value) in class.keys.iter().zip(keys) {
            instance.set(slot.into(), value.clone());
        }
        instance
    }

    /// The same instance of `class`, which has its class's name: for an adapter whose instances come
    /// with classes of their own. Values are moved by the names of properties; what was not supplied
    /// has the default of `class`.
    /// Errors: `WBEM_E_INVALID_CLASS` where the name is another, or `class` lacks a property that was
    /// supplied or has it with a type to which the value does not convert.
    pub fn rebind(self, class: &Arc<Class>) -> Result<Instance> {
        if Arc::ptr_eq(&self.class, class) {
            return Ok(self);
        }
        let misfit = |what: &str| {
            let from = self.class.name();
            WBEM_E_INVALID_CLASS
                .with(format!("an instance of {from} is none of {}: {what}", class.name()))
        };
        if self.class.name() != class.name() {
            return Err(misfit("the names differ"));
        }
        let mut rebound = Instance::new(class.clone());
        for (slot, property) in self.class.properties().iter().enumerate() {
            if self.is_supplied(slot) {
                let put = rebound.put(property.name.as_str(), &self.values[slot]);
                put.map_err(|e| misfit(e.message()))?;
            }
        }
        if let Some(own) = self.qualifiers() {
            let name = |slot: u16| self.class.properties()[usize::from(slot)].name.as_str();
            let moved = |(slot, set): &(u16, Qualifiers)| {
                Some((class.slot(name(*slot))? as u16, set.clone()))
            };
            rebound.set_qualifiers(InstanceQualifiers {
                instance: own.instance.clone(),
                properties: own.properties.iter().filter_map(moved).collect(),
            });
        }
        Ok(rebound)
    }

    /// Its class.
    pub fn class(&self) -> &Arc<Class> {
        &self.class
    }

    /// About how many bytes of memory it takes as an [`crate::Object`], without its class.
    pub fn memory(&self) -> usize {
        size_of::<crate::Object>() + self.values.iter().map(Value::memory).sum::<usize>()
    }

    /// The values by slot.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value in `slot`.
    pub fn value(&self, slot: usize) -> &Value {
        &self.values[slot]
    }

    /// The value of the property `name`, which is not a system property.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.class.slot(name).map(|slot| &self.values[slot])
    }

    /// Whether the instance supplied the value itself, even if it equals the class's default.
    pub fn is_supplied(&self, slot: usize) -> bool {
        !self.defaulted.contains(slot)
    }

    /// The slots whose values the instance did not supply.
    pub fn defaulted(&self) -> &SlotSet {
        &self.defaulted
    }

    /// The same instance with these slots not supplied, which get the class's defaults, and every
    /// other supplied.
    pub fn with_defaulted(&self, defaulted: &SlotSet) -> Cow<'_, Instance> {
        if self.defaulted == *defaulted {
            return Cow::Borrowed(self);
        }
        let mut instance = self.clone();
        instance.defaulted = SlotSet::default();
        for slot in (0..self.values.len()).filter(|&slot| defaulted.contains(slot)) {
            instance.reset(slot);
        }
        Cow::Owned(instance)
    }

    /// Supplies the value of `slot`, which must have the slot's type.
    pub fn set(&mut self, slot: usize, value: Value) {
        debug_assert!(value.has_type(&self.class.properties()[slot].ty));
        self.values[slot] = value;
        self.defaulted.remove(slot);
    }

    /// Supplies the value of the property `name`, converted to its type where it must be.
    ///
    /// # Errors
    ///
    /// `WBEM_E_NOT_FOUND` if the class lacks it, `WBEM_E_TYPE_MISMATCH` if the value does not
    /// convert, `WBEM_E_READ_ONLY` for a system property.
    pub fn put(&mut self, name: &str, value: &Value) -> Result<()> {
        if SystemProperty::from_name(name).is_some() {
            return Err(WBEM_E_READ_ONLY.with(format!("system property {name} cannot be written")));
        }
        let slot = self.class.slot(name).ok_or_else(|| {
            WBEM_E_NOT_FOUND.with(format!("class {} has no property {name}", self.class.name()))
        })?;
        let ty = &self.class.properties()[slot].ty;
        let converted = value.convert(ty).ok_or_else(|| {
            WBEM_E_TYPE_MISMATCH.with(format!(
                "property {}.{name} is {ty}, which the value given is not",
                self.class.name()
            ))
        })?;
        self.set(slot, converted);
        Ok(())
    }

    /// Gives `slot` the class's default again.
    pub fn reset(&mut self, slot: usize) {
        self.values[slot] = self.class.defaults()[slot].clone();
        self.defaulted.insert(slot);
    }

    /// The qualifiers of its own, if it has any.
    pub fn qualifiers(&self) -> Option<&InstanceQualifiers> {
        self.qualifiers.as_deref()
    }

    /// Gives it qualifiers of its own.
    pub fn set_qualifiers(&mut self, qualifiers: InstanceQualifiers) {
        self.qualifiers =
            (qualifiers != InstanceQualifiers::default()).then(|| Box::new(qualifiers));
    }

    /// Whether it may be put, apart from what identifies it (behaviour.md F.2, G.8).
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_OPERATION` if its class is abstract or an amendment, `WBEM_E_ILLEGAL_NULL`
    /// if a property that is a key, Not_Null or Indexed has no value, `WBEM_E_TYPE_MISMATCH` if one
    /// that holds intervals has a point in time, or an embedded object is of another class than is
    /// declared, `WBEM_E_QUOTA_VIOLATION` if its path is too long,
    /// `WBEM_E_OVERRIDE_NOT_ALLOWED` if a qualifier of its own gives one that its class fixes
    /// another value, `WBEM_E_INVALID_PARAMETER` if the name of one is misspelled,
    /// `WBEM_E_INVALID_QUALIFIER` for DynProps that is not TRUE, and for ToSubClass, because nothing
    /// derives from an instance.
    pub fn check(&self) -> Result<()> {
        self.check_class()?;
        let name = self.class.name();
        let slots = self.class.required().iter().map(|&slot| usize::from(slot));
        if let Some(slot) = slots.into_iter().find(|&slot| self.values[slot].is_null()) {
            return Err(WBEM_E_ILLEGAL_NULL.with(format!(
                "property {name}.{} must have a value",
                self.class.properties()[slot].name
            )));
        }
        self.check_values(|_| true)?;
        let path = self.relative_path().map(|path| path.to_string()).unwrap_or_default();
        if path.len() > MAX_PATH && path.chars().count() > MAX_PATH {
            return Err(WBEM_E_QUOTA_VIOLATION.with(format!(
                "an instance of {name} would have a path of more than {MAX_PATH} characters"
            )));
        }
        self.check_qualifiers()
    }

    /// Whether the values in these slots may be put: intervals where the property holds intervals,
    /// embedded objects of the declared classes.
    ///
    /// # Errors
    ///
    /// `WBEM_E_TYPE_MISMATCH`.
    pub fn check_values(&self, is_meant: impl Fn(usize) -> bool) -> Result<()> {
        let values = self.class.properties().iter().zip(&self.values).enumerate();
        for (_, (property, value)) in values.filter(|(slot, _)| is_meant(*slot)) {
            let place = || format!("property {}.{}", self.class.name(), property.name);
            if property.refuses_point(value) {
                return Err(WBEM_E_TYPE_MISMATCH.with(format!("{} holds intervals alone", place())));
            }
            let suits = value.check_objects(&property.ty);
            suits.map_err(|e| e.status().with(format!("{}: {}", place(), e.message())))?;
        }
        Ok(())
    }

    /// The qualifiers of its own beside those that its class passes on to it.
    fn check_qualifiers(&self) -> Result<()> {
        let Some(own) = self.qualifiers() else { return Ok(()) };
        let class = &self.class;
        if own.instance.value("dynprops") == Some(&Value::Boolean(false)) {
            return Err(WBEM_E_INVALID_QUALIFIER
                .with(format!("an instance of {}: DynProps can only be TRUE", class.name())));
        }
        check_own(class.name(), &own.instance, class.qualifiers())?;
        own.properties.iter().try_for_each(|(slot, qualifiers)| {
            let property = &class.properties()[usize::from(*slot)];
            check_own(&property.name, qualifiers, &property.qualifiers)
        })
    }

    /// Whether its class may have instances of its own.
    ///
    /// # Errors
    ///
    /// `WBEM_E_INVALID_OPERATION`.
    pub fn check_class(&self) -> Result<()> {
        match self.class.is_abstract() {
            true => Err(WBEM_E_INVALID_OPERATION.with(format!(
                "class {} is abstract or an amendment and has no instances of its own",
                self.class.name()
            ))),
            false => Ok(()),
        }
    }

    /// What identifies it.
    ///
    /// # Errors
    ///
    /// As for [`InstanceKey::from_values`].
    pub fn key(&self) -> Result<InstanceKey> {
        InstanceKey::from_values(&self.class, &self.values)
    }

    /// Its path without server and namespace; `None` where a key is NULL or not among the
    /// properties of a projection.
    pub fn relative_path(&self) -> Option<ObjectPath> {
        let keys = if self.class.is_singleton() {
            PathKeys::Singleton
        } else {
            let keys: Option<Vec<(Name, _)>> = self
                .class
                .keys()
                .iter()
                .map(|&slot| {
                    let slot = usize::from(slot);
                    Some((
                        self.class.properties()[slot].name.clone(),
                        path_value(&self.values[slot])?,
                    ))
                })
                .collect();
            PathKeys::Named(keys.filter(|k| !k.is_empty())?)
        };
        Some(ObjectPath { server: None, namespace: None, class: self.class.name().clone(), keys })
    }

    /// The value of a system property.
    pub fn system(&self, property: SystemProperty) -> Value {
        self.class.system(property, 2, || self.relative_path())
    }

    pub(crate) fn into_values(self) -> Box<[Value]> {
        self.values
    }
}

fn check_own(element: &Name, own: &Qualifiers, of_class: &Qualifiers) -> Result<()> {
    check_qualifiers(element.as_str(), own)?;
    let derives = |q: &&Qualifier| {
        q.flavor.difference(Flavor::implied(q.name.as_str())).contains(Flavor::TO_DERIVED)
    };
    if let Some(q) = own.iter().find(derives) {
        return Err(WBEM_E_INVALID_QUALIFIER.with(format!(
            "qualifier {} of {element} has the flavor ToSubClass, but nothing derives from an instance",
            q.name
        )));
    }
    match own.over(&of_class.propagated(Flavor::TO_INSTANCE)) {
        Ok(_) => Ok(()),
        Err(q) => Err(WBEM_E_OVERRIDE_NOT_ALLOWED.with(format!(
            "qualifier {} of {element} may not have another value than the class gives",
            q.name
        ))),
    }
}

/// Equal are instances of classes of one name that hold the same and supplied the same.
impl PartialEq for Instance {
    fn eq(&self, other: &Self) -> bool {
        self.class.name() == other.class.name()
            && self.values == other.values
            && self.defaulted == other.defaulted
            && self.qualifiers == other.qualifiers
    }
}

/// A set of slots; the empty one and those below slot 64 need no memory of their own.
#[derive(Clone, Debug, Default)]
pub struct SlotSet {
    low: u64,
    high: Vec<u64>,
}

/// Sets of the same slots are equal, however much memory each has taken.
impl PartialEq for SlotSet {
    fn eq(&self, other: &Self) -> bool {
        let (short, long) = match self.high.len() <= other.high.len() {
            true => (&self.high, &other.high),
            false => (&other.high, &self.high),
        };
        let (same, rest) = long.split_at(short.len());
        self.low == other.low && short == same && rest.iter().all(|&word| word == 0)
    }
}

impl SlotSet {
    /// The slots below `len`.
    pub fn all(len: usize) -> Self {
        let word = |bits: usize| if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
        let high = len.saturating_sub(64);
        SlotSet {
            low: word(len),
            high: (0..high.div_ceil(64)).map(|i| word(high - i * 64)).collect(),
        }
    }

    fn word(&mut self, slot: usize) -> Option<&mut u64> {
        match slot / 64 {
            0 => Some(&mut self.low),
            n => self.high.get_mut(n - 1),
        }
    }

    /// Whether `slot` is one of them.
    pub fn contains(&self, slot: usize) -> bool {
        let word = match slot / 64 {
            0 => self.low,
            n => self.high.get(n - 1).copied().unwrap_or(0),
        };
        word >> (slot % 64) & 1 == 1
    }

    /// Takes `slot` out.
    pub fn remove(&mut self, slot: usize) {
        if let Some(word) = self.word(slot) {
            *word &= !(1 << (slot % 64));
        }
    }

    /// Puts `slot` in.
    pub fn insert(&mut self, slot: usize) {
        let words = slot / 64;
        if self.high.len() < words {
            self.high.resize(words, 0);
        }
        if let Some(word) = self.word(slot) {
            *word |= 1 << (slot % 64);
        }
    }
}
