//! How qualifiers pass from class to class, and what may not be overridden (G.6, J-19).

use std::sync::Arc;

use cim::status::*;
use cim::{CimType, Class, Flavor, Qualifier, Qualifiers};

use crate::build::{class, mark, status};

const TO_DERIVED: Flavor = Flavor::TO_DERIVED;
const TO_INSTANCE: Flavor = Flavor::TO_INSTANCE;
const FIXED: Flavor = Flavor::TO_DERIVED.union(Flavor::NOT_OVERRIDABLE);

fn of<'a>(class: &'a Class, property: &str) -> &'a Qualifiers {
    &class.property(property).unwrap().qualifiers
}

fn below(parent: &Arc<Class>, name: &str) -> Arc<Class> {
    class(name).under(parent).make()
}

#[test]
fn g19_a_class_qualifier_passes_to_subclasses_and_never_to_properties() {
    let c = class("C")
        .with(Qualifier::new("Description", "x", TO_DERIVED))
        .property("P", CimType::String)
        .make();
    assert!(of(&c, "P").is_empty());
    let d = below(&c, "D");
    let passed = d.qualifiers().get("description").unwrap();
    assert_eq!((passed.is_propagated(), passed.flavor), (true, Flavor(0x22)));
    assert!(of(&d, "P").is_empty());
    // Not to instances: it is not flavored so.
    assert!(d.qualifiers().propagated(TO_INSTANCE).is_empty());
}

#[test]
fn g19_a_property_qualifier_passes_to_the_property_of_subclasses() {
    let c = class("C")
        .property("P", CimType::String)
        .qualified(Qualifier::new("Description", "x", TO_DERIVED))
        .qualified(Qualifier::new("ToInstance", 1, TO_INSTANCE))
        .qualified(mark("read"))
        .make();
    assert_eq!(of(&c, "P").propagated(TO_INSTANCE).len(), 1);
    let d = below(&c, "D");
    assert_eq!(of(&d, "P").len(), 1);
    assert!(of(&d, "P").get("description").unwrap().is_propagated());
    assert!(d.qualifiers().is_empty());
    let e = below(&d, "E");
    assert_eq!(of(&e, "P"), of(&d, "P"));
}

#[test]
fn g6_nothing_passes_by_default_but_key_and_association() {
    let c = class("C")
        .is("association")
        .is("dynamic")
        .with(Qualifier::new("provider", "p", Flavor::default()))
        .key("K", CimType::String)
        .qualified(mark("write"))
        .make();
    assert_eq!(of(&c, "K").get("key").unwrap().flavor, Flavor(0x13));
    let d = class("D").under(&c).is("dynamic").make();
    let e = class("E").under(&d).is("dynamic").make();
    for class in [&d, &e] {
        assert!(class.is_association());
        assert_eq!(class.provider(), None);
        assert_eq!(of(class, "K").len(), 1);
        assert_eq!(of(class, "K").get("key").unwrap().flavor, Flavor(0x33));
    }
}

#[test]
fn g6_an_override_wins_and_keeps_the_place() {
    let c = class("C")
        .property("P", CimType::String)
        .qualified(Qualifier::new("First", "c", TO_DERIVED))
        .qualified(Qualifier::new("Second", "c", TO_DERIVED))
        .make();
    let d = class("D")
        .under(&c)
        .property("p", CimType::String)
        .qualified(Qualifier::new("Third", "d", TO_DERIVED))
        .qualified(Qualifier::new("FIRST", "d", TO_DERIVED))
        .make();
    let all: Vec<_> = of(&d, "P")
        .iter()
        .map(|q| (q.name.as_str(), q.value.as_str().unwrap(), q.is_propagated()))
        .collect();
    assert_eq!(all, [("FIRST", "d", false), ("Second", "c", true), ("Third", "d", false)]);
    assert_eq!(of(&d, "P").local().count(), 2);
    let e = below(&d, "E");
    assert_eq!(of(&e, "P").text("first"), Some("d"));
    // An override with the default flavor ends the propagation with itself.
    let ended = class("D")
        .under(&c)
        .property("P", CimType::String)
        .qualified(Qualifier::new("First", "d", Flavor::default()))
        .make();
    assert_eq!(of(&below(&ended, "E"), "P").text("first"), None);
}

#[test]
fn g7_a_fixed_qualifier_keeps_its_value_at_every_level() {
    let fixed = |value: &str| Qualifier::new("Q", value, FIXED);
    let free = |value: &str| Qualifier::new("Q", value, Flavor::default());
    let c = class("C").with(fixed("a")).property("P", CimType::String).qualified(fixed("a")).make();
    let d = below(&c, "D");
    for parent in [&c, &d] {
        assert_eq!(
            status(class("E").under(parent).with(free("b")).build()),
            WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED
        );
        let property = class("E").under(parent).property("P", CimType::String);
        assert_eq!(
            status(property.qualified(free("b")).build()),
            WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED
        );
    }
    // Written again with the same value it stays as fixed for the classes below.
    let again = class("D").under(&c).with(free("a")).make();
    let own = again.qualifiers().get("q").unwrap();
    assert_eq!((own.flavor, own.is_propagated()), (FIXED, false));
    let under_again = class("E").under(&again).with(free("b")).build();
    assert_eq!(status(under_again), WBEM_E_UPDATE_OVERRIDE_NOT_ALLOWED);
    // Fixed but not propagated, it has no effect on subclasses.
    let local = class("C").with(Qualifier::new("Q", "a", Flavor::NOT_OVERRIDABLE)).make();
    assert!(class("D").under(&local).with(free("b")).build().is_ok());
}

#[test]
fn g6_method_qualifiers_pass_like_those_of_properties() {
    let mut declaration = class("C").method("M", vec![]).declaration();
    declaration.methods[0].qualifiers = [
        Qualifier::new("Description", "x", TO_DERIVED),
        Qualifier::new("Implemented", true, Flavor::default()),
    ]
    .into_iter()
    .collect();
    let c = Class::derive(Arc::new(declaration), None, None).unwrap();
    let d = below(&c, "D");
    let inherited = d.method("m").unwrap();
    assert_eq!((inherited.qualifiers.len(), inherited.declared_in.as_str()), (1, "C"));
    // Declared again without Implemented, it is not implemented there (J-18).
    let again = class("D").under(&c).method("M", vec![]).make();
    let own = again.method("M").unwrap();
    assert_eq!(own.declared_in.as_str(), "D");
    assert!(!own.qualifiers.is_true("implemented"));
    assert!(own.qualifiers.get("description").unwrap().is_propagated());
}

#[test]
fn g6_dynamic_is_true_and_stays() {
    let not = Qualifier::new("Dynamic", false, Flavor::default());
    assert_eq!(status(class("C").with(not).build()), WBEM_E_INVALID_QUALIFIER);
    let c = class("C").is("dynamic").make();
    assert_eq!(status(class("D").under(&c).build()), WBEM_E_INVALID_QUALIFIER);
    assert!(class("D").under(&c).is("dynamic").build().is_ok());
    let passed = class("C").with(Qualifier::new("dynamic", true, TO_DERIVED)).make();
    assert!(below(&passed, "D").is_dynamic());
}
