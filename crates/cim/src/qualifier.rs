//! Qualifiers, their flavors, and how they pass from a class to its subclasses and instances.
//!
//! A qualifier set here belongs to a class, a property, a method, a parameter or an instance.
//! The CIMTYPE qualifier is not stored: it is the property's type (`PropertyType::cimtype`), from
//! which doors that show it derive it. The rules on legal qualifiers that the core enforces are in
//! [`crate::derivation`].

use std::sync::Arc;

use bitflags::bitflags;

use crate::name::Name;
use crate::value::Value;

/// The flavor bits of a qualifier (`WBEM_FLAVOR_TYPE`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Flavor(pub u8);

bitflags! {
    impl Flavor: u8 {
        /// Passes to instances.
        const TO_INSTANCE = 0x01;
        /// Passes to subclasses.
        const TO_DERIVED = 0x02;
        /// A subclass or instance must not give another value.
        const NOT_OVERRIDABLE = 0x10;
        /// It came from the superclass, or from the class to the instance.
        const PROPAGATED = 0x20;
        /// Made by the system.
        const SYSTEM = 0x40;
        /// Localizable: may be in the amendment alone (MOF `Amended`, DMTF `Translatable`).
        const AMENDED = 0x80;
    }
}

impl Flavor {
    /// The flavors that hold for `name` without being written: those of `key`, and of
    /// `Association`, which always propagates.
    pub fn implied(name: &str) -> Flavor {
        if crate::name::eq(name, "key") {
            Flavor::TO_INSTANCE | Flavor::TO_DERIVED | Flavor::NOT_OVERRIDABLE
        } else if crate::name::eq(name, "association") {
            Flavor::TO_INSTANCE | Flavor::TO_DERIVED
        } else {
            Flavor::empty()
        }
    }
}

/// A named value with flavors.
#[derive(Clone, PartialEq, Debug)]
pub struct Qualifier {
    /// Its name.
    pub name: Name,
    /// Its value. WMI's own dialect knows string, sint32, boolean, real64 and arrays of
    /// these; DMTF's declares other types, which are kept.
    pub value: Value,
    /// Its flavors, `PROPAGATED` among them where it was inherited.
    pub flavor: Flavor,
}

impl Qualifier {
    /// A qualifier with the flavors given and those its name implies.
    pub fn new(name: impl Into<Name>, value: impl Into<Value>, flavor: Flavor) -> Self {
        let name = name.into();
        let flavor = flavor | Flavor::implied(name.as_str());
        Qualifier { name, value: value.into(), flavor }
    }

    /// Whether it was inherited and not declared again.
    pub fn is_propagated(&self) -> bool {
        self.flavor.contains(Flavor::PROPAGATED)
    }
}

/// The qualifiers of one element, in the order written; names are unique without case. Copies share
/// them: a class has those of its declaration.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Qualifiers(Arc<[Qualifier]>);

impl Qualifiers {
    /// The qualifiers of a list in which, as the caller has checked, no name is twice.
    pub fn from_distinct(list: impl ExactSizeIterator<Item = Qualifier>) -> Self {
        // Nothing is allocated for an element without qualifiers, as many are.
        if list.len() == 0 { Qualifiers::default() } else { Qualifiers(list.collect()) }
    }

    /// The qualifier `name`.
    pub fn get(&self, name: &str) -> Option<&Qualifier> {
        self.0.iter().find(|q| q.name.is(name))
    }

