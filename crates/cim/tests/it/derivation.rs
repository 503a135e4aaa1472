//! What a class inherits, what it may declare again, and what may not be derived (G.6, G.7).

use std::sync::Arc;

use cim::derivation::MAX_DERIVATION;
use cim::status::*;
use cim::{CimType, Class, ClassDeclaration, PropertyType, Value};

use crate::build::{class, mark, parameter, property_names, status};

#[test]
fn g21_a_terminal_class_has_no_subclasses() {
    let terminal = class("A").is("terminal").make();
    assert_eq!(status(class("B").under(&terminal).build()), WBEM_E_INVALID_SUPERCLASS);
    let both = class("A").is("Terminal").is("Abstract").build();
    assert_eq!(status(both), WBEM_E_INVALID_QUALIFIER);
}

#[test]
fn g7_abstract_is_not_inherited_and_needs_an_abstract_parent() {
    let flavored = cim::Qualifier::new("abstract", true, cim::Flavor(0x13));
    let top = class("A").with(flavored).make();
    let concrete = class("B").under(&top).make();
    assert!(!concrete.is_abstract());
    assert!(class("C").is("abstract").under(&top).make().check_abstract().is_ok());
    assert!(top.check_abstract().is_ok() && concrete.check_abstract().is_ok());
    let below = class("C").is("abstract").under(&concrete).make();
    assert_eq!(status(below.check_abstract()), WBEM_E_CANNOT_BE_ABSTRACT);
}

#[test]
fn g7_a_subclass_has_what_is_above_first_and_then_its_own() {
    let a = class("A").property("Z", CimType::String).property("B", CimType::UInt8).make();
    let b = class("B").under(&a).property("A", CimType::String).property("z", CimType::String);
    let b = b.default("d").method("M", vec![]).make();
    let c = class("C").under(&b).property("M", CimType::String).method("N", vec![]).make();
    assert_eq!(property_names(&c), ["z", "B", "A", "M"]);
    let by_name: Vec<_> =
        c.slots_by_name().iter().map(|&s| property_names(&c)[s as usize]).collect();
    assert_eq!(by_name, ["A", "B", "M", "z"]);
    for (slot, name) in property_names(&c).into_iter().enumerate() {
        assert_eq!(c.slot(&name.to_uppercase()), Some(slot));
    }
    assert_eq!(c.slot("Y"), None);
    let origin = |p: &str| c.property(p).unwrap().declared_in.as_str();
    assert_eq!(["Z", "B", "A", "M"].map(origin), ["B", "A", "B", "C"]);
    assert_eq!(c.defaults()[0], Value::string("d"));
    let methods: Vec<_> = c.methods().iter().map(|m| m.name.as_str()).collect();
    assert_eq!(methods, ["M", "N"]);
    let ancestors: Vec<_> = c.ancestors().map(|c| c.name().as_str()).collect();
    assert_eq!((ancestors, c.dynasty().as_str()), (vec!["B", "A"], "A"));
    assert!(c.is_a("a") && c.is_a("C") && !c.is_a("D"));
}

#[test]
fn g7_an_override_changes_the_default_and_narrows_the_class_but_not_the_type() {
    let a = class("A")
        .property("P", CimType::UInt32)
        .default(7u32)
        .property("R", PropertyType::reference("X"))
        .property("S", PropertyType::array(CimType::String))
        .make();
    let over = |name: &str, ty: PropertyType| class("B").under(&a).property(name, ty);
    for (name, ty) in [
        ("P", CimType::SInt32.into()),
        ("P", PropertyType::array(CimType::UInt32)),
        ("S", CimType::String.into()),
        ("R", PropertyType::object("X")),
        ("R", CimType::String.into()),
    ] {
        assert_eq!(status(over(name, ty).build()), WBEM_E_UPDATE_TYPE_MISMATCH, "{name}");
    }
    let narrowed = over("R", PropertyType::reference("Y")).make();
    assert_eq!(narrowed.property("r").unwrap().ty, PropertyType::reference("Y"));
    let kept = over("P", CimType::UInt32.into()).make();
    assert_eq!(kept.defaults()[0], Value::UInt32(7));
    let null = over("P", CimType::UInt32.into()).default(Value::Null).make();
    assert_eq!(null.defaults()[0], Value::Null);
    assert_eq!(a.defaults()[0], Value::UInt32(7));
}

#[test]
fn g7_a_default_has_the_type_of_its_property() {
    let bad = class("A").property("P", CimType::UInt32).default(7i32);
    assert_eq!(status(bad.build()), WBEM_E_TYPE_MISMATCH);
    let mut p = parameter("p", CimType::UInt8, &["in"]);
    p.default = Value::string("x");
    assert_eq!(status(class("A").method("M", vec![p]).build()), WBEM_E_TYPE_MISMATCH);
}

#[test]
fn g7_an_inherited_index_is_fixed() {
    let plain = class("A").property("P", CimType::String).make();
    let indexed = class("A").property("P", CimType::String).qualified(mark("indexed")).make();
    let over = |parent: &Arc<Class>, value: bool| {
        let q = cim::Qualifier::new("Indexed", value, Default::default());
        class("C").under(parent).property("P", CimType::String).qualified(q).build()
    };
    assert_eq!(status(over(&plain, true)), WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE);
    assert_eq!(status(over(&indexed, false)), WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE);
    assert!(over(&indexed, true).is_ok() && over(&plain, false).is_ok());
    let middle = class("B").under(&indexed).make();
    assert!(over(&middle, true).is_ok());
    assert_eq!(status(over(&middle, false)), WBEM_E_CANNOT_CHANGE_INDEX_INHERITANCE);
}

#[test]
fn g7_a_method_declared_again_keeps_its_signature() {
    let signature =
        || vec![parameter("a", CimType::String, &["in"]), parameter("b", CimType::UInt8, &["out"])];
    let a = class("A").method("M", signature()).make();
    let over = |parameters| class("B").under(&a).method("m", parameters).build();
    assert_eq!(over(signature()).unwrap().method("M").unwrap().declared_in.as_str(), "B");
    let mut reversed = signature();
    reversed.reverse();
    let mut more = signature();
    more.push(parameter("c", CimType::String, &["in"]));
    let mut both = signature();
    both[0] = parameter("a", CimType::String, &["in", "out"]);
    let mut renamed = signature();
    renamed[0].name = "x".into();
    for changed in [vec![], reversed, more, both, renamed] {
        assert_eq!(status(over(changed)), WBEM_E_UPDATE_PROPAGATED_METHOD);
    }
    let mut void = class("B").under(&a).method("M", signature()).declaration();
    void.methods[0].return_type = None;
    let void = Class::derive(Arc::new(void), Some(a.clone()), None);
    assert_eq!(status(void), WBEM_E_UPDATE_PROPAGATED_METHOD);
}

#[test]
fn nothing_is_declared_twice() {
    let a = class("A").property("P", CimType::String).method("M", vec![]).make();
    let string = CimType::String;
    for parent in [class("B"), class("B").under(&a)] {
        let twice = parent.property("P", string).property("p", string).build();
        assert_eq!(status(twice), WBEM_E_INVALID_PROPERTY);
    }
    for parent in [class("B"), class("B").under(&a)] {
        let twice = parent.method("M", vec![]).method("m", vec![]).build();
        assert_eq!(status(twice), WBEM_E_INVALID_METHOD);
    }
    let parameters = vec![parameter("x", string, &["in"]), parameter("X", string, &["out"])];
    assert_eq!(
        status(class("B").method("M", parameters).build()),
        WBEM_E_INVALID_DUPLICATE_PARAMETER
    );
}