    /// The value of the qualifier `name`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.get(name).map(|q| &q.value)
    }

    /// Whether `name` is there with the value TRUE.
    pub fn is_true(&self, name: &str) -> bool {
        // Few are TRUE, and to check that is cheaper than to compare names.
        self.0.iter().any(|q| matches!(q.value, Value::Boolean(true)) && q.name.is(name))
    }

    /// The text of `name`, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// Adds `qualifier`, replacing the one with its name.
    pub fn set(&mut self, qualifier: Qualifier) {
        let mut list = self.0.to_vec();
        set_in(&mut list, qualifier);
        self.0 = list.into();
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Qualifier> {
        let at = self.0.iter().position(|q| q.name.is(name))?;
        let mut list = self.0.to_vec();
        let removed = list.remove(at);
        self.0 = list.into();
        Some(removed)
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Qualifier> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are not inherited.
    pub fn local(&self) -> impl Iterator<Item = &Qualifier> {
        self.0.iter().filter(|q| !q.is_propagated())
    }

    /// What of these passes on by `via` (`TO_DERIVED` or `TO_INSTANCE`), marked as propagated.
    pub fn propagated(&self, via: Flavor) -> Qualifiers {
        let passed: Vec<Qualifier> = self
            .0
            .iter()
            .filter(|q| q.flavor.contains(via))
            .map(|q| Qualifier { flavor: q.flavor | Flavor::PROPAGATED, ..q.clone() })
            .collect();
        Qualifiers::from_distinct(passed.into_iter())
    }

    /// These laid over what is inherited: each of these wins, the rest is inherited. One that
    /// repeats a `NOT_OVERRIDABLE` one stays as fixed and passes on as far as that did, so that
    /// repeating it frees no class below.
    ///
    /// # Errors
    ///
    /// The first qualifier that gives a `NOT_OVERRIDABLE` one another value.
    pub fn over(&self, inherited: &Qualifiers) -> Result<Qualifiers, &Qualifier> {
        if inherited.is_empty() {
            return Ok(self.clone());
        }
        let mut merged = Vec::with_capacity(inherited.len() + self.len());
        merged.extend_from_slice(&inherited.0);
        for q in &*self.0 {
            let fixed = inherited
                .get(q.name.as_str())
                .filter(|i| i.flavor.contains(Flavor::NOT_OVERRIDABLE));
            let kept = match fixed {
                Some(fixed) if fixed.value != q.value => return Err(q),
                Some(fixed) => fixed.flavor - Flavor::PROPAGATED,
                None => Flavor::empty(),
            };
            set_in(&mut merged, Qualifier { flavor: q.flavor | kept, ..q.clone() });
        }
        Ok(Qualifiers(merged.into()))
    }
}

/// Adds `qualifier`, replacing the one with its name.
fn set_in(list: &mut Vec<Qualifier>, qualifier: Qualifier) {
    match list.iter_mut().find(|q| q.name == qualifier.name) {
        Some(old) => *old = qualifier,
        None => list.push(qualifier),
    }
}

impl FromIterator<Qualifier> for Qualifiers {
    fn from_iter<I: IntoIterator<Item = Qualifier>>(iter: I) -> Self {
        let iter = iter.into_iter();
        let mut list = Vec::with_capacity(iter.size_hint().0);
        iter.for_each(|q| set_in(&mut list, q));
        Qualifiers::from_distinct(list.into_iter())
    }
}

impl<'a> IntoIterator for &'a Qualifiers {
    type Item = &'a Qualifier;
    type IntoIter = std::slice::Iter<'a, Qualifier>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g6_qualifiers_pass_by_flavor_and_not_by_default() {
        let set: Qualifiers = [
            Qualifier::new("Description", "x", Flavor::TO_DERIVED),
            Qualifier::new("Units", "bytes", Flavor::default()),
            Qualifier::new("Key", true, Flavor::default()),
        ]
        .into_iter()
        .collect();
        let derived = set.propagated(Flavor::TO_DERIVED);
        assert_eq!(derived.len(), 2);
        assert_eq!(derived.get("KEY").unwrap().flavor, Flavor(0x33));
        assert_eq!(derived.get("description").unwrap().flavor, Flavor(0x22));
        assert_eq!(set.propagated(Flavor::TO_INSTANCE).len(), 1);
    }

    #[test]
    fn a_fixed_qualifier_takes_no_other_value() {
        let one = |v: &str, f| Qualifiers::from_iter([Qualifier::new("Q", v, f)]);
        let fixed = one("a", Flavor::TO_DERIVED.union(Flavor::NOT_OVERRIDABLE))
            .propagated(Flavor::TO_DERIVED);
        assert!(one("b", Flavor::default()).over(&fixed).is_err());
        assert!(one("a", Flavor::default()).over(&fixed).is_ok());
        let free = one("a", Flavor::TO_DERIVED).propagated(Flavor::TO_DERIVED);
        let merged = one("b", Flavor::default()).over(&free).unwrap();
        assert_eq!((merged.text("q"), merged.len()), (Some("b"), 1));
    }
}