#[test]
fn g34_a_class_has_at_most_1024_properties() {
    let many = |from: usize, to: usize, c: crate::build::Builder| {
        (from..to).fold(c, |c, i| c.property(&format!("P{i}"), CimType::UInt8))
    };
    let full = many(0, 1024, class("A")).make();
    assert_eq!(status(many(0, 1025, class("A")).build()), WBEM_E_TOO_MANY_PROPERTIES);
    // Inherited ones count; those declared again do not count twice.
    assert_eq!(
        status(many(1024, 1025, class("B").under(&full)).build()),
        WBEM_E_TOO_MANY_PROPERTIES
    );
    assert!(many(0, 3, class("B").under(&full)).build().is_ok());
    assert_eq!(status(many(0, 70_000, class("A")).build()), WBEM_E_TOO_MANY_PROPERTIES);
}

#[test]
fn a_derivation_has_an_end() {
    let mut deepest = class("C0").make();
    for i in 1..=MAX_DERIVATION {
        deepest = class(&format!("C{i}")).under(&deepest).make();
    }
    assert_eq!(status(class("Last").under(&deepest).build()), WBEM_E_INVALID_SUPERCLASS);
    let a = class("A").make();
    let b = class("B").under(&a).make();
    assert_eq!(status(class("a").under(&b).build()), WBEM_E_CIRCULAR_REFERENCE);
    assert_eq!(status(class("A").under(&a).build()), WBEM_E_CIRCULAR_REFERENCE);
}

#[test]
fn the_superclass_is_the_one_named() {
    let a = class("A").make();
    let orphan = ClassDeclaration { name: "B".into(), ..ClassDeclaration::default() };
    let derived = Class::derive(Arc::new(orphan), Some(a.clone()), None);
    assert_eq!(status(derived), WBEM_E_INVALID_SUPERCLASS);
    let named = class("B").under(&a).declaration();
    assert_eq!(status(Class::derive(Arc::new(named), None, None)), WBEM_E_INVALID_SUPERCLASS);
}

#[test]
fn g37_names_differ_by_letters_not_by_case() {
    let a = class("Win32_Thing").key("Name", CimType::String).make();
    let mut other = class("WIN32_THING").key("NAME", CimType::String).declaration();
    assert_eq!(*a.declaration().as_ref(), other);
    other.superclass = Some("x".into());
    assert_ne!(*a.declaration().as_ref(), other);
    assert_eq!(a.name(), &"win32_thing");
    assert_eq!(a.name().as_str(), "Win32_Thing");
    assert!(class("B").under(&a).property("nAME", CimType::String).build().is_ok());
}

#[test]
fn f2_users_names_leave_the_underscores_to_the_system() {
    let named = |name: &str| class(name).declaration().check_names();
    assert!(named("A_b1").is_ok() && named("über").is_ok());
    for (name, expected) in [
        ("", WBEM_E_INCOMPLETE_CLASS),
        ("_A", WBEM_E_INVALID_OPERATION),
        ("__Event", WBEM_E_INVALID_OPERATION),
        ("A_", WBEM_E_INVALID_OBJECT),
        ("1A", WBEM_E_INVALID_OBJECT),
        ("A.B", WBEM_E_INVALID_OBJECT),
        (&"A".repeat(4097), WBEM_E_QUOTA_VIOLATION),
    ] {
        assert_eq!(status(named(name)), expected, "{name}");
    }
    assert!(named(&"A".repeat(4096)).is_ok());
    for bad in ["_P", "P_", "", "P Q"] {
        let string = CimType::String;
        for declared in [
            class("A").property(bad, string),
            class("A").method(bad, vec![]),
            class("A").method("M", vec![parameter(bad, string, &["in"])]),
            class("A").is(bad),
            class("A").property("P", string).qualified(mark(bad)),
        ] {
            let checked = declared.declaration().check_names();
            assert_eq!(status(checked), WBEM_E_INVALID_PARAMETER, "{bad}");
        }
    }
}
